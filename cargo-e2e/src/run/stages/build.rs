//! Run `build_command` on this machine, and see that what it made can run on the host.

use object::{Architecture, BinaryFormat, Object as _, ObjectSection as _};

use crate::host::client::{self, Ended};
use crate::record::outcome::Verdict;
use crate::record::summary::{FIRST_ERROR, LAST_LINES};
use crate::repo::files;
use crate::run::stages::build_output;
use crate::run::{Context, StageError, StageOutput, Tail};
use crate::shell::Shell;

/// Bytes of the beginning of the output that are kept.
const MOST: usize = 16 << 20;

/// Runs `build_command`, and refuses binaries that can't run on the host.
pub async fn build(context: &Context<'_>) -> Result<StageOutput<()>, StageError> {
    let plan = context.plan;
    let Some(command) = &plan.spec.build_command else {
        return Ok(StageOutput::skipped(()));
    };
    let (secrets, mut said) = (context.events.secrets(), Vec::new());
    let mut tail = Tail::masking(secrets);
    let words = Shell::new(&plan.spec.shell).words(command, &[]);
    let ended = client::run(
        &words,
        &plan.repo.root,
        &[],
        plan.limits.build,
        &mut |bytes| {
            said.extend_from_slice(&bytes[..bytes.len().min(MOST - said.len())]);
            tail.take(bytes, |line| {
                context
                    .events
                    .progress(crate::record::outcome::Stage::Build, line);
            });
        },
    )
    .await
    .map_err(|error| {
        StageError::new(
            Verdict::BuildFailed,
            format!("failed to start `{}`: {error}", words[0]),
        )
    })?;
    // The log is a convenience: a full disk must not hide the build's own words.
    let _ = build_output::store(&context.bundle, &said, secrets).await;
    let message = match ended {
        Ended::Status(0) => None,
        Ended::Status(status) => Some(format!("`build_command` ended with exit status {status}")),
        Ended::TimedOut => Some(format!(
            "`build_command` exceeded `timeouts.build` ({} s) and was terminated",
            plan.limits.build.as_secs_f64()
        )),
    };
    if let Some(message) = message {
        let (said, tail) = (secrets.patterns().mask(&said).into_owned(), tail.text());
        let first = build_output::first_error(&String::from_utf8_lossy(&said), &tail);
        return Err(StageError::new(Verdict::BuildFailed, message)
            .excerpt(FIRST_ERROR, &first.unwrap_or_default())
            .excerpt(LAST_LINES, &tail));
    }
    check_binaries(context).await?;
    Ok(StageOutput::new((), "build_command passed"))
}

/// Refuses a binary for another machine, which would fail on the host as `exec format error`, long
/// after the build.
async fn check_binaries(context: &Context<'_>) -> Result<(), StageError> {
    let root = context.plan.repo.root.clone();
    let patterns = context.plan.spec.sync.include.clone();
    let found = tokio::task::spawn_blocking(move || {
        let paths = files::included(&root, &patterns).unwrap_or_default();
        paths
            .into_iter()
            .filter_map(|path| {
                let bytes = std::fs::read(root.join(&path)).ok()?;
                Some((path.display().to_string(), binary(&bytes)?))
            })
            .collect::<Vec<_>>()
    })
    .await
    .unwrap_or_default();
    let facts = context.facts;
    let foreign: Vec<_> = found
        .iter()
        .filter(|(_, binary)| binary.arch != facts.arch)
        .collect();
    // A repo may contain a binary for each architecture.
    if let Some((path, binary)) = foreign.first()
        && foreign.len() == found.len()
    {
        return Err(StageError::new(
            Verdict::BuildFailed,
            format!(
                "{path} is built for {}, but {} is {}",
                binary.arch,
                context.host.name(),
                facts.arch
            ),
        )
        .help("build for the host's architecture, e.g. `cargo build --target …`; or build in a Dockerfile"));
    }
    let other_libc: Vec<_> = found
        .iter()
        .filter(|(_, binary)| binary.libc.is_some_and(|libc| libc != facts.libc))
        .map(|(path, _)| path.as_str())
        .collect();
    if !other_libc.is_empty() {
        context.events.warn(format!(
            "linked against another C library than {}'s ({}): {}; fine in an image that has it",
            context.host.name(),
            facts.libc,
            other_libc.join(", ")
        ));
    }
    Ok(())
}

/// What a binary requires of its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binary {
    /// In the form of `uname -m`.
    pub(super) arch: String,
    /// `gnu` or `musl`; `None` when it is static.
    pub(super) libc: Option<&'static str>,
}

/// Returns `None` for a file that is no ELF program.
pub(super) fn binary(bytes: &[u8]) -> Option<Binary> {
    let file = object::File::parse(bytes).ok()?;
    if file.format() != BinaryFormat::Elf {
        return None;
    }
    let interpreter = file.section_by_name(".interp");
    let interpreter = interpreter.and_then(|section| section.data().ok());
    let is_musl = |path: &[u8]| String::from_utf8_lossy(path).contains("musl");
    let arch = match file.architecture() {
        Architecture::X86_64 | Architecture::X86_64_X32 => "x86_64",
        Architecture::Aarch64 | Architecture::Aarch64_Ilp32 => "aarch64",
        Architecture::I386 => "i686",
        Architecture::Arm => "armv7l",
        Architecture::Riscv64 | Architecture::Riscv32 => "riscv64",
        Architecture::PowerPc64 => "ppc64le",
        Architecture::S390x => "s390x",
        _ => "another architecture",
    };
    Some(Binary {
        arch: arch.to_owned(),
        libc: interpreter.map(|path| if is_musl(path) { "musl" } else { "gnu" }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_this_machine_is_known_as_such() {
        let own = std::fs::read(std::env::current_exe().expect("a path")).expect("readable");
        let binary = binary(&own).expect("an ELF program");
        assert_eq!(binary.arch, std::env::consts::ARCH);
        assert!(binary.libc.is_some());
    }

    #[test]
    fn what_is_no_program_is_not_judged() {
        assert_eq!(binary(b"#!/bin/sh\n"), None);
        assert_eq!(binary(b""), None);
        assert_eq!(binary(b"\x7fELF\x02\x01\x01broken"), None);
    }
}
