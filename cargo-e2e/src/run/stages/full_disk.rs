//! Explains failures on a full disk, whose own messages are unclear.

use crate::run::{Context, StageError};

const HELP: &str = "free some space there (`docker system df` shows what Docker holds), or make the tests and services write less";

/// Returns a stage's result; to a failure it adds where the host's disk is full.
pub async fn or_full<T>(
    context: &Context<'_>,
    stage: impl Future<Output = Result<T, StageError>>,
) -> Result<T, StageError> {
    let mut error = match stage.await {
        Err(error) if !error.lost => error,
        other => return other,
    };
    let root = &context.facts.engine_root;
    let full = context.sandbox.full(context.host, root).await;
    for sentence in full.unwrap_or_default() {
        error.message = format!("{}\n{sentence}", error.message);
        error.help.get_or_insert_with(|| HELP.to_owned());
    }
    Err(error)
}
