//! The containers of a service, as Docker lists them.

use crate::host::HostError;
use crate::run::Context;
use crate::sandbox::Container;
use crate::text::printable;

/// Returns the containers of a service, by number.
pub(super) async fn containers(
    context: &Context<'_>,
    service: &str,
) -> Result<Vec<Container>, String> {
    let containers = context.sandbox.inspect(context.host).await;
    let containers = containers.map_err(|error| reason(&error))?;
    let all = containers.sorted();
    let mine = all.iter().filter(|one| one.service == service);
    let mine: Vec<Container> = mine.copied().cloned().collect();
    if mine.is_empty() {
        let mut there: Vec<&str> = all.iter().map(|one| one.service.as_str()).collect();
        there.dedup();
        let (service, there) = (printable(service), there.join(", "));
        return Err(format!(
            "the stack has no service {service}; it has {there}"
        ));
    }
    Ok(mine)
}

/// Returns Docker's message, without the name of the script.
pub(super) fn reason(error: &HostError) -> String {
    match error {
        HostError::Script { stderr, .. } if !stderr.trim().is_empty() => stderr.trim().to_owned(),
        other => other.to_string(),
    }
}
