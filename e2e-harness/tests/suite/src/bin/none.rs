//! A harness whose tests were forgotten.

e2e_harness::main!();
