//! Two functions of one name and one module: only one of them could be asked for.

const _: () = {
    #[e2e_harness::test]
    fn twin() {}
};

const _: () = {
    #[e2e_harness::test]
    fn twin() {
        panic!("nobody runs this one");
    }
};

e2e_harness::main!();
