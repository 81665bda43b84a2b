//! One test for each way a test can end that leaves its process alive.

use std::future::pending;
use std::time::Duration;

use e2e_harness::{BoxError, Fixture, Sandbox};

mod deeper {
    pub(crate) mod still {
        #[e2e_harness::test]
        fn passes_in_a_module() {}
    }
}

/// Says when it is made and closed.
#[derive(Clone)]
struct Loud;

impl Fixture for Loud {
    async fn set_up(_: &Sandbox) -> Result<Self, BoxError> {
        eprintln!("loud is made");
        Ok(Self)
    }

    async fn close(&self) -> Result<(), BoxError> {
        eprintln!("loud is closed");
        Ok(())
    }
}

/// Can't be made.
struct Broken;

impl Fixture for Broken {
    async fn set_up(_: &Sandbox) -> Result<Self, BoxError> {
        Err("no such account".into())
    }
}

/// Can't be closed.
struct Sticky;

impl Fixture for Sticky {
    async fn set_up(_: &Sandbox) -> Result<Self, BoxError> {
        Ok(Self)
    }

    async fn close(&self) -> Result<(), BoxError> {
        Err("it sticks".into())
    }
}

/// Can only be debugged.
#[derive(Debug)]
#[expect(dead_code, reason = "it is there to be debugged")]
struct Odd(u8);

#[e2e_harness::test]
fn passes() {
    println!("nobody wants to see this");
}

#[e2e_harness::test]
async fn passes_async(sandbox: Sandbox, _loud: Loud) -> anyhow::Result<()> {
    let inner = async { sandbox.step("inner", async { anyhow::Ok(1) }).await };
    let one = sandbox.step("outer", inner).await?;
    anyhow::ensure!(one == 1);
    Ok(())
}

#[e2e_harness::test(cases(eur("EUR", 3), pound("GBP", 3)))]
fn currency(_loud: &Loud, name: &str, length: usize) {
    assert_eq!(name.len(), length);
}

#[e2e_harness::test]
async fn fails_at_a_step(sandbox: &Sandbox, _loud: &Loud) -> anyhow::Result<()> {
    sandbox
        .step("place an order", async { anyhow::Ok(()) })
        .await?;
    let charge = async {
        let refused = async { anyhow::bail!("refused") };
        sandbox.step("charge the card", refused).await
    };
    sandbox.step("pay it", charge).await
}

#[e2e_harness::test]
fn fails_oddly() -> Result<(), Odd> {
    Err(Odd(7))
}

#[e2e_harness::test]
async fn panics_at_a_step(sandbox: Sandbox, _loud: Loud) -> anyhow::Result<()> {
    let rows: [u8; 0] = [];
    let look = async { Ok::<_, BoxError>(*rows.first().expect("a row")) };
    let _ = sandbox.step("look for it", look).await;
    Ok(())
}

#[e2e_harness::test(timeout = 0.2)]
async fn hangs(sandbox: Sandbox, _loud: Loud) -> Result<(), BoxError> {
    sandbox.step("wait for ever", pending()).await
}

#[e2e_harness::test(timeout = 0.2)]
fn blocks(_loud: Loud) {
    std::thread::sleep(Duration::from_hours(1));
}

#[e2e_harness::test(should_panic(expected = "overdrawn"))]
fn panics_as_it_should() {
    panic!("the account is overdrawn");
}

#[e2e_harness::test(should_panic(expected = "overdrawn"))]
fn panics_otherwise() {
    panic!("no such account");
}

#[e2e_harness::test(should_panic)]
fn does_not_panic() {}

#[e2e_harness::test]
fn has_a_broken_fixture(_broken: &Broken) {}

#[e2e_harness::test]
fn has_a_sticky_fixture(_sticky: &Sticky) {}

#[e2e_harness::test(retries = 2)]
fn passes_on_the_second_try(sandbox: &Sandbox) -> anyhow::Result<()> {
    let been_here = sandbox.artifacts()?.join("been-here");
    anyhow::ensure!(
        been_here.exists() || std::fs::write(&been_here, "").is_err(),
        "the first try"
    );
    Ok(())
}

#[e2e_harness::test(ignore = "issue 12")]
fn is_ignored() {
    panic!("it runs only when asked to");
}

#[e2e_harness::test]
fn wants_words() -> anyhow::Result<()> {
    Err(anyhow::anyhow!("one word").context("two words"))
}

e2e_harness::main!();
