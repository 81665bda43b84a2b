//! How long each stage may take.

use std::time::Duration;

use crate::record::outcome::Stage;
use crate::spec::Spec;

/// Reaching a host, and arming the guard there, may each take this long.
const CONNECT: Duration = Duration::from_mins(1);
/// Any one log: more is of no use to anybody, and fills disks.
const LOG: u64 = 2 << 30;

/// How long each stage may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Waiting for a node of a cluster; no part of [`Limits::sum`].
    pub place: Duration,
    /// Waiting for a turn on the host, for another run to leave a sandbox that is up, or to read its
    /// `junit` file in this working copy; no part of [`Limits::sum`].
    pub queue: Duration,
    /// Reaching the host; and again for making the sandbox's folder and guard.
    pub connect: Duration,
    /// `build_command`; and compiling test targets.
    pub build: Duration,
    pub sync: Duration,
    /// Pulling, building and starting the stack, and waiting for its ports.
    pub up: Duration,
    /// `prepare_command`; and `setup_command`.
    pub setup: Duration,
    pub test: Duration,
    pub collect: Duration,
    pub teardown: Duration,
    /// What any one command may print, in bytes: its log is cut there, and on the host it is ended.
    pub log: u64,
}

impl Limits {
    /// Returns what e2e.yml says, and the defaults.
    pub(super) fn of(spec: &Spec, connect: Option<Duration>) -> Self {
        let timeouts = &spec.timeouts;
        Self {
            place: timeouts.place,
            queue: timeouts.queue,
            connect: connect.unwrap_or(CONNECT),
            build: timeouts.build,
            sync: timeouts.sync,
            up: timeouts.up,
            setup: timeouts.setup,
            test: spec.timeout,
            collect: timeouts.collect,
            teardown: timeouts.teardown,
            log: LOG,
        }
    }

    /// Returns that of a stage; none of one whose parts have limits of their own.
    pub fn of_stage(&self, stage: Stage) -> Option<Duration> {
        match stage {
            Stage::Place | Stage::Connect => Some(self.connect),
            Stage::Queue => Some(self.queue),
            Stage::Build | Stage::Compile => Some(self.build),
            Stage::Sync => Some(self.sync),
            Stage::Prepare | Stage::Setup => Some(self.setup),
            Stage::Up => Some(self.up),
            Stage::Test => Some(self.test),
            Stage::Collect => Some(self.collect),
            Stage::Teardown => Some(self.teardown),
            _ => None,
        }
    }

    /// Returns all of them, one after another.
    pub(super) fn sum(&self) -> Duration {
        [
            self.connect,
            self.build,
            self.sync,
            self.up,
            self.setup,
            self.test,
            self.collect,
            self.teardown,
        ]
        .into_iter()
        .fold(Duration::ZERO, Duration::saturating_add)
    }
}
