//! Compile Cargo's test targets, and see that they are ours and can run where they are meant to.

use std::io::{BufReader, Seek as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cargo_metadata::Message;
use e2e_harness::protocol;
use tokio::process::Command;

use crate::client::{self, Dropped, Ended};
use crate::outcome::{Stage, Verdict};
use crate::plan::Target;
use crate::spec::Side;
use crate::stages::build::binary;
use crate::stages::{Context, Done, Tail, Trouble};

/// What a harness has to say who it is.
const HELLO: Duration = Duration::from_secs(30);
/// So much of the compiler's words is shown; the file has them all.
const SHOWN: usize = 40;
/// What Cargo said, in the bundle.
const LOG: &str = "build-output.log";

/// A test target that was compiled.
#[derive(Debug, Clone)]
pub struct Built {
    /// The target.
    pub target: Target,
    /// Its program on this machine.
    pub program: PathBuf,
}

/// `$CARGO`, which runs us as `cargo e2e`; else the one in the path.
#[must_use]
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Compiles every target of the plan; none is no trouble.
///
/// # Errors
/// When one does not compile, is not ours, or can't run on the host where it is meant to.
pub async fn compile(context: &Context<'_>) -> Result<Done<Vec<Built>>, Trouble> {
    let Some(harness) = &context.plan.harness else {
        return Ok(Done::skipped(Vec::new()));
    };
    let deadline = Instant::now() + context.plan.limits.build;
    let mut said = Vec::new();
    let mut built = Vec::new();
    let mut result = Ok(());
    for targets in harness
        .targets
        .chunk_by(|one, next| one.package.manifest == next.package.manifest)
    {
        match package(context, targets, deadline, &mut said).await {
            Ok(some) => built.extend(some),
            Err(trouble) => {
                result = Err(trouble);
                break;
            }
        }
    }
    // It helps, but a full disk must not hide the compiler's words.
    let _ = tokio::fs::write(context.bundle.join(LOG), &said).await;
    result?;
    for one in &built {
        greet(context, one).await?;
        if context.plan.tests_on == Side::Host {
            fits(context, one).await?;
        }
    }
    let names: Vec<&str> = built.iter().map(|one| one.target.name.as_str()).collect();
    let detail = format!("{} compiled", names.join(", "));
    Ok(Done::new(built, detail))
}

/// Targets of one package.
async fn package(
    context: &Context<'_>,
    targets: &[Target],
    deadline: Instant,
    said: &mut Vec<u8>,
) -> Result<Vec<Built>, Trouble> {
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
    command.current_dir(&context.plan.repo.root);
    let failed = |message: String| Trouble::new(Verdict::BuildFailed, message);
    // Artifacts go to a file, diagnostics come here.
    let internal = |error: std::io::Error| failed(format!("no temporary file: {error}"));
    let mut artifacts = tempfile::tempfile().map_err(internal)?;
    let stdout = artifacts.try_clone().map_err(internal)?;
    let from = said.len();
    let mut tail = Tail::default();
    let left = deadline.saturating_duration_since(Instant::now());
    let ended = client::program(command, Some(stdout), Dropped::Kills, left, &mut |bytes| {
        said.extend_from_slice(bytes);
        tail.take(bytes, |line| context.events.progress(Stage::Build, line));
    })
    .await;
    let name = &first.package.name;
    let ended = ended.map_err(|error| {
        failed(format!("`cargo` can't be started: {error}"))
            .help("install Rust (https://rustup.rs), or give e2e.yml a `test_command`")
    })?;
    match ended {
        Ended::Status(0) => {}
        Ended::Status(status) => {
            let text = String::from_utf8_lossy(&said[from..]);
            let message = format!("the tests of `{name}` do not compile (exit status {status})");
            return Err(failed(message).excerpt("cargo test --no-run", &errors(&text)));
        }
        Ended::TimedOut => {
            let limit = context.plan.limits.build.as_secs();
            return Err(failed(format!(
                "compiling the tests of `{name}` did not end within {limit} s"
            ))
            .help("`timeouts: {build: SECONDS}` in e2e.yml gives it more")
            .excerpt("its last lines", &tail.text()));
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
        Ok(Built {
            target: target.clone(),
            program: program.clone(),
        })
    });
    built.collect()
}

/// The compiler's words from its first error on.
fn errors(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(|line| line.starts_with("error"));
    let lines = &lines[first.unwrap_or(lines.len().saturating_sub(SHOWN))..];
    let mut shown = lines[..lines.len().min(SHOWN - 1)].join("\n");
    if lines.len() >= SHOWN {
        shown.push_str("\n… all of it is in ");
        shown.push_str(LOG);
    }
    shown
}

/// Asks a program who it is. To list is harmless for any test program.
async fn greet(context: &Context<'_>, built: &Built) -> Result<(), Trouble> {
    let target = &built.target;
    let asked = Command::new(&built.program)
        .arg("--list")
        .env(protocol::HELLO, "1")
        .current_dir(target.package.folder())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let said = match tokio::time::timeout(HELLO, asked).await {
        Ok(Ok(output)) => output.stdout,
        // Built for another machine: there it will be seen.
        Ok(Err(error)) if runs_elsewhere(context, &error) => return Ok(()),
        Ok(Err(error)) => {
            let program = built.program.display();
            return Err(Trouble::new(
                Verdict::BuildFailed,
                format!("{program} can't be started: {error}"),
            ));
        }
        Err(_) => Vec::new(),
    };
    let first = said.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if first == protocol::GREETING.as_bytes() {
        return Ok(());
    }
    let message = format!(
        "the test target `{}` of `{}` is not a harness of e2e-harness",
        target.name, target.package.name
    );
    Err(
        Trouble::new(Verdict::SpecError, message).help(format!(
            "end tests/{0}.rs with `e2e_harness::main!();`, and say in {1}:\n[[test]]\nname = \"{0}\"\nharness = false",
            target.name,
            target.package.manifest.display()
        )),
    )
}

fn runs_elsewhere(context: &Context<'_>, error: &std::io::Error) -> bool {
    let foreign = rustix::io::Errno::NOEXEC.raw_os_error();
    context.plan.tests_on == Side::Host && error.raw_os_error() == Some(foreign)
}

/// A program for another machine fails there as `exec format error`.
async fn fits(context: &Context<'_>, built: &Built) -> Result<(), Trouble> {
    let needs = needs(&built.program).await;
    let (facts, host) = (context.facts, context.host.name());
    let program = built.program.display();
    let message = match needs {
        None => format!("{program} is no Linux program, and {host} runs nothing else"),
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
    Err(Trouble::new(Verdict::BuildFailed, message).help(format!(
        "compile the tests for the host: `CARGO_BUILD_TARGET={target} cargo e2e`; or run them here \
         (`tests_run_on: client`)"
    )))
}

async fn needs(program: &Path) -> Option<crate::stages::build::Binary> {
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
        let shown = errors(&text);
        assert!(
            shown.starts_with("error[E0425]: not found\n  | more"),
            "{shown}"
        );
        assert_eq!(shown.lines().count(), SHOWN);
        assert!(shown.ends_with(LOG), "{shown}");
        assert_eq!(errors("no such command\n"), "no such command");
    }
}
