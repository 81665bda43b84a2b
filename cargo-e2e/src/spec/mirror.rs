//! The file as `serde_yaml` reads it, and the [`Spec`] that it becomes.
//!
//! Runs on checked text only, so an error here is ours; it is still reported and not a panic.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::agree::serde_error;
use super::probe::{host_port, http_url};
use super::seconds::seconds;
use super::source::{Finding, Source};
use super::{Cleanup, HealthCheck, Ports, Probe, Report, Side, Spec, Sync, Timeouts};

/// Reads the checked text.
pub(super) fn spec(source: &Source<'_>) -> Result<Spec, Finding> {
    serde_yaml::from_str::<File>(source.text)
        .map(Spec::from)
        .map_err(|error| serde_error(source, &error))
}

/// The keys of `fields::TOP`, less those that aren't built.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "the names are the keys of the file"
)]
pub(super) struct File {
    name: String,
    #[serde(default = "default_compose_file")]
    compose_file: OneOrMany<String>,
    #[serde(default)]
    health_checks: Vec<Check>,
    test_command: Option<String>,
    shell: Option<OneOrMany<String>>,
    test_service: Option<String>,
    #[serde(default = "default_timeout")]
    timeout: Seconds,
    #[serde(default = "default_cleanup")]
    cleanup: Cleanup,
    tests_run_on: Option<Side>,
    ports: Option<Ports>,
    #[serde(default)]
    env: Pairs,
    build_command: Option<String>,
    setup_command: Option<String>,
    #[serde(default)]
    sync: Sync,
    #[serde(default)]
    artifacts: Vec<String>,
    junit: Option<String>,
    #[serde(default)]
    profiles: Vec<String>,
    #[serde(default)]
    env_files: Vec<String>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    timeouts: StageTimeouts,
    #[serde(default)]
    report: Report,
}

fn default_compose_file() -> OneOrMany<String> {
    OneOrMany::One("e2e/compose.yml".to_owned())
}

fn default_timeout() -> Seconds {
    Seconds(Duration::from_mins(5))
}

fn default_cleanup() -> Cleanup {
    Cleanup::Always
}

impl From<File> for Spec {
    fn from(file: File) -> Self {
        Self {
            name: file.name,
            compose_files: file.compose_file.into(),
            health_checks: file
                .health_checks
                .into_iter()
                .map(|check| check.0)
                .collect(),
            test_command: file.test_command,
            shell: match file.shell {
                None => Vec::new(),
                Some(OneOrMany::One(text)) => text.split_whitespace().map(str::to_owned).collect(),
                Some(OneOrMany::Many(words)) => words,
            },
            test_service: file.test_service,
            timeout: file.timeout.0,
            cleanup: file.cleanup,
            tests_run_on: file.tests_run_on,
            ports: file.ports,
            env: file.env.0,
            build_command: file.build_command,
            setup_command: file.setup_command,
            sync: file.sync,
            artifacts: file.artifacts,
            junit: file.junit,
            profiles: file.profiles,
            env_files: file.env_files,
            secrets: file.secrets,
            timeouts: file.timeouts.into(),
            report: file.report,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> From<OneOrMany<T>> for Vec<T> {
    fn from(some: OneOrMany<T>) -> Self {
        match some {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

/// Read from the text as written, with the function that checked it.
struct Seconds(Duration);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        seconds(&text).map(Self).map_err(D::Error::custom)
    }
}

/// A map in the order of the file.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a map of variables")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[derive(Deserialize)]
#[serde(try_from = "WrittenCheck")]
struct Check(HealthCheck);

/// The keys of `fields::HEALTH_CHECK`, less those that aren't built.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCheck {
    name: String,
    url: Option<String>,
    tcp: Option<String>,
    grpc: Option<String>,
    exec: Option<Vec<String>>,
    service: Option<String>,
    expect_status: Option<OneOrMany<u16>>,
    grpc_service: Option<String>,
    timeout: Option<Seconds>,
}

impl TryFrom<WrittenCheck> for Check {
    type Error = String;

    fn try_from(written: WrittenCheck) -> Result<Self, String> {
        let probe = if let Some(url) = written.url {
            Probe::Http {
                url: http_url(&url)?,
                expect_status: written.expect_status.map(Vec::from).unwrap_or_default(),
            }
        } else if let Some(address) = written.tcp {
            let (host, port) = host_port(&address)?;
            Probe::Tcp { host, port }
        } else if let Some(address) = written.grpc {
            let (host, port) = host_port(&address)?;
            Probe::Grpc {
                host,
                port,
                service: written.grpc_service,
            }
        } else {
            Probe::Exec {
                command: written.exec.ok_or("no probe")?,
                service: written.service.ok_or("no service")?,
            }
        };
        Ok(Self(HealthCheck {
            name: written.name,
            probe,
            timeout: written.timeout.map_or(Duration::from_mins(1), |it| it.0),
        }))
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StageTimeouts {
    queue: Option<Seconds>,
    build: Option<Seconds>,
    sync: Option<Seconds>,
    up: Option<Seconds>,
    setup: Option<Seconds>,
    collect: Option<Seconds>,
    teardown: Option<Seconds>,
}

impl From<StageTimeouts> for Timeouts {
    fn from(written: StageTimeouts) -> Self {
        let duration = |seconds: Option<Seconds>| seconds.map(|it| it.0);
        Self {
            queue: duration(written.queue),
            build: duration(written.build),
            sync: duration(written.sync),
            up: duration(written.up),
            setup: duration(written.setup),
            collect: duration(written.collect),
            teardown: duration(written.teardown),
        }
    }
}
