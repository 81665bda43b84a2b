//! Tests of other harnesses, which a target with `harness = false` compiles and never runs.

mod inner {
    #[tokio::test(flavor = "current_thread")]
    async fn never_runs() {}

    /// In a macro, it is what its calls make of it.
    #[allow(unused_macros)]
    macro_rules! checked {
        () => {
            #[test]
            fn never_called() {}
        };
    }
}

#[test]
#[ignore]
fn never_runs_either() {}

#[e2e_harness::test]
fn runs() {}

e2e_harness::main!();
