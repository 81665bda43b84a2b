//! Runs one of [`cargo_e2e::fuzz`]'s targets, which `FUZZ_TARGET` names, under libFuzzer. Only
//! scripts/fuzz builds it whole: coverage takes flags that no other build wants.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod fuzzing {
    use std::sync::OnceLock;

    use cargo_e2e::fuzz::{Target, target};

    static TARGET: OnceLock<Target> = OnceLock::new();

    libfuzzer_sys::fuzz_target!(
        init: {
            let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
            let found = target(&name).unwrap_or_else(|| panic!("FUZZ_TARGET: no target `{name}`"));
            let _ = TARGET.set(found);
        },
        |data: &[u8]| if let Some(run) = TARGET.get() { run(data) }
    );
}

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("error: built without coverage\nhelp: make fuzz");
    std::process::exit(2);
}
