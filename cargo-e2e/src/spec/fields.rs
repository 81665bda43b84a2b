//! Every key of version 1.

use super::check::{Checker, Place};
use super::locate::Node;
use super::{probe, value};

/// One key and what its value must be.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) check: fn(&mut Checker<'_>, Place<'_>, &Node),
}

/// The keys of one map.
pub(super) struct Level {
    /// What the map is, for messages.
    pub(super) what: &'static str,
    pub(super) keys: &'static [Key],
}

impl Level {
    /// The keys' names, to be offered to people.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }
}

const fn key(name: &'static str, check: fn(&mut Checker<'_>, Place<'_>, &Node)) -> Key {
    Key { name, check }
}

/// The file itself.
pub(super) const TOP: Level = Level {
    what: "e2e.yml",
    keys: &[
        key("name", value::slug),
        key("compose_file", value::compose_file),
        key("health_checks", probe::health_checks),
        key("test_command", value::command),
        key("shell", value::shell),
        key("timeout", value::timeout),
        key("cleanup", value::cleanup),
        key("tests_run_on", value::tests_run_on),
        key("ports", value::ports),
        key("env", value::env),
        key("build_command", value::command),
        key("setup_command", value::command),
        key("test_service", value::service),
        key("sync", |checker, place, node| {
            checker.map(&SYNC, place, node);
        }),
        key("artifacts", value::paths),
        key("junit", value::path),
        key("profiles", value::profiles),
        key("env_files", value::paths),
        key("secrets", value::secrets),
        key("timeouts", |checker, place, node| {
            checker.map(&TIMEOUTS, place, node);
        }),
        key("report", |checker, place, node| {
            checker.map(&REPORT, place, node);
        }),
    ],
};

/// An item of `health_checks`.
pub(super) const HEALTH_CHECK: Level = Level {
    what: "a health check",
    keys: &[
        key("name", value::health_check_name),
        key("url", probe::url),
        key("tcp", probe::address),
        key("grpc", probe::address),
        key("exec", probe::exec),
        key("service", value::service),
        key("expect_status", probe::expect_status),
        key("grpc_service", probe::grpc_service),
        key("timeout", value::timeout),
    ],
};

/// The keys of a health check of which it has exactly one.
pub(super) const PROBES: &[&str] = &["url", "tcp", "grpc", "exec"];

const SYNC: Level = Level {
    what: "`sync`",
    keys: &[key("include", value::paths), key("exclude", value::paths)],
};

const TIMEOUTS: Level = Level {
    what: "`timeouts`",
    keys: &[
        key("queue", value::timeout),
        key("build", value::timeout),
        key("sync", value::timeout),
        key("up", value::timeout),
        key("setup", value::timeout),
        key("collect", value::timeout),
        key("teardown", value::timeout),
    ],
};

const REPORT: Level = Level {
    what: "`report`",
    keys: &[
        key("topic_slug", value::line),
        key("workstream_id", value::line),
        key("task_id", value::line),
    ],
};

/// All levels, to say where a misplaced key belongs.
pub(super) const LEVELS: &[&Level] = &[&TOP, &HEALTH_CHECK, &SYNC, &TIMEOUTS, &REPORT];
