//! The look from this machine: before there is a host, and in `check` and `plan`.

use super::super::preview::{PreviewError, preview, scanned};
use super::{Judge, files};
use crate::plan::Plan;

/// What to do about a refusal.
pub const HELP: &str = "take it out of the compose file, accept its warning by `allow` in e2e.yml, or leave out --strict";

/// Returns what is said of all that was refused.
pub fn message(plan: &Plan, refused: &[String]) -> String {
    format!(
        "{}: it reaches beyond its sandbox, which --strict refuses:\n{}",
        plan.compose_files.join(", "),
        refused.join("\n")
    )
}

/// Returns all that is refused, as far as it can be seen from this machine.
pub async fn look(plan: &Plan) -> Result<Vec<String>, PreviewError> {
    // Before Compose opens them.
    let refused = aside(plan, |plan| files(plan, scanned(plan))).await;
    if !refused.is_empty() {
        return Ok(refused);
    }
    let (model, _) = preview(plan, "e2e-strict").await?;
    let judge = move |plan: &Plan| {
        let judge = Judge {
            root: plan.repo.root.to_str().unwrap_or_default(),
            here: &plan.repo.root,
            ports: plan.ports,
            allow: &plan.spec.allow,
        };
        judge.model(&model)
    };
    Ok(aside(plan, judge).await)
}

/// Reads files on a thread where that may take its time.
async fn aside(
    plan: &Plan,
    work: impl FnOnce(&Plan) -> Vec<String> + Send + 'static,
) -> Vec<String> {
    let plan = plan.clone();
    tokio::task::spawn_blocking(move || work(&plan))
        .await
        .unwrap_or_else(|error| vec![format!("failed to judge the compose files: {error}")])
}
