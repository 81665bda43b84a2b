//! What fails on a full disk says so badly, or can't say anything any more: say it for them.

use super::{Context, Trouble};

const HELP: &str = "free some space there (`docker system df` shows what Docker holds), or let the tests and services write less";

/// What a stage came to; a failure with where the host has no room left.
pub async fn or_full<T>(
    context: &Context<'_>,
    stage: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let mut trouble = match stage.await {
        Err(trouble) if !trouble.lost => trouble,
        other => return other,
    };
    let root = &context.facts.engine_root;
    let full = context.sandbox.full(context.host, root).await;
    for sentence in full.unwrap_or_default() {
        trouble.message = format!("{}\n{sentence}", trouble.message);
        trouble.help.get_or_insert_with(|| HELP.to_owned());
    }
    Err(trouble)
}
