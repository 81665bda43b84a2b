//! Reads what a test function returned, whatever its error type can do.
//!
//! The macro writes `(&&&Said(error)).text()`; method lookup takes the first of these that the
//! type has: a boxed error, `Error`, `Display`, `Debug`.

use std::convert::Infallible;
use std::fmt::{Debug, Display};

use crate::chain;
use crate::error::BoxError;

/// What a test may return.
#[diagnostic::on_unimplemented(
    message = "a test can't return `{Self}`",
    label = "not `()` or `Result<(), E>`",
    note = "a test returns `()` or `Result<(), E>`, where `E` is `Debug` or `Display`"
)]
pub trait Returned {
    /// What it failed with.
    type Error;
    /// As a result.
    ///
    /// # Errors
    /// What the test returned.
    fn into_result(self) -> Result<(), Self::Error>;
}

impl Returned for () {
    type Error = Infallible;
    fn into_result(self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<E> Returned for Result<(), E> {
    type Error = E;
    fn into_result(self) -> Self {
        self
    }
}

/// An error to be shown.
pub struct Said<E>(pub E);

/// For boxed errors, which are not errors themselves.
pub trait ByBox {
    /// Returns the error and its sources.
    fn text(&self) -> String;
}
impl ByBox for &&Said<BoxError> {
    fn text(&self) -> String {
        chain(self.0.as_ref())
    }
}
impl ByBox for &&Said<Box<dyn std::error::Error>> {
    fn text(&self) -> String {
        chain(self.0.as_ref())
    }
}

/// For errors.
pub trait BySource {
    /// Returns the error and its sources.
    fn text(&self) -> String;
}
impl<E: std::error::Error + 'static> BySource for &&&Said<E> {
    fn text(&self) -> String {
        chain(&self.0)
    }
}

/// For what can only be shown.
pub trait ByDisplay {
    /// As shown; `anyhow` adds its chain with `#`.
    fn text(&self) -> String;
}
impl<E: Display> ByDisplay for &Said<E> {
    fn text(&self) -> String {
        format!("{:#}", self.0)
    }
}

/// For everything else.
pub trait ByDebug {
    /// As debugged.
    fn text(&self) -> String;
}
impl<E: Debug> ByDebug for Said<E> {
    fn text(&self) -> String {
        format!("{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "it is there to be debugged")]
    struct OnlyDebug(u8);

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    #[expect(clippy::needless_borrow, reason = "as the macro writes it")]
    fn each_error_is_said_as_well_as_it_can() {
        let outer = || Outer(std::io::Error::other("inner"));
        assert_eq!((&&&Said(OnlyDebug(3))).text(), "OnlyDebug(3)");
        assert_eq!((&&&Said("plain")).text(), "plain");
        assert_eq!((&&&Said(outer())).text(), "outer: inner");
        assert_eq!((&&&Said(BoxError::from(outer()))).text(), "outer: inner");
        let boxed: Box<dyn std::error::Error> = Box::new(outer());
        assert_eq!((&&&Said(boxed)).text(), "outer: inner");
        let any = anyhow::Error::from(outer()).context("most outer");
        assert_eq!((&&&Said(any)).text(), "most outer: outer: inner");
    }
}
