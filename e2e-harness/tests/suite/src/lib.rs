//! What test targets share, with a test of its own; `tests/` are the package's point.

/// A module that a target may have under the same name.
pub mod smoke {
    /// Whoever calls it has this crate's tests.
    pub fn is_linked() {}

    #[e2e_harness::test]
    fn works() {}
}
