//! Requests to an ssh master, by the socket in its folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

const CLOSE: Duration = Duration::from_secs(2);

/// Asks the master something, bounded.
pub(super) async fn control_command(
    control: PathBuf,
    command: &'static str,
) -> Option<std::process::Output> {
    let run = Command::new("ssh")
        .args(["-F", "none", "-S"])
        .arg(control)
        .args(["-O", command, "cargo-e2e"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    timeout(CLOSE, run).await.ok()?.ok()
}

/// Ends the master that a killed client left in its folder, if it left one, and removes the folder.
pub(in crate::host) async fn end_orphan(folder: &Path) {
    let control = folder.join("master");
    if control.exists() {
        let _ = control_command(control, "exit").await;
    }
    let _ = tokio::fs::remove_dir_all(folder).await;
}
