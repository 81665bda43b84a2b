//! The warnings of `check`, by name: `allow` in e2e.yml accepts them by it.

use std::fmt;

use serde_json::json;

use super::choice::{Choice as _, choice, choices, words};
use super::level::Type;
use super::types::{each, list_of};

choices! {
    /// What a warning is about. Names stay as they are: they stand in files of others.
    Lint {
        /// A service reaches Docker's socket.
        "docker-socket" => DockerSocket,
        /// `privileged`.
        "privileged" => Privileged,
        /// A namespace of the host, or of a container that is not in the file.
        "foreign-namespace" => ForeignNamespace,
        /// Capabilities and devices.
        "host-access" => HostAccess,
        /// `provider`.
        "provider" => Provider,
        /// A path outside of the repo.
        "outside-path" => OutsidePath,
        /// A port on an address that other machines reach.
        "public-port" => PublicPort,
        /// A file that Compose fetches.
        "remote-file" => RemoteFile,
        /// A network, volume or container that is not the sandbox's own.
        "shared-object" => SharedObject,
        /// Tests that name a port by its number.
        "fixed-port" => FixedPort,
        /// A service that tells its clients an address with a fixed port.
        "advertised-address" => AdvertisedAddress,
        /// A command that hides an exit status.
        "hidden-status" => HiddenStatus,
        /// A command that starts a stack beside the sandbox.
        "other-stack" => OtherStack,
        /// A test target of Cargo that does not run.
        "target-not-run" => TargetNotRun,
        /// A variable of the compose file that is not set.
        "unset-variable" => UnsetVariable,
        /// What else Compose warns of.
        "compose" => Compose,
        /// An entry of `allow` that accepts nothing.
        "unused-allow" => UnusedAllow,
    }
}

/// Warnings by their names.
pub(super) const LINTS: Type<Vec<Lint>> = Type::new(
    "list of warnings",
    || list_of(&json!({"enum": words::<Lint>()})),
    |decoder, place, node| {
        let items = decoder.list(place, "a list of warnings", node)?;
        let one = choice::<Lint>().decode;
        each(items, |item| one(decoder, place, item))
    },
);

impl Lint {
    /// Returns what a warning of Compose itself is about.
    pub fn of_compose(text: &str) -> Self {
        if text.contains("variable is not set") {
            Self::UnsetVariable
        } else {
            Self::Compose
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = Self::ALL.iter().find(|(_, lint)| lint == self);
        f.write_str(entry.map_or("", |(name, _)| name))
    }
}

/// A warning with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// By which `allow` accepts it.
    pub lint: Lint,
    /// It, for people.
    pub text: String,
}

impl Warning {
    /// With a name and a text.
    pub fn new(lint: Lint, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { lint, text }
    }

    /// Gives many the same name.
    pub fn each(lint: Lint, texts: impl IntoIterator<Item = String>) -> impl Iterator<Item = Self> {
        texts.into_iter().map(move |text| Self { lint, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Lint {
        fn meaning(self) -> &'static str {
            match self {
                Self::DockerSocket => "a service mounts Docker's socket; `--strict` refuses it",
                Self::Privileged => "a service is `privileged`; `--strict` refuses it",
                Self::ForeignNamespace => {
                    "`network_mode`, `pid`, `ipc`, `uts`, `cgroup` or `userns_mode` is the host's or a foreign container's; `--strict` refuses it"
                }
                Self::HostAccess => {
                    "`cap_add`, `devices` or `device_cgroup_rules` reach the host; `--strict` refuses them"
                }
                Self::Provider => "`provider` runs a program on the host; `--strict` refuses it",
                Self::OutsidePath => {
                    "a bind mount or volume is a folder of the host; `--strict` refuses it"
                }
                Self::PublicPort => {
                    "a port is published on an address that other machines reach; `--strict` refuses it"
                }
                Self::RemoteFile => "Compose fetches a file from elsewhere; `--strict` refuses it",
                Self::SharedObject => {
                    "a network, volume or container belongs to all sandboxes on the host; `--strict` refuses it where it is `external`"
                }
                Self::FixedPort => "with `ports: isolated`, tests name a port by its number",
                Self::AdvertisedAddress => {
                    "with `ports: isolated`, a service tells its clients a port by its number"
                }
                Self::HiddenStatus => "a command ends with 0 though a part of it fails",
                Self::OtherStack => {
                    "all that a command starts with Compose is another stack than that of e2e.yml"
                }
                Self::TargetNotRun => "a test target of Cargo seems to be meant and does not run",
                Self::UnsetVariable => "the compose file uses a variable that is not set",
                Self::Compose => "what else Compose warns of",
                Self::UnusedAllow => {
                    "an entry of `allow` accepts nothing; `unset-variable` and `compose` depend on the machine and are not judged"
                }
            }
        }
    }

    /// Returns a Markdown table of every name.
    fn warnings() -> String {
        let rows = Lint::ALL
            .iter()
            .map(|(name, lint)| format!("| `{name}` | {} |\n", lint.meaning()));
        format!(
            "| name | warns that |\n|---|---|\n{}",
            rows.collect::<String>()
        )
    }

    #[test]
    fn the_generated_reference_has_every_warning() {
        crate::page::has("docs/src/reference/e2e-yml.md", "warnings", &warnings());
    }
}
