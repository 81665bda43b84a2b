//! Variables that the tool reads where it was typed. The table of docs/src/reference/variables.md
//! is made of these lines, but for those that begin with "Internal". What tests see is in
//! `e2e_harness::protocol`; what any program knows (`HOME`, `PATH`, `TERM`) stays where it is read.

/// The host, where no option and no Cargo metadata names one.
pub const HOST: &str = "CARGO_E2E_HOST";
/// The same, after `CARGO_E2E_HOST` and Cargo metadata.
pub const RAILIANCE01_HOST: &str = "RAILIANCE01_HOST";
/// Another ssh config file than `~/.ssh/config`.
pub const SSH_CONFIG: &str = "CARGO_E2E_SSH_CONFIG";
/// Seconds to wait for a connection to the host (60); it also limits the making of a sandbox.
pub const CONNECT_TIMEOUT: &str = "CARGO_E2E_CONNECT_TIMEOUT";
/// How many sandboxes may be up on a host at a time, in place of what its processors and memory
/// give; set on the host itself, it counts for all.
pub const MAX_SANDBOXES: &str = "CARGO_E2E_MAX_SANDBOXES";
/// An image with `sh` that holds the slots of a swarm, in place of `busybox:1`; a name that the manager
/// and all nodes know. Set on the manager itself, it counts for all.
pub const SWARM_IMAGE: &str = "CARGO_E2E_SWARM_IMAGE";
/// The state-hub's address; without it nothing is sent.
pub const STATE_HUB_URL: &str = "STATE_HUB_URL";
/// The token for the state-hub.
pub const STATE_HUB_TOKEN: &str = "STATE_HUB_TOKEN";
/// Another path there than `/progress`.
pub const STATE_HUB_PROGRESS_PATH: &str = "STATE_HUB_PROGRESS_PATH";
/// Where records are kept, in place of `~/.local/state`.
pub const STATE_HOME: &str = "XDG_STATE_HOME";
/// Where cargo-e2e/config.toml is looked for, in place of `~/.config`.
pub const CONFIG_HOME: &str = "XDG_CONFIG_HOME";
/// Where is kept what can be made again, in place of `~/.cache`.
pub const CACHE_HOME: &str = "XDG_CACHE_HOME";
/// Where sockets are kept while a command uses them.
pub const RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";
/// With a value other than `false`, no live view: lines only.
pub const CI: &str = "CI";
/// With `true`, failures become annotations of a job of GitHub Actions.
pub const GITHUB_ACTIONS: &str = "GITHUB_ACTIONS";
/// The file to which a job's summary is appended.
pub const GITHUB_STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// The folder in which paths of annotations begin.
pub const GITHUB_WORKSPACE: &str = "GITHUB_WORKSPACE";
/// Internal: the mark of processes that end with a sandbox or a command.
pub const RUN: &str = "CARGO_E2E_RUN";
/// Internal: the lease in seconds, for tests, which have no minute to wait.
pub const LEASE: &str = "CARGO_E2E_LEASE";
/// Internal: `STAGE:FILE`, where a test holds a run still.
pub const FAILPOINT: &str = "CARGO_E2E_FAILPOINT";

/// Returns what a variable says; an empty one is as good as none.
pub fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
