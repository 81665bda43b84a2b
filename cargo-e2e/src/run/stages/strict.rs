//! `--strict`: refuses what `compose::strict` refuses, before there is a host, and again for
//! everything that the host's Compose reads.

use serde_json::Value;

use crate::compose::preview::PreviewError;
use crate::compose::scan::Scan;
use crate::compose::strict::{self, Judge, look};
use crate::plan::Plan;
use crate::record::outcome::Verdict;
use crate::run::{Context, StageError};

/// Refuses what can be seen on this machine. The rest is refused on the host.
pub async fn before(plan: &Plan) -> Result<(), StageError> {
    if !plan.options.strict {
        return Ok(());
    }
    match look(plan).await {
        Ok(refused) => refuse(plan, &refused),
        Err(PreviewError::NoCompose) => Ok(()),
        // These may create the file that Compose misses.
        Err(PreviewError::Refused(_))
            if plan.spec.build_command.is_some() || plan.spec.prepare_command.is_some() =>
        {
            Ok(())
        }
        Err(error) => {
            let refused = StageError::new(Verdict::SpecError, error.to_string());
            Err(match error.help() {
                Some(help) => refused.help(help),
                None => refused,
            })
        }
    }
}

/// Refuses files that Compose would open or fetch on the host.
pub(super) async fn files(context: &Context<'_>, scan: &Scan) -> Result<(), StageError> {
    let scan = scan.clone();
    judged(context, move |plan, _| strict::files(plan, scan)).await
}

/// Refuses a model that the host's Compose read.
pub(super) async fn model(context: &Context<'_>, model: &Value) -> Result<(), StageError> {
    let model = model.clone();
    judged(context, move |plan, root| {
        let judge = Judge {
            root,
            here: &plan.repo.root,
            ports: plan.ports,
            allow: &plan.spec.allow,
        };
        judge.model(&model)
    })
    .await
}

/// Judges on a blocking thread, because it reads links of the repo.
async fn judged(
    context: &Context<'_>,
    judge: impl FnOnce(&Plan, &str) -> Vec<String> + Send + 'static,
) -> Result<(), StageError> {
    if !context.plan.options.strict {
        return Ok(());
    }
    let (plan, root) = (context.plan.clone(), context.sandbox.repo_dir());
    let refused = tokio::task::spawn_blocking(move || judge(&plan, &root))
        .await
        .map_err(|error| StageError::new(Verdict::InternalError, error.to_string()))?;
    refuse(context.plan, &refused)
}

fn refuse(plan: &Plan, refused: &[String]) -> Result<(), StageError> {
    if refused.is_empty() {
        return Ok(());
    }
    let message = strict::message(plan, refused);
    Err(StageError::new(Verdict::SpecError, message).help(strict::HELP))
}
