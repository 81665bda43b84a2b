use e2e_harness::{BoxError, Fixture, Sandbox};

struct Plain;

#[e2e_harness::test]
fn not_a_fixture(_plain: &Plain) {}

#[e2e_harness::test]
async fn not_a_result() -> u8 {
    1
}

#[e2e_harness::test(cases(one("text")))]
fn not_that_type(_n: u8) {}

struct NotClone;

impl Fixture for NotClone {
    async fn set_up(_: &Sandbox) -> Result<Self, BoxError> {
        Ok(Self)
    }
}

#[e2e_harness::test]
fn not_clone(_fixture: NotClone) {}

e2e_harness::main!();
