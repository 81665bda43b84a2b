//! How much of a failure each view shows.

use crate::record::summary::WIDTH;

/// For report.html, above the tests, which has their messages elsewhere.
pub(super) const PAGE: Shown = Shown {
    whole: 2,
    named: 8,
    message: 8,
    lines: 20,
    width: WIDTH,
    steps: false,
    common: false,
};
/// For failure.txt.
pub(super) const LONG: Shown = Shown {
    whole: usize::MAX,
    named: usize::MAX,
    message: usize::MAX,
    lines: 2000,
    width: usize::MAX,
    steps: true,
    common: false,
};
/// For a test's own part of a file.
pub(super) const OWN: Shown = Shown { lines: 24, ..LONG };

/// The bounds of a view.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    /// Tests that are shown whole where there are not more; else the first is.
    pub(super) whole: usize,
    /// Tests that are shown at all.
    pub(super) named: usize,
    /// Lines of a message, and of logs.
    pub(super) message: usize,
    pub(super) lines: usize,
    pub(super) width: usize,
    pub(super) steps: bool,
    /// Whether what the stack did is said once for tests whose own lines nothing tells apart.
    pub(super) common: bool,
}

impl Shown {
    /// Returns the bounds for one of so many tests: a screen stays a screen.
    pub(super) fn each(self, tests: usize) -> Self {
        if tests < 2 {
            return self;
        }
        if self.named == usize::MAX {
            let lines = self.lines / tests.clamp(1, 20);
            return Self { lines, ..self };
        }
        Self {
            message: self.message * 3 / 4,
            lines: self.lines * 3 / 10,
            common: true,
            ..self
        }
    }
}
