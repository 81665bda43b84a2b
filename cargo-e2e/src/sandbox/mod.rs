//! One sandbox on a host: its folder, its jobs, its containers, its end.
//!
//! Everything that the host does for a sandbox is one of the scripts below; the order in which
//! they run is the lifecycle's business.

/// Pieces of scripts, one behind the other.
macro_rules! pieces {
    ($($file:literal),*) => {
        concat!($(
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/host/sh/", $file, ".sh"))
        ),*)
    };
}

/// A script that works on sandboxes: its pieces, with what opens them, and a line that calls them.
macro_rules! script {
    ($name:expr $(, $file:literal)* $(; $call:literal)?) => {
        $crate::host::Script::new($name, concat!(pieces!("sandbox" $(, $file)*) $(, $call)?))
    };
}

/// What opens the scripts that take down other sandboxes than the one they are for: all of
/// teardown as `take_down`, and `gc`.
macro_rules! reaper {
    () => {
        concat!(
            pieces!(
                "sandbox",
                "arm",
                "labels",
                "mounts",
                "storage",
                "workspace",
                "give_back",
                "queue",
                "engine"
            ),
            "take_down() (\n",
            pieces!("sweep", "first_sweep", "teardown"),
            "\n)\n",
            pieces!("gc"),
        )
    };
}

mod addresses;
mod choose;
mod claim;
pub mod compose;
mod container;
mod containers;
pub mod docker_shim;
mod ended;
mod enter;
mod exits;
mod files;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod gc;
mod guard;
mod identity;
mod image_store;
mod job;
mod lease;
mod list;
mod long_log;
pub mod pull;
mod queue;
mod room;
mod services;
mod state;
mod teardown;
mod turn;
mod vacancy;
pub mod variables;
mod workspace;

use std::time::Duration;

use crate::host::{self, Host, HostError, Output, Script};

pub use choose::{Asker, ChooseError, choose};
pub use claim::Claim;
pub use container::{Container, OwnCheck};
pub use containers::Containers;
pub use ended::ended_sandboxes;
pub use files::Content;
pub use gc::{Expired, Forget, Forgotten, Gc, Stored, Swept, gc};
pub use guard::{Owner, Terms};
pub use identity::Identity;
pub use lease::{Lease, LeaseLost};
#[cfg(test)]
pub use list::Counts;
pub use list::{Listed, ListedState, Listing, list, list_folders};
pub use long_log::{Collected, LongLog};
pub use queue::{Place, Request};
pub use room::make_room;
pub use state::{Existing, State};
pub use teardown::teardown;
pub use turn::{NotEntered, Occupant, Predecessor};
pub use vacancy::{Vacancy, Warmth};
pub use workspace::Taken;

/// The status of scripts that have nothing to work on any more.
pub(crate) const GONE: i32 = 76;
const SOON: Duration = Duration::from_secs(30);

/// Bytes: `collect` gathers shorter logs whole, and the end of longer ones.
const SHORT_LOG: usize = 1 << 20;

/// Returns whether a text can be a run's id: it becomes part of paths and filters.
pub fn is_run_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    text.len() == 26 && text.bytes().all(fits)
}

/// A sandbox that exists on a host.
#[derive(Debug, Clone)]
pub struct Sandbox {
    pub identity: Identity,
    /// The tool's folder on the host.
    pub root: String,
    /// When it expires, in seconds since 1970 by the host's clock.
    pub expires: u64,
    /// How long it outlives the last word of its client.
    pub lease: Duration,
    /// The run that is in it: the one that made it, or one that goes on with it.
    pub visitor: Visitor,
}

/// A run that is in a sandbox. One at a time is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    pub run: String,
    /// Who runs it, for others who wait.
    pub who: String,
}

impl Sandbox {
    /// Returns the sandbox's folder on the host.
    pub fn dir(&self) -> String {
        format!("{}/sandboxes/{}", self.root, self.identity.run_id)
    }

    /// Returns the workspace in it, which has the repo.
    pub fn repo_dir(&self) -> String {
        format!("{}/repo", self.dir())
    }

    /// Returns the labels that everything it makes carries, as a compose file has them.
    pub fn labels(&self, owner: u32) -> Vec<(String, String)> {
        vec![
            ("cargo-e2e.run".to_owned(), self.identity.run_id.clone()),
            ("cargo-e2e.repo".to_owned(), self.identity.slug.clone()),
            ("cargo-e2e.owner".to_owned(), owner.to_string()),
            ("cargo-e2e.expires".to_owned(), self.expires.to_string()),
            // Another of this user's folders on the same engine leaves it alone. Compose takes a
            // dollar for a variable.
            ("cargo-e2e.root".to_owned(), self.root.replace('$', "$$")),
        ]
    }

    fn bind(&self, script: Script) -> Script {
        script
            .var("root", &self.root)
            .var("id", &self.identity.run_id)
            .var("run", &self.visitor.run)
    }

    /// Writes a file of the sandbox's folder, readable by its user alone.
    pub async fn put(&self, host: &dyn Host, file: &str, content: &[u8]) -> Result<(), HostError> {
        let script = self.bind(script!("put", "put")).var("file", file);
        succeed(host, &script, content).await.map(drop)
    }

    /// Of these paths in the workspace, those that do not exist.
    pub async fn missing(
        &self,
        host: &dyn Host,
        paths: impl Iterator<Item = &str>,
    ) -> Result<Vec<String>, HostError> {
        let script = self.bind(script!("exists", "exists"));
        let output = succeed(host, &script, &terminated(paths)).await?;
        Ok(unterminated(&output.stdout))
    }

    /// Makes folders in the workspace.
    pub async fn make_folders(
        &self,
        host: &dyn Host,
        paths: impl Iterator<Item = &str>,
    ) -> Result<(), HostError> {
        let script = self.bind(script!("folders", "folders"));
        succeed(host, &script, &terminated(paths)).await.map(drop)
    }

    /// Ends the jobs of the run that is in it, with everything in their sessions.
    pub async fn stop(&self, host: &dyn Host) -> Result<(), HostError> {
        self.stop_jobs(host, "own").await
    }

    /// Ends what earlier runs left running, too.
    pub async fn stop_all(&self, host: &dyn Host) -> Result<(), HostError> {
        self.stop_jobs(host, "any").await
    }

    async fn stop_jobs(&self, host: &dyn Host, whose: &str) -> Result<(), HostError> {
        let script = self
            .bind(script!("stop", "jobs", "stop"))
            .var("whose", whose)
            .var("grace", "5");
        succeed(host, &script, b"").await.map(drop)
    }

    /// Asks for published ports, all or none.
    ///
    /// A port is `tcp/5432` or `udp/53`.
    pub async fn claim(&self, host: &dyn Host, ports: &[String]) -> Result<Claim, HostError> {
        let script = self
            .bind(script!("ports", "taken", "ports"))
            .var("ports", ports.join(" "));
        // The shell splits the numbers itself.
        let output = succeed(host, &script, b"").await?;
        Claim::parse(&output.text())
            .ok_or_else(|| unexpected(host, &script, format!("it said: {}", output.text())))
    }

    /// Gives the sandbox free ports of its own, for as long as it lives; fewer than asked for when
    /// there are no more. Each of the groups is that many numbers in a row.
    pub async fn allocate(
        &self,
        host: &dyn Host,
        groups: &[usize],
        avoid: &[u16],
    ) -> Result<Vec<u16>, HostError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let groups: Vec<String> = groups.iter().map(usize::to_string).collect();
        let avoid: Vec<String> = avoid.iter().map(u16::to_string).collect();
        let script = self
            .bind(script!("allocate", "engine", "taken", "allocate"))
            .var("groups", groups.join(" "))
            .var("avoid", avoid.join(" "));
        let output = succeed(host, &script, b"").await?;
        let text = output.text();
        Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
    }

    /// Removes what a failed `up` has made, and keeps the sandbox.
    pub async fn reset(&self, host: &dyn Host) -> Result<(), HostError> {
        let script = self.bind(script!("reset", "labels", "engine", "sweep", "reset"));
        let limit = Duration::from_mins(2);
        succeed_within(host, &script, b"", limit).await.map(drop)
    }

    /// Returns the script that shows containers as they change.
    pub fn watch_script(&self) -> Script {
        self.bind(script!("watch", "ended", "engine", "containers", "watch"))
    }

    /// Returns the script that runs probes; `calls` are lines such as `http_probe …`.
    pub fn probe_script(&self, calls: &str) -> Script {
        let script = script!("probes", "ended", "engine", "listeners", "probes"; "\neval \"$calls\"\nwait\n");
        self.bind(script).var("calls", calls)
    }

    /// Returns the last lines of one container's log.
    pub async fn last_lines(
        &self,
        host: &dyn Host,
        container: &str,
        lines: u32,
    ) -> Result<String, HostError> {
        let script = self
            .bind(script!("logs", "last_lines"))
            .var("container", container)
            .var("lines", lines.to_string());
        Ok(succeed(host, &script, b"").await?.text())
    }

    /// Returns every container as it is now.
    pub async fn inspect(&self, host: &dyn Host) -> Result<Containers, HostError> {
        let script = self.bind(script!("inspect", "engine", "containers"; "containers\n"));
        let output = succeed(host, &script, b"").await?;
        Ok(Containers::read(&output.text()))
    }

    /// Gathers logs and states in files of the sandbox's folder. Where it is `over`, its containers
    /// are ended meanwhile.
    pub async fn collect(
        &self,
        host: &dyn Host,
        deadline: Duration,
        over: bool,
    ) -> Result<Collected, HostError> {
        let script = self
            .bind(script!(
                "collect",
                "engine",
                "containers",
                "usage",
                "collect"
            ))
            .var("most", SHORT_LOG.to_string())
            .var("over", if over { "yes" } else { "" });
        let output = succeed_within(host, &script, b"", deadline).await?;
        Ok(Collected::read(&output.text()))
    }

    /// Returns the script that prints the whole of a long log; `packed` in gzip's format, where the
    /// host has it.
    pub fn long_log_script(&self, container: &str, packed: bool) -> Script {
        self.bind(script!("the log", "long_log"))
            .var("container", container)
            .var("packed", if packed { "yes" } else { "" })
    }
}

async fn succeed(host: &dyn Host, script: &Script, input: &[u8]) -> Result<Output, HostError> {
    succeed_within(host, script, input, SOON).await
}

async fn succeed_within(
    host: &dyn Host,
    script: &Script,
    input: &[u8],
    deadline: Duration,
) -> Result<Output, HostError> {
    let output = host::run(host, script, input, deadline).await?;
    check(host, script, output)
}

/// A script ended well, and its answer is none.
fn unexpected(host: &dyn Host, script: &Script, said: impl Into<String>) -> HostError {
    HostError::Script {
        host: host.name().to_owned(),
        doing: script.name(),
        status: 0,
        stderr: said.into(),
    }
}

/// There is no sandbox any more, and the last line of `said` is why.
fn gone(host: &dyn Host, said: &str) -> HostError {
    HostError::Lease {
        host: host.name().to_owned(),
        why: said.lines().last().unwrap_or_default().to_owned(),
    }
}

/// Returns what a script said, unless its status is none of its own.
pub(crate) fn check(host: &dyn Host, script: &Script, output: Output) -> Result<Output, HostError> {
    if output.status == 0 {
        return Ok(output);
    }
    let said = crate::text::printable(&output.stderr);
    if output.status == GONE {
        return Err(gone(host, &said));
    }
    // Its last words; the rest would bury them.
    let lines: Vec<&str> = said.lines().collect();
    Err(HostError::Script {
        host: host.name().to_owned(),
        doing: script.name(),
        status: output.status,
        stderr: lines[lines.len().saturating_sub(10)..].join("\n"),
    })
}

/// Returns paths that have a NUL behind each.
fn unterminated(paths: &[u8]) -> Vec<String> {
    let paths = paths.split(|byte| *byte == 0);
    let paths = paths.filter(|path| !path.is_empty());
    let paths = paths.map(|path| String::from_utf8_lossy(path).into_owned());
    paths.collect()
}

/// Returns each path with a NUL behind it.
fn terminated<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<u8> {
    paths.flat_map(|path| path.bytes().chain([0])).collect()
}
