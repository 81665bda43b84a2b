//! Cross-crate tests of cargo-e2e against real Docker, ssh and rsync.
