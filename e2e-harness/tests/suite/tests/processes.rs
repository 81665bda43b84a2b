//! Tests whose process does something after the test, or is started by one.

use std::env::current_exe;
use std::process::{Command, abort};

use e2e_harness::{BoxError, Fixture, Sandbox};

#[e2e_harness::test]
fn a_runs_its_own_binary() -> Result<(), BoxError> {
    let output = Command::new(current_exe()?).arg("--list").output()?;
    let list = String::from_utf8(output.stdout)?;
    assert!(output.status.success(), "{:?}", output.status);
    assert!(list.contains("a_runs_its_own_binary: test"), "{list}");
    Ok(())
}

/// Aborts when the process's first thread ends, as what is registered for a process's exit does.
struct Exit;

impl Drop for Exit {
    fn drop(&mut self) {
        abort();
    }
}

thread_local! {
    static EXIT: Exit = const { Exit };
}

/// Fixtures are made on that thread.
struct AtExit;

impl Fixture for AtExit {
    async fn set_up(_: &Sandbox) -> Result<Self, BoxError> {
        EXIT.with(|_| ());
        Ok(Self)
    }
}

#[e2e_harness::test]
fn b_passes_and_then_aborts(_fixture: &AtExit) {}

#[e2e_harness::test(should_panic(expected = "as it should"), retries = 1)]
fn c_panics_as_it_should_and_then_aborts(_fixture: &AtExit) {
    panic!("as it should");
}

e2e_harness::main!();
