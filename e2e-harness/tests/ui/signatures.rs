#[e2e_harness::test]
fn generic<T>(_value: T) {}

#[e2e_harness::test]
const fn constant() {}

#[e2e_harness::test]
unsafe fn dangerous() {}

#[e2e_harness::test]
extern "C" fn foreign() {}

struct Suite;

impl Suite {
    #[e2e_harness::test]
    fn method(&self) {}
}

#[e2e_harness::test]
struct NoFunction;

#[e2e_harness::test]
fn changes_it(_sandbox: &mut e2e_harness::Sandbox) {}

#[e2e_harness::test]
#[should_panic]
fn mixes_harnesses() {}

e2e_harness::main!();
