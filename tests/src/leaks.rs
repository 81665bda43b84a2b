//! What a run left behind.
//!
//! Beside other tests only what can be told to be a run's is looked at ([`Trace`]); alone on
//! the machine everything is compared ([`Everything`]): what nobody labelled shows only there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::lab::Host;
use crate::machine;

/// The variable that marks every process that a run starts on this machine.
pub(crate) const MARK: &str = "E2E_TESTS_RUN";
/// A process that was killed may take this long to be gone. Docker's things may not: teardown
/// looks at them itself before it says that nothing is left.
const DYING: Duration = Duration::from_secs(5);
/// How long everything together may take to be as it was: engines remove links behind our back.
const SETTLING: Duration = Duration::from_secs(10);

/// By what the things of one run can be known.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) host: Host,
    pub(crate) mark: String,
    /// Where ssh's control folders go.
    pub(crate) runtime: PathBuf,
    /// Where temporary files go.
    pub(crate) temporary: PathBuf,
    pub(crate) bundle: Option<PathBuf>,
    slug: String,
}

impl Trace {
    pub(crate) fn new(host: Host, slug: &str, number: u32) -> Self {
        let mark = format!("{slug}.{number}");
        let own = machine::folder().join(&mark);
        let (runtime, temporary) = (own.join("r"), own.join("t"));
        for folder in [&own, &runtime, &temporary] {
            fs::create_dir(folder).expect("a fresh folder");
        }
        Self {
            host,
            mark,
            runtime,
            temporary,
            bundle: None,
            slug: slug.to_owned(),
        }
    }

    /// What is left, a line each. Processes get a moment to be gone.
    pub(crate) fn left(&self) -> Vec<String> {
        let deadline = Instant::now() + DYING;
        loop {
            let left = self.look();
            let dying = left.iter().all(|what| what.contains(": process "));
            if left.is_empty() || !dying || Instant::now() > deadline {
                return left;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn look(&self) -> Vec<String> {
        let mut left = self.on(Host::Local);
        if self.host != Host::Local {
            left.extend(self.on(self.host));
        }
        // A master whose folder is gone still has its socket, whatever it calls itself.
        let runtime = self.runtime.to_string_lossy();
        let sockets = unix_sockets().filter(|socket| socket.contains(&*runtime));
        left.extend(sockets.map(|socket| format!("here: socket {socket}")));
        for folder in [&self.runtime, &self.temporary] {
            left.extend(files_below(folder).map(|path| format!("here: {}", path.display())));
        }
        left
    }

    fn on(&self, host: Host) -> Vec<String> {
        let bundle = self.bundle.as_ref();
        let run_id = bundle
            .and_then(|bundle| bundle.file_name()?.to_str())
            .unwrap_or(&self.mark);
        let project = format!("e2e-{}-{}", self.slug, &run_id[run_id.len() - 8..]);
        let mut names = self.anonymous_volumes();
        names.extend([run_id.to_owned(), project]);
        let mut marks = in_base64(run_id);
        marks.extend([run_id.to_owned(), self.mark.clone()]);
        let looked = host.sh(&format!(
            "{DOCKER_HAS}{PROCESSES}\
             find {root} /tmp -maxdepth 2 ! -path '/tmp/e2e-tests-*' ! -path '*/ended/*' -name '*{run_id}*' -printf 'file %p\\n' 2>/dev/null\n\
             find /proc/[0-9]*/cwd -maxdepth 0 -lname '{root}/sandboxes/{run_id}*' -printf 'process %h in %l\n' 2>/dev/null\n\
             processes <<'END'\n{marks}\nEND\n",
            root = host.root(),
            marks = marks.join("\n"),
        ));
        assert_eq!(looked.code, Some(0), "no look at {}\n{looked}", host.name());
        let is_ours = |line: &String| {
            line.starts_with("process ") || names.iter().any(|name| line.contains(name.as_str()))
        };
        let at = |line| format!("on {}: {line}", host.name());
        let lines = lines_of(&looked.stdout).into_iter();
        lines.filter(is_ours).map(at).collect()
    }

    /// Anonymous volumes carry no label, but the containers that had them were looked at.
    fn anonymous_volumes(&self) -> Vec<String> {
        let Some(bundle) = &self.bundle else {
            return Vec::new();
        };
        let files = fs::read_dir(bundle.join("inspect")).into_iter().flatten();
        let volumes = |text: Vec<u8>| {
            let containers: Value = serde_json::from_slice(&text).expect("inspect is JSON");
            let mounts = containers[0]["Mounts"].as_array().cloned();
            let mounts = mounts.into_iter().flatten();
            mounts.filter_map(|mount| Some(mount["Name"].as_str()?.to_owned()))
        };
        files
            .filter_map(|entry| fs::read(entry.ok()?.path()).ok())
            .flat_map(volumes)
            .collect()
    }
}

/// Everything that a run could leave on these hosts, whoever made it.
#[derive(Debug)]
#[must_use = "compare it"]
pub struct Everything {
    hosts: Vec<Host>,
    before: BTreeSet<String>,
}

impl Everything {
    /// As it is now. Only of use to who is [`crate::Alone`].
    #[track_caller]
    pub fn on(hosts: &[Host]) -> Self {
        Self {
            hosts: hosts.to_vec(),
            before: look_at_all(hosts),
        }
    }

    /// What was not there before, a line each.
    #[track_caller]
    #[must_use]
    pub fn added(&self) -> Vec<String> {
        let now = look_at_all(&self.hosts);
        now.difference(&self.before).cloned().collect()
    }

    /// Checks that nothing was added.
    #[track_caller]
    pub fn is_as_before(&self) {
        let deadline = Instant::now() + SETTLING;
        loop {
            let added = self.added();
            if added.is_empty() {
                return;
            }
            let late = Instant::now() > deadline;
            assert!(!late, "left behind:\n{}", added.join("\n"));
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

#[track_caller]
fn look_at_all(hosts: &[Host]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for host in hosts {
        // What the tool keeps on purpose: the repo's idle workspaces and cache, records, why a
        // guard took something down, and empty lock files.
        let looked = host.says(&format!(
            "{DOCKER_HAS}{PROCESSES}\
             docker image ls -aq --no-trunc | sed 's/^/image-id /'\n\
             find {root} -mindepth 1 -maxdepth 2 ! -path '*/locks/ports' \
               ! -path '*/locks/gc*' \
               ! -path '*/mirrors/*' ! -path '*/syncs/*' ! -path '*/workspaces/[!g]*' ! -path '*/cache/*' ! -path '*/ended/*' ! -path '*/runs/*' -printf 'file %p\\n'\n\
             find /tmp/cargo-e2e-* -mindepth 1 -maxdepth 1 -printf 'control %p\\n' 2>/dev/null\n\
             ip -o link | awk '{{ print \"link\", $2 }}'\n\
             ss -Hltn | awk '{{ print \"listening\", $4 }}'\n\
             processes <<'END'\nCARGO_E2E_RUN=\ncargo-e2e/sandboxes/\nEND\n",
            root = host.root(),
        ));
        let lines = lines_of(&looked).into_iter();
        all.extend(lines.map(|line| format!("on {}: {line}", host.name())));
    }
    let ours = |socket: &String| socket.contains("cargo-e2e");
    let sockets = unix_sockets().filter(ours);
    all.extend(sockets.map(|socket| format!("here: socket {socket}")));
    all
}

/// All that Docker has, a JSON document a line. Asked of the engine itself: this is done after each
/// run, and Docker's program takes ten times as long to start.
const DOCKER_HAS: &str = r"
curl -sSf --max-time 30 --unix-socket /var/run/docker.sock --fail-early 'http://docker/containers/json?all=1' \
  http://docker/networks http://docker/volumes 'http://docker/images/json?all=1' || exit 1
";
const KINDS: [&str; 4] = ["container", "network", "volume", "image"];

/// Returns what a script says that begins with [`DOCKER_HAS`], a line each thing: its kind, names and
/// labels.
fn lines_of(said: &str) -> Vec<String> {
    let mut lines = said.lines();
    let mut all = Vec::new();
    for (kind, document) in KINDS.into_iter().zip(&mut lines) {
        let document: Value = serde_json::from_str(document).expect("the engine's JSON");
        let list = document.get("Volumes").unwrap_or(&document);
        for thing in list.as_array().into_iter().flatten() {
            let names = ["Names", "Name", "RepoTags"].map(|key| thing[key].to_string());
            let names = names.into_iter().find(|name| name != "null");
            let names = names.unwrap_or_else(|| thing["Id"].to_string());
            all.push(format!("{kind} {names} {}", thing["Labels"]));
        }
    }
    all.extend(lines.map(str::to_owned));
    all
}

/// `processes` shows those that have a line of standard input in their environment or arguments.
const PROCESSES: &str = r#"
processes() {
  grep -lsF -f - /proc/[0-9]*/environ /proc/[0-9]*/cmdline | cut -d / -f 3 | sort -u |
    while read -r pid; do
      said=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | head -c 200)
      [ -z "$said" ] || printf 'process %s %s\n' "$pid" "$said"
    done
}
"#;

fn unix_sockets() -> impl Iterator<Item = String> {
    let sockets = fs::read_to_string("/proc/net/unix").expect("Linux has it");
    let path = |line: &str| Some(line.split_whitespace().nth(7)?.to_owned());
    let paths: Vec<String> = sockets.lines().filter_map(path).collect();
    paths.into_iter()
}

fn files_below(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // The tool's own parent of its control folders stays.
            let is_parent = path.ends_with("cargo-e2e");
            if path.is_dir() {
                folders.push(path.clone());
            }
            if !is_parent {
                found.push(path);
            }
        }
    }
    found.into_iter()
}

/// How a text looks inside base64, at each of the three places where it may begin.
fn in_base64(text: &str) -> Vec<String> {
    let shifted = |shift| {
        let encoded = STANDARD.encode(format!("{}{text}", " ".repeat(shift)));
        // The ends hold bits of what is beside the text.
        let start = if shift == 0 { 0 } else { 4 };
        encoded[start..encoded.trim_end_matches('=').len() - 2].to_owned()
    };
    (0..3).map(shifted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_base64_wherever_it_begins() {
        for before in ["", "x", "xy", "xyz"] {
            for after in ["", "1", "12", "123"] {
                let whole = STANDARD.encode(format!("{before}01m81sffmyafq6bafzzaw76szw{after}"));
                let parts = in_base64("01m81sffmyafq6bafzzaw76szw");
                assert!(
                    parts.iter().any(|part| whole.contains(part)),
                    "{before:?} {after:?}"
                );
                assert!(parts.iter().all(|part| part.len() > 20));
            }
        }
    }
}
