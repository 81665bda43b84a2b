//! The program under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::machine;

/// `cargo-e2e`, built when it is missing or older than its sources. `CARGO_E2E_BIN` names
/// another one, such as an installed one.
#[track_caller]
#[must_use]
pub fn cargo_e2e() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("CARGO_E2E_BIN") {
        Some(named) => PathBuf::from(named),
        None => beside_this_test(),
    })
}

/// The repo that these tests are part of.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ has a parent")
}

fn beside_this_test() -> PathBuf {
    // target/debug/deps/outcomes-0123, also where the target folder is elsewhere.
    let test = std::env::current_exe().expect("a test has a path");
    let profile_dir = test
        .ancestors()
        .find(|folder| folder.ends_with("deps"))
        .and_then(Path::parent)
        .expect("tests are in target/PROFILE/deps");
    let binary = profile_dir.join("cargo-e2e");
    let _one_build_at_a_time = machine::exclusive("build");
    if is_current(&binary) {
        return binary;
    }
    let target = profile_dir.parent().expect("target/PROFILE has a parent");
    let profile = match profile_dir.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "-p", "cargo-e2e", "--profile", profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(workspace())
        .status()
        .expect("cargo runs");
    assert!(built.success(), "cargo-e2e does not build");
    binary
}

fn is_current(binary: &Path) -> bool {
    let Ok(built) = binary.metadata().and_then(|data| data.modified()) else {
        return false;
    };
    ["cargo-e2e/src", "e2e-harness/src", "cargo-e2e/Cargo.toml"]
        .iter()
        .all(|part| newest(&workspace().join(part)) <= built)
}

fn newest(path: &Path) -> SystemTime {
    let own = path.metadata().and_then(|data| data.modified());
    let own = own.unwrap_or(SystemTime::UNIX_EPOCH);
    let entries = path.read_dir().into_iter().flatten().flatten();
    let inside = entries.map(|entry| newest(&entry.path()));
    inside.fold(own, SystemTime::max)
}
