//! `cargo e2e open`: the page of a run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::args::RepoArguments;
use crate::cli::print::{outln, usage_error, warn};
use crate::cli::repos::find;

pub(crate) fn open(run: &str) -> u8 {
    let repos = match find(&RepoArguments::default()) {
        Ok(repos) => repos,
        Err(refused) => return refused.show(),
    };
    let Some(page) = repos.iter().find_map(|repo| page(&repo.results_dir, run)) else {
        let help = "`cargo e2e history` lists runs; a repo keeps the pages of its last 20";
        return usage_error(&format!("no page of run {run}"), Some(help));
    };
    outln!("{}", page.display());
    start_opener(page.as_ref());
    0
}

/// Opens a file or an address with this machine's default program.
pub(super) fn start_opener(what: &OsStr) {
    let is_mac = cfg!(target_os = "macos");
    let opener = if is_mac { "open" } else { "xdg-open" };
    let started = Command::new(opener)
        .arg(what)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        warn(&format!("failed to open it: {opener}: {error}"));
    }
}

/// Returns the page of the run whose id ends in `run`; of the last run for `latest`.
fn page(results: &Path, run: &str) -> Option<PathBuf> {
    let folder = if run == "latest" {
        std::fs::canonicalize(results.join("latest")).ok()?
    } else {
        let entries = std::fs::read_dir(results).ok()?;
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.len() == 26 && run.len() >= 6 && name.ends_with(run)
        };
        entries.flatten().map(|entry| entry.path()).find(is_it)?
    };
    Some(folder.join("report.html")).filter(|page| page.is_file())
}
