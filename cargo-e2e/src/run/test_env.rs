//! The variables that tests see, wherever they run.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use e2e_harness::protocol::{self, Check, Endpoints};

use crate::compose::{Published, test_service};
use crate::record::outcome::Verdict;
use crate::record::store::cache_folder;
use crate::run::{Context, StageError, endpoints};
use crate::sandbox::variables;
use crate::spec::Side;

/// Returns the variables that the tests see, the repo's own last.
pub(super) fn variables(
    context: &Context<'_>,
    endpoints: &Endpoints,
    side: Side,
) -> Result<Vec<(String, String)>, StageError> {
    let (artifacts, cache) = folders(context, side);
    let mut endpoints = endpoints.clone();
    if side == Side::Client && !context.host.is_local() {
        // Forwarded ports answer on this machine, whatever their address on the host.
        for port in &mut endpoints.ports {
            port.host = Ipv4Addr::LOCALHOST.to_string();
        }
    }
    let mut all = variables::for_tests(&context.sandbox.identity, &endpoints, &artifacts, &cache);
    if side == Side::Host || context.host.is_local() {
        all.extend(variables::for_compose(context.sandbox));
    }
    with_own(context, all)
}

/// Returns the variables that commands see before `up`. Where the stack will answer is not known yet,
/// and what `env` makes of that is left out.
pub(super) fn before_the_stack(context: &Context<'_>, side: Side) -> Vec<(String, String)> {
    let (artifacts, cache) = folders(context, side);
    let none = Endpoints::default();
    let mut all = variables::for_tests(&context.sandbox.identity, &none, &artifacts, &cache);
    all.retain(|(name, _)| name != protocol::HOST && name != protocol::ENDPOINTS);
    all.extend_from_slice(context.events.secrets().variables());
    for (name, value) in &context.plan.spec.env {
        if let Ok(value) = variables::expand(value, &all) {
            all.push((name.clone(), value));
        }
    }
    all
}

/// Returns the folders for artifacts and cache.
fn folders(context: &Context<'_>, side: Side) -> (String, String) {
    match side {
        Side::Host => host_folders(context),
        Side::Client => (
            context.bundle.join("artifacts").display().to_string(),
            client_cache(&context.plan.spec.name).display().to_string(),
        ),
    }
}

/// Returns the host's folders for artifacts and cache.
pub(super) fn host_folders(context: &Context<'_>) -> (String, String) {
    (
        format!("{}/collected/artifacts", context.sandbox.dir()),
        format!("{}/cache/{}", context.sandbox.root, context.plan.spec.name),
    )
}

/// Returns the variables for tests that run as a service of the stack.
pub(super) fn service_variables(
    context: &Context<'_>,
    published: &[Published],
) -> Result<Vec<(String, String)>, StageError> {
    let inside = |at: &Published, _: &str| Some((at.service.clone(), at.container_port));
    let checks = &context.plan.spec.health_checks;
    let checks: Vec<Check> = checks
        .iter()
        .map(|check| endpoints::made_by_tests(check, published, &inside))
        // Within the compose network, nothing answers at an address of the host.
        .filter(|check| check.service.is_some())
        .collect();
    let endpoints = test_service::endpoints(published, endpoints::addresses(&checks), checks);
    let all = variables::for_tests(
        &context.sandbox.identity,
        &endpoints,
        test_service::ARTIFACTS,
        test_service::CACHE,
    );
    // There is no single address: each service has its own.
    let all = all.into_iter().filter(|(name, _)| name != protocol::HOST);
    with_own(context, all.collect())
}

/// Adds the repo's own `secrets` and `env`.
fn with_own(
    context: &Context<'_>,
    mut all: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, StageError> {
    all.extend_from_slice(context.events.secrets().variables());
    for (name, value) in &context.plan.spec.env {
        let value = variables::expand(value, &all).map_err(|missing| {
            StageError::new(
                Verdict::SpecError,
                format!("`env` sets `{name}` from `${{{missing}}}`, which is not set"),
            )
            .help("`${E2E_<SERVICE>_<CONTAINER PORT>}` exists for every published port; `$$` is a plain dollar")
        })?;
        all.push((name.clone(), value));
    }
    Ok(all)
}

pub(super) fn client_cache(slug: &str) -> PathBuf {
    cache_folder().join("tests").join(slug)
}
