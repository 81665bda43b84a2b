//! The documents say what is: every command in them is run, every name in them exists.
//!
//! A block with `sh` is run, with one of these after it:
//! nothing: in a copy of the README's repo `hello`; `checkout`: in this checkout; `dry`: in this
//! checkout, with `make -n` for `make`; `no-run: reason`: not run, and named in [`NOT_RUN`].
//! `file=path` writes a file of `hello`. The blocks of one `##` section share a shell.
//! Needs the lab: `tests/lab/up`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

const HOST: &str = "railiance01";

/// Blocks that can't be run by nature: the document, and the first command.
const NOT_RUN: &[(&str, &str)] = &[
    ("README.md", "cargo install --path cargo-e2e"),
    (
        "RUNBOOK.md",
        "sudo apt-get install docker.io docker-cli docker-compose docker-buildx rsync curl",
    ),
];

const DOCUMENTS: &[&str] = &["README.md", "RUNBOOK.md", "ARCHITECTURE.md", "CHANGELOG.md"];

// --- documents ---------------------------------------------------------------

#[derive(Debug)]
struct Block {
    section: String,
    /// The words after the fence.
    info: String,
    line: usize,
    text: String,
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ is in the workspace").into()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The fenced blocks of a document, and the lines outside of them.
fn parse(name: &str) -> (Vec<Block>, Vec<String>) {
    let (mut blocks, mut prose) = (Vec::new(), Vec::new());
    let (mut section, mut open) = (String::new(), None::<Block>);
    for (index, line) in read(name).lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block {
                    section: section.clone(),
                    info: info.trim().to_owned(),
                    line: index + 1,
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ") {
                    title.clone_into(&mut section);
                }
                prose.push(line.to_owned());
            }
        }
    }
    assert!(open.is_none(), "{name}: a block is not closed");
    (blocks, prose)
}

/// The lines below a heading, up to the next one of its level or above.
fn section<'a>(prose: &'a [String], heading: &str) -> Vec<&'a str> {
    let level = heading.bytes().take_while(|byte| *byte == b'#').count();
    let ends = |line: &&String| {
        let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
        (1..=level).contains(&hashes)
    };
    let start = prose.iter().position(|line| line == heading);
    let start = start.unwrap_or_else(|| panic!("there is no `{heading}`")) + 1;
    let rest = prose[start..].iter();
    rest.take_while(|line| !ends(line))
        .map(String::as_str)
        .collect()
}

/// What stands between backticks, one or two of them.
fn code_spans(line: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let ticks = if rest[start..].starts_with("``") {
            "``"
        } else {
            "`"
        };
        let after = &rest[start + ticks.len()..];
        let Some((span, beyond)) = after.split_once(ticks) else {
            break;
        };
        spans.push(span.trim());
        rest = beyond;
    }
    spans
}

/// The cells of a table's rows, without its head.
fn rows<'a>(lines: &[&'a str]) -> Vec<Vec<&'a str>> {
    let is_row = |line: &&&str| line.starts_with('|');
    lines
        .iter()
        .filter(is_row)
        .skip(2)
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

// --- running -----------------------------------------------------------------

/// One at a time: they share ports, and two cores.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder with the binaries of this build.
fn binaries() -> PathBuf {
    let own = std::env::current_exe().expect("this test has a path");
    let folder = own
        .parent()
        .and_then(Path::parent)
        .expect("it is in target/debug/deps");
    assert!(
        folder.join("cargo-e2e").exists(),
        "{} has no cargo-e2e: run `cargo build --workspace` first",
        folder.display()
    );
    folder.into()
}

/// A copy of the README's repo, and how to run commands in it.
struct Desk {
    folder: tempfile::TempDir,
    guard: MutexGuard<'static, ()>,
}

impl Desk {
    fn new() -> Self {
        let guard = alone();
        let folder = tempfile::tempdir().expect("a folder");
        let desk = Self { folder, guard };
        for block in parse("README.md").0 {
            if let Some((_, path)) = block.info.split_once("file=") {
                desk.write(path, &block.text);
            }
        }
        // People have `railiance01` in ~/.ssh/config; the tests have it in the lab's file.
        let shim = desk.folder.path().join("bin/ssh");
        fs::create_dir_all(shim.parent().expect("a parent")).expect("a folder");
        // `make e2e` looks here, so that the checkout's own examples stay as they are.
        let examples = desk.folder.path().join("examples");
        fs::create_dir(&examples).expect("a folder");
        let copied = Command::new("cp")
            .arg("-r")
            .arg(root().join("examples/pytest-postgres"))
            .arg(&examples)
            .status();
        assert!(copied.expect("cp runs").success());
        let real = which("ssh");
        fs::write(
            &shim,
            format!(
                "#!/bin/sh\nexec {} -F \"$E2E_LAB_SSH_CONFIG\" \"$@\"\n",
                real.display()
            ),
        )
        .expect("a file");
        fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).expect("its mode");
        desk
    }

    /// The README's repo.
    fn repo(&self) -> PathBuf {
        self.folder.path().join("hello")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.repo().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Runs a script as a person with the lab's hosts would.
    fn sh(&self, script: &str) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        let shims = self.folder.path().join("bin");
        let script = format!(
            "set -eu\nlab=$(sh '{root}/tests/lab/env')\neval \"$lab\"\n\
             export E2E_LAB_SSH_CONFIG=$CARGO_E2E_SSH_CONFIG\n{script}",
            root = root().display()
        );
        Command::new("sh")
            .args(["-c", &script])
            .current_dir(self.repo())
            .env(
                "PATH",
                format!("{}:{}:{path}", shims.display(), binaries().display()),
            )
            .env(
                "MAKEFLAGS",
                format!("REPOS_DIR={}/examples", self.folder.path().display()),
            )
            .env_remove("RAILIANCE01_HOST")
            .env_remove("CARGO_E2E_HOST")
            .stdin(Stdio::null())
            .output()
            .expect("sh runs")
    }

    /// Runs a script that must pass, and returns what it printed on both streams.
    fn passes(&self, script: &str) -> String {
        let output = self.sh(script);
        let said = said(&output);
        assert!(output.status.success(), "{}\n{said}", output.status);
        said
    }

    /// Nothing of these copies is left on either host.
    fn left_nothing(self) {
        let listed = self.passes(&format!(
            "cargo e2e list --host {HOST}; cargo e2e list --host local"
        ));
        let folder = self.folder.path().to_string_lossy();
        let left: Vec<&str> = listed
            .lines()
            .filter(|line| line.contains(&*folder))
            .collect();
        assert!(left.is_empty(), "left behind:\n{}", left.join("\n"));
        let find = "ps --all --quiet --filter label=cargo-e2e.repo=hello";
        let left = self.passes(&format!("docker {find}; ssh {HOST} docker {find}"));
        assert_eq!(left, "", "containers of `hello` are left");
        drop(self.guard);
    }
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{program} is not installed"))
}

fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// What a CI system would have as its secrets, for the lab's host.
const CI_SECRETS: &str = r#"
RAILIANCE01_KNOWN_HOSTS=$(cat "$(dirname "$CARGO_E2E_SSH_CONFIG")/known_hosts")
RAILIANCE01_KEY=$(cat "$(dirname "$CARGO_E2E_SSH_CONFIG")/id")
RAILIANCE01_ADDRESS=$(ssh -G railiance01 | awk '$1 == "hostname" { print $2 }')
RAILIANCE01_PORT=$(ssh -G railiance01 | awk '$1 == "port" { print $2 }')
RAILIANCE01_USER=$(ssh -G railiance01 | awk '$1 == "user" { print $2 }')
"#;

/// Runs every block of a document's section, in one shell.
fn run_section(desk: &Desk, name: &str, title: &str, blocks: &[&Block]) {
    let mut script = CI_SECRETS.to_owned();
    for block in blocks {
        let how = block
            .info
            .strip_prefix("sh")
            .expect("only sh is run")
            .trim();
        let _ = writeln!(script, "printf '\\n== {name}:{}\\n' >&2", block.line);
        match how {
            "" => {
                let _ = writeln!(script, "cd '{}'\n{}", desk.repo().display(), block.text);
            }
            "checkout" => {
                let _ = writeln!(script, "cd '{}'\n{}", root().display(), block.text);
            }
            "dry" => {
                let _ = writeln!(script, "cd '{}'", root().display());
                for line in block.text.lines() {
                    let rest = line.strip_prefix("make ");
                    let rest = rest.unwrap_or_else(|| panic!("{name}: only make is run dry"));
                    let _ = writeln!(script, "make -n {rest} >/dev/null");
                }
            }
            other => panic!("{name}:{}: `{other}` is not known", block.line),
        }
    }
    let output = desk.sh(&script);
    assert!(
        output.status.success(),
        "{name}, section {title:?}: {}\n{}",
        output.status,
        said(&output)
    );
}

/// Runs all that can be run in a document, and returns what can't.
fn run_document(name: &str) -> Vec<(String, String)> {
    let (blocks, _) = parse(name);
    let mut sections: Vec<(&str, Vec<&Block>)> = Vec::new();
    let mut not_run = Vec::new();
    for block in &blocks {
        let kind = block.info.split_whitespace().next().unwrap_or_default();
        match kind {
            "sh" => {}
            "text" => continue,
            "yaml" if block.info.contains("file=") => continue,
            _ => panic!("{name}:{}: a block of no known kind", block.line),
        }
        if let Some(reason) = block.info.strip_prefix("sh no-run:") {
            assert!(!reason.trim().is_empty(), "{name}:{}: why?", block.line);
            let first = block.text.lines().next().unwrap_or_default();
            not_run.push((name.to_owned(), first.to_owned()));
            continue;
        }
        match sections.last_mut() {
            Some((title, blocks)) if *title == block.section => blocks.push(block),
            _ => sections.push((&block.section, vec![block])),
        }
    }
    assert!(!sections.is_empty(), "{name} has no commands");
    for (title, blocks) in sections {
        let desk = Desk::new();
        run_section(&desk, name, title, &blocks);
        desk.left_nothing();
    }
    not_run
}

fn not_run_in(name: &str) -> Vec<(String, String)> {
    let of_it = NOT_RUN.iter().filter(|(document, _)| *document == name);
    of_it
        .map(|(document, command)| ((*document).to_owned(), (*command).to_owned()))
        .collect()
}

#[test]
fn every_command_of_the_readme_runs() {
    assert_eq!(run_document("README.md"), not_run_in("README.md"));
}

#[test]
fn every_command_of_the_runbook_runs() {
    assert_eq!(run_document("RUNBOOK.md"), not_run_in("RUNBOOK.md"));
}

#[test]
fn commands_in_the_prose_exist() {
    let help = {
        let desk = Desk::new();
        desk.passes("cargo e2e --help")
    };
    for name in ["README.md", "RUNBOOK.md"] {
        for line in parse(name).1 {
            // What is not built is named there, and only there.
            if line.starts_with("These do not exist yet") {
                continue;
            }
            for span in code_spans(&line) {
                for word in span
                    .split_whitespace()
                    .filter(|word| word.starts_with("--"))
                {
                    let foreign = ["ssh", "docker", "up ", "--env-file", "--"];
                    if foreign.iter().any(|other| span.starts_with(other)) && word != span {
                        continue;
                    }
                    let known = help.contains(word) || ["--", "--env-file"].contains(&word);
                    assert!(known, "{name}: `{word}` in: {line}");
                }
            }
        }
    }
}

// --- references --------------------------------------------------------------

/// Keys that e2e.yml may have, by the level that holds them, as the parser lists them.
fn known_keys() -> BTreeSet<String> {
    let desk = Desk::new();
    desk.write(
        "e2e/e2e.yml",
        "name: hello\ntest_command: 'true'\nqqqqqqqq: 1\nhealth_checks:\n  - {name: a, tcp: 'a:1', qqqqqqqq: 1}\n\
         sync: {qqqqqqqq: 1}\ntimeouts: {qqqqqqqq: 1}\n",
    );
    let output = desk.sh("cargo e2e check");
    assert_eq!(output.status.code(), Some(96), "{}", said(&output));
    let said = said(&output);
    let lists: Vec<Vec<&str>> = said
        .lines()
        .filter(|line| line.contains("known here: "))
        .map(code_spans)
        .collect();
    let [top, check, sync, timeouts] = lists.as_slice() else {
        panic!("four lists of keys are expected:\n{said}");
    };
    let mut keys: BTreeSet<String> = top.iter().map(|key| (*key).to_owned()).collect();
    for (level, names) in [
        ("health_checks", check),
        ("sync", sync),
        ("timeouts", timeouts),
    ] {
        if level != "health_checks" {
            assert!(keys.remove(level), "{level}");
        }
        keys.extend(names.iter().map(|name| format!("{level}.{name}")));
    }
    keys
}

#[test]
fn the_readme_lists_the_keys_that_the_parser_knows() {
    let (_, prose) = parse("README.md");
    let first = |lines: &[&str], prefix: &str| -> BTreeSet<String> {
        let rows = rows(lines);
        let names = rows.iter().map(|cells| code_spans(cells[0]).concat());
        names.map(|name| format!("{prefix}{name}")).collect()
    };
    let lines = section(&prose, "## e2e.yml");
    let split = lines.iter().position(|line| line.starts_with("### "));
    let (fields, checks) = lines.split_at(split.expect("health checks have their own part"));
    let mut documented = first(fields, "");
    documented.extend(first(checks, "health_checks."));
    assert_eq!(documented, known_keys());
}

#[test]
fn the_readme_lists_what_the_parser_refuses() {
    let fields = read("cargo-e2e/src/spec/fields.rs");
    let (_, refused) = fields
        .split_once("NOT_BUILT: &[NotBuilt] =")
        .expect("fields.rs has the list");
    // `Some("isolated")` and `"grpc"` alike.
    let text = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let mut expected: Vec<String> = Vec::new();
    for line in refused.lines().map(str::trim) {
        if line.starts_with("key: ") {
            expected.extend(text(line));
        } else if line.starts_with("value: Some") {
            let key = expected.last_mut().expect("a key comes first");
            let _ = write!(key, ": {}", text(line).expect("its value"));
        }
    }
    let (_, prose) = parse("README.md");
    let lines = section(&prose, "## Not built yet");
    let line = lines
        .iter()
        .find(|line| line.contains("refuses these keys"));
    let documented = line.map_or_else(Vec::new, |line| code_spans(line));
    let documented: BTreeSet<&str> = documented.into_iter().collect();
    let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    assert_eq!(documented, expected);
}

/// The codes that `cargo e2e --help` lists; 128+n is a rule, not a code.
fn exit_codes() -> BTreeSet<String> {
    let desk = Desk::new();
    let help = desk.passes("cargo e2e --help");
    let (_, list) = help
        .split_once("Exit codes:")
        .expect("the help lists exit codes");
    let codes = list.split([',', '\n', '.']).filter_map(|part| {
        let word = part.split_whitespace().next()?;
        word.parse::<u8>().is_ok().then(|| word.to_owned())
    });
    let codes: BTreeSet<String> = codes.collect();
    assert!(codes.len() >= 10, "{help}");
    codes
}

#[test]
fn the_runbook_explains_every_exit_code() {
    let (_, prose) = parse("RUNBOOK.md");
    let lines = section(&prose, "## Exit codes");
    let explained: BTreeSet<String> = rows(&lines)
        .iter()
        .map(|cells| cells[0].to_owned())
        .collect();
    let mut expected = exit_codes();
    expected.extend(["130".to_owned(), "143".to_owned()]);
    assert_eq!(explained, expected);
    // The verdicts too, as the record names them.
    let outcome = read("cargo-e2e/src/outcome.rs");
    let (_, names) = outcome
        .split_once("impl Verdict")
        .expect("outcome.rs has the verdicts");
    let (names, _) = names.split_once("\n    }\n").expect("`name` ends");
    for name in names.split('"').skip(1).step_by(2) {
        let shown = format!("| `{name}` |");
        assert!(lines.iter().any(|line| line.contains(&shown)), "{name}");
    }
}

/// The RUNBOOK's row for a code has this text, and the tool prints it with that code.
fn comes_with(desk: &Desk, spec: &str, command: &str, code: i32, printed: &str) {
    desk.write("e2e/e2e.yml", &format!("name: hello\n{spec}"));
    let output = desk.sh(command);
    let said = said(&output);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{command}: {spec}\n{said}"
    );
    let plain = printed.replace('`', "");
    let (_, prose) = parse("RUNBOOK.md");
    let lines = section(&prose, "## Exit codes");
    let rows = rows(&lines);
    let mut of_code = rows.iter().filter(|cells| cells[0] == code.to_string());
    // The row leaves out what differs from run to run: `…`.
    for part in plain.split('…') {
        assert!(
            said.replace('`', "").contains(part.trim()),
            "{part:?}\n{said}"
        );
    }
    assert!(
        of_code.any(|cells| cells[2].replace('`', "").contains(&plain)),
        "the RUNBOOK has no {printed:?} with {code}"
    );
}

#[test]
fn the_tool_prints_what_the_runbook_quotes() {
    let desk = Desk::new();
    let run = format!("cargo e2e --host {HOST}");
    let test = "test_command: 'true'\n";
    let with = |line: &str| format!("{test}{line}\n");
    let says = |spec: &str, command: &str, code, printed| {
        comes_with(&desk, spec, command, code, printed);
    };
    says(test, "cargo e2e --nonsense", 2, "unexpected argument");
    says(
        test,
        &format!("cargo e2e down not-there --host {HOST}"),
        2,
        "no sandbox",
    );
    says(
        test,
        &format!("cargo e2e down {} --host {HOST}", "0".repeat(26)),
        2,
        "nothing of … is on …",
    );
    says(test, "cd / && cargo e2e", 96, "no e2e/e2e.yml found");
    says(&with("healthcheks: []"), &run, 96, "unknown key");
    says(
        &with("junit: a.xml"),
        &run,
        96,
        "is not built yet in this version",
    );
    says(
        &with("compose_file: nope.yml"),
        &run,
        96,
        "names the compose file …, which does not exist",
    );
    says(
        &with("compose_file: e2e/tests/run.sh"),
        &run,
        96,
        "Compose refuses",
    );
    says(
        test,
        "cargo e2e --host nowhere.invalid",
        97,
        "Could not resolve hostname",
    );
    says(
        test,
        "sed 's|UserKnownHostsFile .*|UserKnownHostsFile /dev/null|' \"$CARGO_E2E_SSH_CONFIG\" >../strange\n\
         CARGO_E2E_SSH_CONFIG=../strange cargo e2e --host railiance01",
        97,
        "Host key verification failed",
    );
    says(
        &with("health_checks: [{name: web, url: 'http://localhost:18080/nope', timeout: 1}]"),
        &run,
        98,
        "health check … did not pass within … s (…; last answer: …)",
    );
    says(
        "test_command: exit 3\n",
        &run,
        100,
        "the tests failed (exit status …)",
    );
    says(
        "test_command: no-such-program\n",
        &run,
        100,
        "which was not found …",
    );
    says(
        "test_command: sleep 60\ntimeout: 1\n",
        &run,
        100,
        "the tests ran past their … s and were ended",
    );
    says(
        &with("build_command: exit 3"),
        &run,
        101,
        "`build_command` ended with exit status",
    );
    says(
        &with("setup_command: exit 3"),
        &run,
        105,
        "`setup_command` ended with exit status",
    );
    says(
        "test_command: sleep 60\n",
        &format!("{run} & run=$!; sleep 3; kill -TERM $run; wait $run"),
        143,
        "Interrupted … (SIGTERM)",
    );
    desk.left_nothing();
}

/// Every `.rs` file below a folder, as one text without line breaks inside of literals.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}

#[test]
fn every_message_that_the_runbook_quotes_is_in_the_source() {
    // What other programs say.
    const FOREIGN: &[&str] = &["unexpected argument", "Could not resolve hostname"];
    let mut source = String::new();
    sources(&root().join("cargo-e2e/src"), &mut source);
    let (_, prose) = parse("RUNBOOK.md");
    let lines = section(&prose, "## Exit codes");
    for cells in rows(&lines) {
        for quoted in code_spans(cells[2]) {
            for part in quoted.split('…') {
                let part = part.trim_matches([' ', '(', ')', ';', ',']);
                let known = FOREIGN.contains(&part) || source.contains(part);
                assert!(known, "{part:?} of {quoted:?} is nowhere in the source");
            }
        }
    }
}

/// GitHub's name for a heading.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_relative_link_leads_somewhere() {
    for name in DOCUMENTS {
        let (_, prose) = parse(name);
        let mut links = 0;
        for line in &prose {
            for link in line.split("](").skip(1) {
                let (target, _) = link.split_once(')').expect("a link is closed");
                if target.starts_with("https://") {
                    continue;
                }
                links += 1;
                let (file, part) = target.split_once('#').unwrap_or((target, ""));
                let file = if file.is_empty() { name } else { file };
                assert!(root().join(file).exists(), "{name}: {target}");
                if !part.is_empty() {
                    let (_, there) = parse(file);
                    let headings = there.iter().filter(|line| line.starts_with('#'));
                    let mut anchors = headings.map(|heading| anchor(heading));
                    assert!(anchors.any(|it| it == part), "{name}: {target}");
                }
            }
        }
        assert!(links > 0 || !["README.md", "RUNBOOK.md"].contains(name));
    }
}

#[test]
fn the_architecture_names_what_exists_and_every_module() {
    let (_, prose) = parse("ARCHITECTURE.md");
    let sources = root().join("cargo-e2e/src");
    let modules = section(&prose, "## Modules");
    let mut named = BTreeSet::new();
    for line in &prose {
        let spans = code_spans(line);
        for span in &spans {
            let is_file = [".rs", ".sh", ".yml", ".md"]
                .iter()
                .any(|end| span.ends_with(end))
                || span.ends_with('/')
                || span.starts_with("tests/");
            if !is_file || span.contains(' ') {
                continue;
            }
            // A file may be named beside its folder, in the same line.
            let mut places = vec![root().join(span), sources.join(span)];
            let folders = spans.iter().filter(|other| other.ends_with('/'));
            places.extend(folders.map(|folder| sources.join(folder).join(span)));
            places
                .extend(["compose", "host", "spec"].map(|folder| sources.join(folder).join(span)));
            let exists = places.iter().any(|place| place.exists()) || *span == "e2e.yml";
            assert!(exists, "ARCHITECTURE.md names {span}: {line}");
        }
        if modules.contains(&line.as_str()) && line.starts_with('|') {
            named.extend(spans.iter().map(|span| span.trim_end_matches('/')));
        }
    }
    for entry in fs::read_dir(&sources).expect("the sources are there") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(
            named.contains(&*name),
            "ARCHITECTURE.md does not name {name}"
        );
    }
}
