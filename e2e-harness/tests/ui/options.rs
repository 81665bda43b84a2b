#[e2e_harness::test(timeuot = 3)]
fn misspelt() {}

#[e2e_harness::test(colour = "red")]
fn unknown() {}

#[e2e_harness::test(timeout = "2m")]
fn wrong_time() {}

#[e2e_harness::test(timeout = 0)]
fn no_time() {}

#[e2e_harness::test(retries = -1)]
fn wrong_count() {}

#[e2e_harness::test(ignore)]
fn no_reason() {}

#[e2e_harness::test(should_panic = "oh")]
fn wrong_panic() {}

#[e2e_harness::test(should_panic(message = "oh"))]
fn other_panic() {}

#[e2e_harness::test(serial)]
fn no_group() {}

#[e2e_harness::test(exclusive = true)]
fn too_much() {}

#[e2e_harness::test(needs = "db")]
fn no_list() {}

#[e2e_harness::test(needs = [db])]
fn no_text() {}

#[e2e_harness::test(exclusive, retries = 1, exclusive)]
fn twice() {}

#[e2e_harness::test("exclusive")]
fn no_option() {}

e2e_harness::main!();
