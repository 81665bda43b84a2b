//! Compiles Cargo's test targets, and checks that they are harnesses and can run where they should.

use std::io::{BufReader, Seek as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use cargo_metadata::Message;

use crate::host::client::{self, Dropped, Ended};
use crate::plan::{Plan, Target};
use crate::record::event::Events;
use crate::record::outcome::{Stage, Verdict};
use crate::record::summary::LAST_LINES;
use crate::run::stages::build::binary;
use crate::run::stages::build_output::{self, LOG};
use crate::run::{Context, StageError, StageOutput, Tail};
use crate::spec::Side;

use super::head_start::HeadStart;
use super::probe_binary;
use super::target::{BuiltTarget, cargo};

/// Lines of the compiler's output that are shown; the file has all.
const SHOWN: usize = 40;

/// Compiles every target of the plan, which may have none.
pub async fn compile(
    context: &Context<'_>,
    head_start: &HeadStart,
) -> Result<StageOutput<Vec<BuiltTarget>>, StageError> {
    if context.plan.tests.harness().is_none() {
        return Ok(StageOutput::skipped(Vec::new()));
    }
    let compiler = Compiler {
        head_start: Some(head_start),
        ..Compiler::new(context.plan, context.events, Some(&context.bundle))
    };
    let built = compiler.compile().await?;
    for one in &built {
        if context.plan.tests_on == Side::Host {
            fits(context, one).await?;
        }
    }
    let names: Vec<&str> = built.iter().map(|one| one.target.name.as_str()).collect();
    let detail = format!("{} compiled", names.join(", "));
    Ok(StageOutput::new(built, detail))
}

/// Compiles the targets of a plan, without a host.
pub(super) struct Compiler<'a> {
    plan: &'a Plan,
    events: &'a Events,
    /// The bundle, which gets a log.
    bundle: Option<&'a Path>,
    deadline: Instant,
    head_start: Option<&'a HeadStart>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(plan: &'a Plan, events: &'a Events, bundle: Option<&'a Path>) -> Self {
        Self {
            plan,
            events,
            bundle,
            deadline: Instant::now() + plan.limits.build,
            head_start: None,
        }
    }

    /// Compiles every target, and checks that each is a harness and accepts its arguments.
    pub(super) async fn compile(&self) -> Result<Vec<BuiltTarget>, StageError> {
        let targets = match self.plan.tests.harness() {
            Some(harness) => harness.targets.as_slice(),
            None => &[],
        };
        let mut said = Vec::new();
        let mut built = Vec::new();
        let mut result = Ok(());
        for targets in targets.chunk_by(|one, next| one.package.manifest == next.package.manifest) {
            match self.package(targets, &mut said).await {
                Ok(some) => built.extend(some),
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        if let Some(bundle) = self.bundle {
            // The log is a convenience: a full disk must not hide the compiler's output.
            let _ = build_output::store(bundle, &said, self.events.secrets()).await;
        }
        result?;
        for one in &mut built {
            one.tests = probe_binary::greet(self.plan, &one.target, &one.program).await?;
        }
        probe_binary::accept(self.plan, &built).await?;
        Ok(built)
    }

    /// Compiles the targets of one package.
    async fn package(
        &self,
        targets: &[Target],
        said: &mut Vec<u8>,
    ) -> Result<Vec<BuiltTarget>, StageError> {
        let Some(first) = targets.first() else {
            return Ok(Vec::new());
        };
        let mut command = cargo();
        command
            .args(["test", "--no-run", "--message-format"])
            .arg("json-render-diagnostics")
            .arg("--manifest-path")
            .arg(&first.package.manifest)
            .args(["-p", &first.package.name]);
        for target in targets {
            command.args(["--test", &target.name]);
        }
        command
            .args(self.plan.options.cargo.words(false))
            .current_dir(&self.plan.repo.root);
        let failed = |message: String| StageError::new(Verdict::BuildFailed, message);
        // The list of artifacts goes to a file, diagnostics come here.
        let internal =
            |error: std::io::Error| failed(format!("failed to make a temporary file: {error}"));
        let mut artifacts = tempfile::tempfile().map_err(internal)?;
        let stdout = artifacts.try_clone().map_err(internal)?;
        let from = said.len();
        let mut tail = Tail::masking(self.events.secrets());
        let left = self.deadline.saturating_duration_since(Instant::now());
        let ended = client::program(command, Some(stdout), Dropped::Kills, left, &mut |bytes| {
            said.extend_from_slice(bytes);
            tail.take(bytes, |line| {
                self.events.progress(Stage::Compile, line);
                let takes_long = line.contains("Compiling ") || line.contains("Blocking ");
                if let Some(head_start) = self.head_start.filter(|_| takes_long) {
                    head_start.end(true);
                }
            });
        })
        .await;
        let name = &first.package.name;
        let ended = ended.map_err(|error| {
            failed(format!("failed to start `cargo`: {error}"))
                .help("install Rust (https://rustup.rs), or give e2e.yml a `test_command`")
        })?;
        match ended {
            Ended::Status(0) => {}
            Ended::Status(status) => {
                let text = String::from_utf8_lossy(&said[from..]);
                let message =
                    format!("the tests of `{name}` do not compile (exit status {status})");
                let shown = errors(&text, self.bundle.is_some());
                let mut error = failed(message).excerpt("cargo test --no-run", &shown);
                error.help = without_main(&text, targets);
                return Err(error);
            }
            Ended::TimedOut => {
                let limit = self.plan.limits.build.as_secs();
                return Err(failed(format!(
                    "compiling the tests of `{name}` exceeded `timeouts.build` ({limit} s) and was terminated"
                ))
                .help("raise `timeouts.build` in e2e.yml")
                .excerpt(LAST_LINES, &tail.text()));
            }
        }
        artifacts.rewind().map_err(internal)?;
        let programs: Vec<(String, PathBuf)> = Message::parse_stream(BufReader::new(artifacts))
            .filter_map(|message| match message.ok()? {
                Message::CompilerArtifact(artifact) if artifact.target.is_test() => {
                    let program = artifact.executable?.into_std_path_buf();
                    Some((artifact.target.name, program))
                }
                _ => None,
            })
            .collect();
        let built = targets.iter().map(|target| {
            let program = programs.iter().find(|(name, _)| *name == target.name);
            let (_, program) = program.ok_or_else(|| {
                failed(format!(
                    "cargo compiled no program for the test target `{}` of `{name}`",
                    target.name
                ))
                .help("a target with `test = false` or missing `required-features` has none")
            })?;
            Ok(BuiltTarget {
                target: target.clone(),
                program: program.clone(),
                tests: Vec::new(),
            })
        });
        built.collect()
    }
}

/// Returns the compiler's output from its first error on.
fn errors(text: &str, logged: bool) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(|line| line.starts_with("error"));
    let lines = &lines[first.unwrap_or(lines.len().saturating_sub(SHOWN))..];
    let mut shown = lines[..lines.len().min(SHOWN - 1)].join("\n");
    if lines.len() >= SHOWN {
        shown.push_str("\n… all of it is in ");
        shown.push_str(if logged { LOG } else { "`cargo test --no-run`" });
    }
    shown
}

/// Explains a missing `main`, which rustc reports without knowing that the target needs a harness.
fn without_main(text: &str, targets: &[Target]) -> Option<String> {
    let files: Vec<String> = targets
        .iter()
        .map(|target| format!("tests/{}.rs", target.name))
        .collect();
    text.contains("error[E0601]")
        .then(|| format!("end {} with `e2e_harness::main!();`", files.join(" and ")))
}

/// Refuses a program for another machine, which would fail there as `exec format error`.
async fn fits(context: &Context<'_>, built: &BuiltTarget) -> Result<(), StageError> {
    let needs = needs(&built.program).await;
    let (facts, host) = (context.facts, context.host.name());
    let program = built.program.display();
    let message = match needs {
        None => format!("{program} is not a Linux program, and {host} runs Linux"),
        Some(needs) if needs.arch != facts.arch => {
            format!(
                "{program} is built for {}, but {host} is {}",
                needs.arch, facts.arch
            )
        }
        Some(needs) if needs.libc.is_some_and(|libc| libc != facts.libc) => format!(
            "{program} is linked against another C library than {host}'s ({})",
            facts.libc
        ),
        Some(_) => return Ok(()),
    };
    let target = format!("{}-unknown-linux-{}", facts.arch, facts.libc);
    Err(StageError::new(Verdict::BuildFailed, message).help(format!(
        "compile the tests for the host: `cargo e2e --target {target}`; or run them here \
         (`tests_run_on: client`)"
    )))
}

async fn needs(program: &Path) -> Option<crate::run::stages::build::Binary> {
    let program = program.to_owned();
    let read = tokio::task::spawn_blocking(move || binary(&std::fs::read(program).ok()?));
    read.await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_errors_are_shown_not_the_last() {
        let mut text = "   Compiling shop\nwarning: unused\nerror[E0425]: not found\n".to_owned();
        text.push_str(&"  | more\n".repeat(100));
        let shown = errors(&text, true);
        assert!(
            shown.starts_with("error[E0425]: not found\n  | more"),
            "{shown}"
        );
        assert_eq!(shown.lines().count(), SHOWN);
        assert!(shown.ends_with(LOG), "{shown}");
        assert_eq!(errors("no such command\n", true), "no such command");
    }
}
