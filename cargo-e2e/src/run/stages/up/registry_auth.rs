//! `registry_auth: client`: the registry credentials of this machine's user go to the sandbox, for
//! one `up`. `up` calls it before each try; they are masked from here on.

use serde_json::Value;

use crate::compose::pulls::Pull;
use crate::compose::registries::registries;
use crate::host::client::registry_logins;
use crate::run::stages::model::read_here;
use crate::run::{Context, StageError};
use crate::spec::RegistryAuth;

/// Sends those of the registries that the stack's images come from; whether there are any. On this
/// machine itself they are the host's.
pub(super) async fn send(
    context: &Context<'_>,
    model: &Value,
    pulls: &[Pull],
) -> Result<bool, StageError> {
    if context.plan.spec.registry_auth == RegistryAuth::Host || context.host.is_local() {
        return Ok(false);
    }
    let found = registry_logins(&registries(model, pulls, |file| read_here(context, file))).await;
    context.events.secrets().learn_values(found.secrets);
    for problem in found.problems {
        context.events.warn(format!("registry_auth: {problem}"));
    }
    if found.auths.is_empty() {
        return Ok(false);
    }
    let auths = Value::Object(found.auths).to_string();
    let (sandbox, host) = (context.sandbox, context.host);
    sandbox.put_registry_auth(host, auths.as_bytes()).await?;
    Ok(true)
}
