//! The attribute `#[e2e_harness::test]`; see the crate `e2e-harness`.
//!
//! It looks at the signature's tokens, leaves the function as it is, and adds a registration
//! beside it. No parser of Rust is needed for that, so it builds fast.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;

mod expand;
mod options;
mod problem;
mod signature;
mod target;

/// Makes a function an end-to-end test; see `e2e_harness::test`.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    let test = options::read(options)
        .and_then(|options| signature::read(item.clone()).map(|signature| (options, signature)))
        .and_then(|(options, signature)| expand::test(&options, &signature));
    let addition = test.unwrap_or_else(|problem| problem.compile_error());
    // The function stays, so that a wrong attribute is the only thing that is reported.
    item.into_iter().chain(addition).collect()
}

/// The `main` of a test target; see `e2e_harness::main`.
#[proc_macro]
pub fn main(_: TokenStream) -> TokenStream {
    target::main()
}
