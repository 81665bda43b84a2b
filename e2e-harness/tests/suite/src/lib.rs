//! Nothing: the package is there for its test targets, and for a binary without a test.
