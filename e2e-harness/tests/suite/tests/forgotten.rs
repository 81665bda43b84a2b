//! A target without `harness = false`.

#[e2e_harness::test]
fn never_runs() {}

e2e_harness::main!();
