//! Warnings of a run before its stack comes up, as far as e2e.yml does not accept them.

use serde_json::Value;

use crate::compose::Published;
use crate::run::Context;
use crate::setup::lint;
use crate::spec::Warning;

/// Warnings of one kind that are shown.
const SHOWN: usize = 3;

/// Returns warnings of what the stack can reach beyond its sandbox, and of what it names that does
/// not travel.
pub(super) async fn reaches(context: &Context<'_>, model: &Value) -> (Vec<Warning>, Vec<Warning>) {
    let (plan, model) = (context.plan.clone(), model.clone());
    let folder = context.sandbox.repo_dir();
    let looked = tokio::task::spawn_blocking(move || lint::reaches(&plan, &model, &folder)).await;
    looked.unwrap_or_default()
}

/// Warns, unless e2e.yml accepts it.
pub(super) fn warn(context: &Context<'_>, warnings: &[Warning]) {
    for warning in context.plan.not_allowed(warnings) {
        context.events.warn(&warning.text);
    }
}

/// Warns, as `check` does, of hidden statuses and of addresses that nothing answers: they often
/// make tests fail.
pub(super) async fn warn_of_mistakes(context: &Context<'_>, published: &[Published]) {
    let (plan, published) = (context.plan.clone(), published.to_vec());
    warn(context, &lint::statuses(&plan));
    let looked = tokio::task::spawn_blocking(move || lint::addresses(&plan, &published)).await;
    let found = looked.unwrap_or_default();
    let found: Vec<Warning> = context.plan.not_allowed(&found).cloned().collect();
    warn(context, &found[..found.len().min(SHOWN)]);
    if found.len() > SHOWN {
        let more = found.len() - SHOWN;
        let text = format!("`cargo e2e check` has {more} more such warnings");
        context.events.warn(text);
    }
}
