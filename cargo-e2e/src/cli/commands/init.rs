//! `cargo e2e init`: writes a first e2e.yml.

use std::path::PathBuf;

use crate::record::outcome::{Verdict, exit_code};
use crate::setup::init::{InitError, init as write_first};
use crate::shell::word;
use crate::text::count;

use crate::cli::print::{errln, failure, outln, show_error, usage_error};

pub(crate) async fn init(path: Option<PathBuf>) -> u8 {
    let folder = path.clone().unwrap_or_else(git_root);
    let written = match write_first(&folder).await {
        Ok(written) => written,
        Err(error) => return refuse(&error),
    };
    let shown = path.clone().unwrap_or_else(|| match folder {
        folder if folder.as_os_str() == "." => PathBuf::new(),
        folder => folder,
    });
    let from = written.compose_files.join(" and ");
    for file in &written.files {
        outln!("wrote {}", shown.join(file).display());
    }
    let checks = count(written.health_checks, "health check");
    let by = |source: &Option<String>, verb: &str| {
        let by = source
            .as_ref()
            .map(|source| format!(" ({verb} by {source})"));
        by.unwrap_or_default()
    };
    let started = by(&written.started_by, "started");
    errln!("stack: {from}{started}, {checks}");
    errln!("tests: {}{}", written.tests, by(&written.run_by, "run"));
    if written.others > 0 {
        errln!("e2e/e2e.yml has the others as comments");
    }
    if let Some(reason) = written.unread {
        errln!("{from} was only looked at, not read by Compose; check its ports: {reason}");
    }
    let repo = path.map_or_else(String::new, |path| {
        format!(" {}", word(&path.to_string_lossy()))
    });
    errln!("next: cargo e2e check{repo} && cargo e2e{repo}");
    0
}

/// Returns the root of the git repo around the current directory; the current directory where there
/// is no repo, or where the repo is a home folder.
fn git_root() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let root = here.ancestors().find(|folder| folder.join(".git").exists());
    match root {
        Some(root) if root != here && home.as_deref() != Some(root) => root.to_owned(),
        _ => ".".into(),
    }
}

fn refuse(error: &InitError) -> u8 {
    let text = error.to_string();
    match error {
        InitError::Exists(path) => usage_error(
            &text,
            Some(if path.ends_with("e2e.yml") {
                "it stays as it is; `cargo e2e check` checks it"
            } else {
                "it stays as it is; rename it, and nothing is in the way"
            }),
        ),
        InitError::Refused { .. } => {
            let help = "`docker compose config` in that folder must pass; nothing was written";
            show_error(&text, Some(help));
            exit_code(Verdict::SpecError, None)
        }
        InitError::Own(_) | InitError::File { .. } => failure(Verdict::InternalError, &text),
    }
}
