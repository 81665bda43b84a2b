//! A runner as a command calls it.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Pytest,
    Jest,
    Vitest,
    Playwright,
    Go,
    Gotestsum,
    CargoTest,
    Nextest,
    Harness,
    HarnessByNextest,
}

/// How a command calls its runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) kind: Kind,
    /// What follows the runner's name.
    pub(super) words: Vec<String>,
    /// Whether it runs in another folder than the repo's root.
    pub(super) elsewhere: bool,
}

impl Kind {
    /// Options with a filter as their value.
    pub(super) fn filters(self) -> &'static [&'static str] {
        match self {
            Self::Pytest => &["-k"],
            Self::Jest | Self::Vitest => &["-t", "--testNamePattern"],
            Self::Playwright => &["-g", "--grep"],
            Self::Go | Self::Gotestsum => &["-run", "--run"],
            Self::Nextest | Self::HarnessByNextest => &["-E", "--filterset", "--filter-expr"],
            Self::CargoTest | Self::Harness => &[],
        }
    }
}
