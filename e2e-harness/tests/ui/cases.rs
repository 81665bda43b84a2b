#[e2e_harness::test(cases(one(1), one(2)))]
fn same_name(_n: u8) {}

#[e2e_harness::test(cases(one(1), two(2, 3)))]
fn other_count(_n: u8) {}

#[e2e_harness::test(cases(one(1, 2)))]
fn too_few_arguments(_n: u8) {}

#[e2e_harness::test(cases("one"))]
fn no_case(_n: u8) {}

#[e2e_harness::test(cases())]
fn none(_n: u8) {}

e2e_harness::main!();
