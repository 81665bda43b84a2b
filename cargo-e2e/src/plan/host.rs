//! Which host: the first that is named, in the order of the contract.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::environment::{self, set};
use crate::host::LOCAL;
use crate::repo::workspace::ConfiguredHost;

use super::error::PlanError;

/// The environment that chooses a host; a value so that tests need not change the process's own.
#[derive(Debug, Clone, Default)]
pub struct HostVariables {
    /// `CARGO_E2E_HOST`.
    pub cargo_e2e_host: Option<String>,
    /// `RAILIANCE01_HOST`.
    pub railiance01_host: Option<String>,
    /// `host` of the user's configuration, and its place.
    pub user: Option<(String, String)>,
    /// `CARGO_E2E_CONNECT_TIMEOUT`, in seconds.
    pub connect_timeout: Option<String>,
    /// `CARGO_E2E_MAX_SANDBOXES`.
    pub max_sandboxes: Option<String>,
    /// `CARGO_E2E_LEASE`, in seconds; for tests, which have no minute to wait.
    pub lease: Option<String>,
}

impl HostVariables {
    /// From this process's environment; an empty variable is as good as none.
    pub fn from_env() -> Self {
        Self {
            cargo_e2e_host: set(environment::HOST),
            railiance01_host: set(environment::RAILIANCE01_HOST),
            connect_timeout: set(environment::CONNECT_TIMEOUT),
            max_sandboxes: set(environment::MAX_SANDBOXES),
            lease: set(environment::LEASE),
            user: None,
        }
    }
}

/// Which host, and why that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostChoice {
    /// `local`, or an ssh destination.
    pub name: String,
    pub because: String,
}

/// Chooses a host; `typed` is `--host`, and `configured` is asked only where that decides.
pub fn choose_host(
    typed: Option<&str>,
    variables: &HostVariables,
    configured: impl FnOnce() -> Option<ConfiguredHost>,
) -> HostChoice {
    let named = |name: Option<&str>, because: &str| Some((name?.to_owned(), because.to_owned()));
    let (name, because) = named(typed, "--host")
        .or_else(|| named(variables.cargo_e2e_host.as_deref(), environment::HOST))
        .or_else(|| configured().map(|it| (it.host, it.source.to_owned())))
        .or_else(|| {
            named(
                variables.railiance01_host.as_deref(),
                environment::RAILIANCE01_HOST,
            )
        })
        .or_else(|| variables.user.clone())
        .unwrap_or_else(|| (LOCAL.to_owned(), "nothing names another".to_owned()));
    HostChoice { name, because }
}

/// Returns a time in a variable; shorter ones are no time for a network.
pub(super) fn seconds(
    name: &'static str,
    value: Option<&str>,
) -> Result<Option<Duration>, PlanError> {
    let value = number(value, 4..=3600).map_err(|value| PlanError::NotSeconds { name, value })?;
    Ok(value.map(Duration::from_secs))
}

/// Returns the number of slots that a variable sets.
pub(super) fn slots(value: Option<&str>) -> Result<Option<u32>, PlanError> {
    number(value, 1..=99_999).map_err(|value| PlanError::NotSlots { value })
}

/// Returns a value as a number; the value itself where it is none of these.
fn number<T: FromStr + PartialOrd>(
    value: Option<&str>,
    among: RangeInclusive<T>,
) -> Result<Option<T>, String> {
    let read = |value: &str| value.parse().ok().filter(|it| among.contains(it));
    value
        .map(|value| read(value).ok_or_else(|| value.to_owned()))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_seconds_are_a_time() {
        let read =
            |value| seconds(environment::CONNECT_TIMEOUT, value).map_err(|error| error.to_string());
        assert_eq!(read(None), Ok(None));
        assert_eq!(read(Some("90")), Ok(Some(Duration::from_secs(90))));
        for bad in ["0", "1.5", "soon", "-5"] {
            assert!(
                read(Some(bad)).is_err_and(|error| error.contains(bad)),
                "{bad}"
            );
        }
    }

    #[test]
    fn the_first_host_that_is_named_wins() {
        let mut configured = None;
        let mut variables = HostVariables::default();
        let name = |typed, variables: &HostVariables, configured: &Option<ConfiguredHost>| {
            choose_host(typed, variables, || configured.clone()).name
        };
        assert_eq!(name(None, &variables, &configured), "local");
        variables.railiance01_host = Some("r1".into());
        assert_eq!(name(None, &variables, &configured), "r1");
        configured = Some(ConfiguredHost {
            host: "metadata".into(),
            source: "[package.metadata.e2e]",
        });
        assert_eq!(name(None, &variables, &configured), "metadata");
        variables.cargo_e2e_host = Some("variable".into());
        assert_eq!(name(None, &variables, &configured), "variable");
        assert_eq!(name(Some("flag"), &variables, &configured), "flag");
    }
}
