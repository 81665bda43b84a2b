//! One container, as Docker tells of it.

use std::collections::BTreeMap;
use std::time::Duration;

use e2e_harness::protocol::Transport;
use serde::Deserialize;

use crate::text::printable;

/// One container, as containers.sh prints it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Container {
    /// Docker's id.
    pub id: String,
    #[serde(default)]
    pub service: String,
    /// Which of the service's containers, from 1.
    #[serde(default)]
    pub number: String,
    #[serde(default)]
    pub image: String,
    pub state: State,
    #[serde(default)]
    pub config: Config,
    /// How often Docker restarted it.
    #[serde(default)]
    pub restarts: u64,
    #[serde(default)]
    pub policy: Policy,
    /// Published ports: `5432/tcp` → addresses.
    #[serde(default)]
    pub ports: Option<BTreeMap<String, Option<Vec<Binding>>>>,
}

/// Docker's state of a container.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct State {
    /// `running`, `exited`, ….
    pub status: String,
    /// The exit code of its last end.
    pub exit_code: i64,
    /// Whether the kernel killed it for want of memory.
    #[serde(rename = "OOMKilled")]
    pub oom_killed: bool,
    /// What Docker said when it could not start.
    pub error: String,
    /// When it last started, by the host's clock.
    pub started_at: String,
    pub finished_at: String,
    /// Its health, none without a health check.
    pub health: Option<Health>,
}

/// Docker's health of a container.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Health {
    /// `starting`, `healthy` or `unhealthy`.
    pub status: String,
    /// The last answers, the newest last.
    pub log: Option<Vec<HealthAnswer>>,
}

/// One answer of a container's health check.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HealthAnswer {
    /// 0 is healthy.
    pub exit_code: i64,
    pub output: String,
}

/// What a container was made from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Config {
    /// Its health check, which may be the image's.
    pub(super) healthcheck: Option<Check>,
    /// What runs a check that is a line of shell; none where the image names none.
    shell: Option<Vec<String>>,
}

/// How a container's health is checked; times in nanoseconds, 0 for Docker's default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Check {
    test: Option<Vec<String>>,
    interval: u64,
    timeout: u64,
    start_period: u64,
    retries: u64,
}

impl Check {
    /// Returns the longest that it may take before the container is unhealthy.
    pub(super) fn allowance(&self) -> Duration {
        let or = |value: u64, default: Duration| match value {
            0 => default,
            nanoseconds => Duration::from_nanos(nanoseconds),
        };
        let each = or(self.interval, Duration::from_secs(30)) + or(self.timeout, Duration::ZERO);
        let retries = match self.retries {
            0 => 3,
            retries => u32::try_from(retries).unwrap_or(u32::MAX),
        };
        Duration::from_nanos(self.start_period).saturating_add(each.saturating_mul(retries))
    }
}

/// A container's own health check, as anybody can run it.
#[derive(Debug, PartialEq)]
pub struct OwnCheck {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// How long it may take.
    pub seconds: f64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Policy {
    /// `no`, `always`, `on-failure`, `unless-stopped`.
    pub name: String,
    /// For `on-failure`; 0 is without end.
    pub maximum_retry_count: u64,
}

/// Where a port is published.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Binding {
    pub host_port: String,
}

/// What the engine's socket says of a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    state: State,
    #[serde(default)]
    config: InspectedConfig,
    #[serde(default)]
    restart_count: u64,
    #[serde(default)]
    host_config: HostConfig,
    #[serde(default)]
    network_settings: NetworkSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct InspectedConfig {
    image: String,
    labels: Option<BTreeMap<String, String>>,
    healthcheck: Option<Check>,
    shell: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    restart_policy: Policy,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    ports: Option<BTreeMap<String, Option<Vec<Binding>>>>,
}

impl From<Inspected> for Container {
    fn from(inspected: Inspected) -> Self {
        let mut labels = inspected.config.labels.unwrap_or_default();
        let mut label = |name: &str| labels.remove(name).unwrap_or_default();
        Self {
            id: inspected.id,
            service: label("com.docker.compose.service"),
            number: label("com.docker.compose.container-number"),
            image: inspected.config.image,
            state: inspected.state,
            config: Config {
                healthcheck: inspected.config.healthcheck,
                shell: inspected.config.shell,
            },
            restarts: inspected.restart_count,
            policy: inspected.host_config.restart_policy,
            ports: inspected.network_settings.ports,
        }
    }
}

impl State {
    pub(super) fn is_running(&self) -> bool {
        self.status == "running"
    }

    /// Returns how long it was up when it last ended, if it started at `started`; none where Docker
    /// does not say.
    pub(super) fn lasted(&self, started: &str) -> Option<Duration> {
        let time = |text: &str| text.parse::<jiff::Timestamp>().ok();
        let lasted = time(&self.finished_at)?.duration_since(time(started)?);
        lasted.try_into().ok()
    }
}

impl Container {
    /// Reads a line of `containers.sh`: of Docker's program, or of the engine's socket.
    pub(super) fn read(line: &str) -> serde_json::Result<Self> {
        serde_json::from_str(line).or_else(|error| {
            let inspected = serde_json::from_str::<Inspected>(line);
            inspected.map(Self::from).map_err(|_| error)
        })
    }

    /// Returns the number at which one of its ports is published.
    pub fn published(&self, port: u16, transport: Transport) -> Option<u16> {
        let transport = transport.name();
        let ports = self.ports.as_ref()?;
        let bindings = ports.get(&format!("{port}/{transport}"))?.as_ref()?;
        bindings.iter().find_map(|one| one.host_port.parse().ok())
    }

    fn restarts_by_itself(&self) -> bool {
        match self.policy.name.as_str() {
            "always" | "unless-stopped" => true,
            "on-failure" => match self.policy.maximum_retry_count {
                0 => true,
                most => self.restarts < most,
            },
            _ => false,
        }
    }

    /// Returns why it will never be ready, if that is so; `looped` when it does not stay up.
    pub(super) fn hopeless(&self, looped: bool) -> Option<String> {
        let (service, how) = (&self.service, self.how_it_ended());
        if looped {
            return Some(format!(
                "{service} restarted {} times; it {how}",
                self.restarts
            ));
        }
        (self.is_over() && self.state.exit_code != 0).then(|| format!("{service} {how}"))
    }

    /// Returns whether it ended, and Docker does not start it again.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state.status.as_str(), "exited" | "dead") && !self.restarts_by_itself()
    }

    /// Of one that ended: with what.
    pub(crate) fn how_it_ended(&self) -> String {
        let (state, code) = (&self.state, self.state.exit_code);
        if state.oom_killed {
            format!("ran out of memory and was killed (exit code {code})")
        } else if state.error.is_empty() {
            format!("exited with code {code}")
        } else {
            format!("failed to start: {}", printable(&state.error))
        }
    }

    /// Returns the health check of one that runs and that Docker does not call healthy yet.
    pub(super) fn own_check(&self) -> Option<OwnCheck> {
        let check = self.config.healthcheck.as_ref()?;
        let words = check.test.as_deref()?;
        let command = match words.split_first()? {
            (kind, words) if kind == "CMD" => words.to_vec(),
            (kind, [line]) if kind == "CMD-SHELL" => {
                let shell = self.config.shell.clone();
                let mut words = shell.unwrap_or_else(|| vec!["/bin/sh".into(), "-c".into()]);
                words.push(line.clone());
                words
            }
            _ => return None,
        };
        let seconds = match check.timeout {
            0 => 30.0,
            nanoseconds => Duration::from_nanos(nanoseconds).as_secs_f64(),
        };
        let starting = |health: &Health| health.status == "starting";
        let waits = self.state.is_running() && self.state.health.as_ref().is_some_and(starting);
        waits.then_some(OwnCheck { command, seconds })
    }

    /// Takes a pass of its own health check for Docker's word, which comes later.
    pub(super) fn pass_own_check(&mut self) {
        if let Some(health) = &mut self.state.health
            && health.status == "starting"
        {
            "healthy".clone_into(&mut health.status);
        }
    }

    /// Returns why it is not ready yet; none when it is.
    pub(crate) fn waiting(&self) -> Option<String> {
        let state = &self.state;
        match state.status.as_str() {
            "exited" if state.exit_code == 0 => None,
            "running" => {
                let health = state.health.as_ref();
                let health = health.filter(|one| !["healthy", "none"].contains(&&*one.status))?;
                let said = match health.log.as_ref().and_then(|log| log.last()) {
                    None => "no response yet".to_owned(),
                    Some(answer) => {
                        let output = printable(&answer.output);
                        let line = output.lines().last().unwrap_or_default();
                        // Whole, since it is not masked yet; Docker keeps 4 KiB.
                        format!("exit status {}: {line}", answer.exit_code)
                    }
                };
                Some(format!("{} is {} ({said})", self.service, health.status))
            }
            other => Some(format!("{} is {other}", self.service)),
        }
    }
}
