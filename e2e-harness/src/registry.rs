//! The tests of this binary, each put here before `main` by a constructor beside its function.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::body::Body;
use crate::fixture::Fixtures;

/// Tests, each with its name.
pub(crate) type Tests = [(String, &'static Definition)];

static TESTS: Mutex<Vec<&'static Definition>> = Mutex::new(Vec::new());

/// Makes a test's fixtures and gives what is to be run.
pub(crate) type Prepare =
    for<'a> fn(&'a mut Fixtures) -> Pin<Box<dyn Future<Output = Result<Body, String>> + Send + 'a>>;

/// A test, as the attribute saw it.
pub struct Definition {
    /// `module_path!()`.
    pub module: &'static str,
    /// The function.
    pub function: &'static str,
    /// `file!()`, of the function.
    pub file: &'static str,
    /// `line!()`, of the function.
    pub line: u32,
    /// The case, when there are several.
    pub case: Option<&'static str>,
    /// What the attribute said.
    pub options: Options,
    /// Fixtures, then the call.
    pub prepare: Prepare,
}

impl Definition {
    /// Returns the module's path without the crate's name, the function, the case.
    pub(crate) fn name(&self) -> String {
        let inner = self.module.split_once("::").map(|(_, inner)| inner);
        let parts = inner.into_iter().chain([self.function]).chain(self.case);
        parts.collect::<Vec<_>>().join("::")
    }

    /// Returns why it failed, with the function's place in the first line, which is all that a
    /// summary shows.
    pub(crate) fn place(&self, why: &str) -> String {
        let (first, rest) = why.split_at(why.find('\n').unwrap_or(why.len()));
        format!("{first} (test at {}:{}){rest}", self.file, self.line)
    }
}

/// The options of a test.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long the test and its fixtures may take.
    pub timeout: Duration,
    /// How often a failed test is tried again.
    pub retries: u32,
    /// Why it is not run.
    pub ignore: Option<&'static str>,
    /// That it panics, with this in the message.
    pub should_panic: Option<&'static str>,
    /// The group of which one runs at a time.
    pub serial: Option<&'static str>,
    /// That nothing runs beside it.
    pub exclusive: bool,
    /// Services and health checks awaited before it; none given: all health checks.
    pub needs: Option<&'static [&'static str]>,
}

impl Options {
    /// Nothing said.
    pub const DEFAULT: Self = Self {
        timeout: Duration::from_mins(1),
        retries: 0,
        ignore: None,
        should_panic: None,
        serial: None,
        exclusive: false,
        needs: None,
    };
}

/// Adds a test. Called before `main`, so it does nothing else.
pub fn register(test: &'static Definition) {
    let mut tests = TESTS.lock().unwrap_or_else(PoisonError::into_inner);
    tests.push(test);
}

/// Returns all tests, by name; those of one name by their place.
pub(crate) fn tests() -> Vec<(String, &'static Definition)> {
    let tests = TESTS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut tests: Vec<_> = tests.iter().map(|test| (test.name(), *test)).collect();
    tests.sort_by(|(one, here), (other, there)| {
        (one, here.file, here.line).cmp(&(other, there.file, there.line))
    });
    tests
}

/// Registers a static [`Definition`] through a constructor.
#[doc(hidden)]
#[macro_export]
macro_rules! __submit {
    ($test:ident) => {
        $crate::__private::ctor! {
            #[ctor(unsafe)]
            fn __register() {
                $crate::__private::register(&$test);
            }
        }
    };
}
