//! Tests of one name: only one of them could be asked for.

use harness_suite::smoke as shared;

/// Called as one of a crate that several targets share.
mod smoke {
    #[e2e_harness::test]
    fn works() {
        super::shared::is_linked();
    }
}

/// A function is no module.
fn _outer() {
    #[e2e_harness::test]
    fn twin() {}
}

fn _other() {
    #[e2e_harness::test]
    fn twin() {
        panic!("nobody runs this one");
    }
}

e2e_harness::main!();
