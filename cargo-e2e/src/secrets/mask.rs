//! What is shown instead of a secret, and from which length on.

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// A named secret that is shorter than this is not masked: it would stand everywhere.
pub const SHORTEST: usize = 4;
