//! A look at the compose model on this machine, for `plan` and `check`, which use no host.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::plan::Plan;
use crate::secrets::read_small;

use super::scan::{Scan, scan};
use super::select::{meant, select, unknown};
use super::{dockerfiles, places, test_service};

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// `docker compose` is not on this machine.
    #[error("`docker compose` is not installed on this machine")]
    NoCompose,
    /// It refused the files.
    #[error("Compose refuses the compose file:\n{0}")]
    Refused(String),
    /// e2e.yml names a service that the files do not have.
    #[error("{message}")]
    Absent {
        /// Which key names what.
        message: String,
        /// What was likely meant, or what there is.
        help: String,
    },
}

impl PreviewError {
    fn absent(message: String, name: &str, model: &Value) -> Self {
        let help = meant(name, model);
        Self::Absent { message, help }
    }

    /// Returns what to do, where this module knows it.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Absent { help, .. } => Some(help),
            Self::NoCompose | Self::Refused(_) => None,
        }
    }
}

/// Returns the canonical model, with paths of this machine, and what Compose warns of.
pub async fn preview(plan: &Plan, project: &str) -> Result<(Value, Vec<String>), PreviewError> {
    let (mut model, warnings) = config(plan, project, &plan.profiles()).await?;
    if let Err(name) = select(&mut model, &plan.spec.wanted_services()) {
        return Err(PreviewError::absent(unknown(&name), &name, &model));
    }
    if let Some(service) = &plan.spec.test_service
        && model["services"].get(service).is_none()
    {
        // Such a service is often in a profile, so that a plain `up` leaves it out.
        let (all, _) = config(plan, project, &["*".to_owned()]).await?;
        if !test_service::take_in(&mut model, &all, service) {
            let said =
                format!("`test_service` names {service}, which the compose file does not have");
            return Err(PreviewError::absent(said, service, &all));
        }
    }
    Ok((model, warnings))
}

async fn config(
    plan: &Plan,
    project: &str,
    profiles: &[String],
) -> Result<(Value, Vec<String>), PreviewError> {
    let root = &plan.repo.root;
    let folder = root.join(&plan.project_dir);
    let mut command = Command::new("docker");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COMPOSE_") {
            command.env_remove(name);
        }
    }
    command
        .env("COMPOSE_DISABLE_ENV_FILE", "1")
        .envs(endpoints(plan))
        .args(arguments(project, &folder));
    if folder.join(".env").is_file() {
        command.arg("--env-file").arg(folder.join(".env"));
    }
    for file in &plan.spec.env_files {
        command.arg("--env-file").arg(root.join(file));
    }
    for file in &plan.compose_files {
        command.arg("-f").arg(root.join(file));
    }
    for profile in profiles {
        command.arg("--profile").arg(profile);
    }
    let run = command
        .args(["config", "--format", "json"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_mins(1), run)
        .await
        .map_err(|_| PreviewError::Refused("no response within 60 s".to_owned()))?
        .map_err(|_| PreviewError::NoCompose)?;
    let said = crate::text::printable(&String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        if said.contains("is not a docker command") || said.contains("unknown command") {
            return Err(PreviewError::NoCompose);
        }
        return Err(PreviewError::Refused(said.trim().to_owned()));
    }
    let mut model = serde_json::from_slice(&output.stdout)
        .map_err(|error| PreviewError::Refused(error.to_string()))?;
    places::make_devices_absolute(&mut model, &folder.to_string_lossy());
    dockerfiles::take_in(&mut model, |path| read_small(Path::new(path)));
    Ok((model, warnings(&said)))
}

/// Compose's warnings, without its log format. Compose says one for each place, in an order that
/// differs from call to call.
pub(crate) fn warnings(said: &str) -> Vec<String> {
    let found: BTreeSet<String> = said
        .lines()
        .filter_map(|line| {
            let (_, message) = line.split_once("msg=")?;
            let message = message.trim_matches('"').replace("\\\"", "\"");
            // About a key that Compose itself has made meaningless.
            (line.contains("level=warning") && !message.contains("`version` is obsolete"))
                .then_some(message)
        })
        .collect();
    found.into_iter().collect()
}

/// What every look begins with: the project's folder is that of the compose file itself, also
/// where that is a link.
pub(super) fn arguments(project: &str, folder: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["compose", "-p", project, "--project-directory"]
        .map(OsString::from)
        .to_vec();
    arguments.push(folder.into());
    arguments
}

/// Returns what Compose would fetch from elsewhere to read the files.
pub fn remote(plan: &Plan) -> BTreeSet<String> {
    scanned(plan).remote
}

/// Returns a look at the files before Compose reads them.
pub(super) fn scanned(plan: &Plan) -> Scan {
    let files: Vec<_> = plan
        .compose_files
        .iter()
        .map(|file| plan.repo.root.join(file))
        .collect();
    scan(&files, &plan.repo.root.join(&plan.project_dir))
}

/// Returns the `E2E_…` variables that the files use, with values as a sandbox would have them: a
/// default that is there for people who run the stack themselves is not what a run would see.
fn endpoints(plan: &Plan) -> Vec<(String, &'static str)> {
    let used = scanned(plan).variables.into_iter();
    used.filter(|name| name.starts_with("E2E_"))
        .map(|name| {
            let value = if name.ends_with("_HOST") {
                "127.0.0.1"
            } else if name.ends_with("_PORT") {
                "20000"
            } else {
                "127.0.0.1:20000"
            };
            (name, value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_lose_their_log_format() {
        let said = "time=\"2026\" level=warning msg=\"The \\\"TAG\\\" variable is not set. Defaulting to a blank string.\"\n\
                    time=\"2026\" level=warning msg=\"/x/compose.yml: `version` is obsolete\"\n\
                    time=\"2026\" level=warning msg=\"The \\\"TAG\\\" variable is not set. Defaulting to a blank string.\"\n";
        assert_eq!(
            warnings(said),
            ["The \"TAG\" variable is not set. Defaulting to a blank string."]
        );
    }
}
