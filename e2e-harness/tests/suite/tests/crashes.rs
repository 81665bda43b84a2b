//! Tests that take their process with them.

use std::process::{Command, abort, exit};

use e2e_harness::{BoxError, Sandbox};

#[e2e_harness::test]
fn a_passes() {}

#[e2e_harness::test]
async fn b_aborts(sandbox: Sandbox) -> Result<(), BoxError> {
    println!("the last words");
    sandbox.step("jump", async { abort() }).await
}

#[e2e_harness::test]
fn c_exits() {
    exit(3);
}

/// Also a success is not one in the middle of a test.
#[e2e_harness::test]
fn d_exits_with_zero() {
    exit(0);
}

/// What it starts holds the pipe for an hour.
#[e2e_harness::test]
fn e_leaves_a_process_behind() -> Result<(), BoxError> {
    let child = Command::new("sleep").arg("3600").spawn()?;
    println!("left behind: {}", child.id());
    Err("look at the output".into())
}

#[e2e_harness::test]
fn f_passes() {}

/// Waits to be ended from outside.
#[e2e_harness::test(ignore = "it never ends")]
fn waits() -> Result<(), BoxError> {
    let draft = std::env::temp_dir().join("draft");
    std::fs::write(&draft, std::process::id().to_string())?;
    std::fs::rename(draft, std::env::temp_dir().join("waits"))?;
    loop {
        std::thread::park();
    }
}

e2e_harness::main!();
