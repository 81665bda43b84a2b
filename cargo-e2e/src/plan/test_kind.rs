//! The kinds of tests. The stages, the plan and the reports ask here how a run tests.

use crate::repo::workspace::TestPackage;
use crate::spec::Spec;

/// The tests of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tests {
    /// `test_command`.
    Command(String),
    /// `test_service`.
    Service {
        name: String,
        /// `test_command`, in place of the service's own.
        command: Option<String>,
    },
    Targets(Harness),
}

/// The tests of a repo that names no command: test targets of its packages, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Harness {
    /// Every target, one after another.
    pub targets: Vec<Target>,
    /// `--nextest`: cargo-nextest runs them.
    pub nextest: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub package: TestPackage,
    pub name: String,
}

impl Harness {
    /// Returns what stands before the names of each target's tests: several targets may use the
    /// same names.
    pub fn prefixes(&self) -> Vec<String> {
        let several = |target: &Target| target.package.name != self.targets[0].package.name;
        let packages = self.targets.iter().any(several);
        let prefix = |target: &Target| match (self.targets.len(), packages) {
            (1, _) => String::new(),
            (_, false) => format!("{}::", target.name),
            (_, true) => format!("{}::{}::", target.package.name, target.name),
        };
        self.targets.iter().map(prefix).collect()
    }
}

impl Tests {
    /// Returns what e2e.yml names; `None` where it names nothing.
    pub(super) fn named(spec: &Spec) -> Option<Self> {
        let command = spec.test_command.clone();
        match &spec.test_service {
            Some(name) => Some(Self::Service {
                name: name.clone(),
                command,
            }),
            None => command.map(Self::Command),
        }
    }

    /// Returns the service that tests, where one does.
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Service { name, .. } => Some(name),
            Self::Command(_) | Self::Targets(_) => None,
        }
    }

    /// Returns Cargo's test targets, where they are the tests.
    pub fn harness(&self) -> Option<&Harness> {
        match self {
            Self::Targets(harness) => Some(harness),
            Self::Command(_) | Self::Service { .. } => None,
        }
    }

    /// Returns whether cargo-nextest runs them.
    pub fn by_nextest(&self) -> bool {
        self.harness().is_some_and(|harness| harness.nextest)
    }

    /// Returns the name of the tests as one, for the record.
    pub fn name(&self) -> String {
        match self {
            Self::Command(_) => "test_command".to_owned(),
            Self::Service { name, .. } => name.clone(),
            Self::Targets(harness) => {
                let names: Vec<&str> = harness.targets.iter().map(|one| &*one.name).collect();
                names.join(", ")
            }
        }
    }
}
