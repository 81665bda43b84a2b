//! What differs from run to run, and its name.

use e2e_tests::{Host, Repo, image};
use insta::Settings;

/// In their order: what is found first is not looked at again.
const FILTERS: &[(&str, &str)] = &[
    // Shown only where they took long.
    (r"(?m)^ +(provision|collect|report) +.*\n", ""),
    // Engines say it differently.
    (r"failed to create (shim )?task.*", "FAILED TO CREATE TASK"),
    // What a machine has.
    (r"(?m)^(  (?:ok   |✓ ).{16}).*$", "${1}VALUE"),
    (r"[0-9a-z]{26}", "RUN"),
    (
        r"until (tomorrow )?\d\d:\d\d \([0-9a-z]{8}\)",
        "until TIME (ID)",
    ),
    (r"e2e down [0-9a-z]{8}\b", "e2e down ID"),
    (r"\be2e-SLUG-[0-9a-z]{8}", "e2e-SLUG-ID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "TIME"),
    // A duration has a column of its own: its blanks stay out of the diff.
    (r"[ ]*\b\d+(\.\d+)? (ms|s)\b", " N s"),
    (r"[ ]*\b\d+(m\d\ds|h\d\dm)\b", " N s"),
    (
        r"\bEngine \d+\.\d+, Compose \d+\.\d+",
        "Engine N, Compose N",
    ),
    (r"\b\d+(\.\d+)? (KB|kB|MB|GB)\b", "N MB"),
    (r"\b[0-9a-f]{40}\b", "COMMIT"),
    (r"\.[0-9a-f]{16}\b", ".HASH"),
    (r"\b[0-9a-f]{7}\b", "COMMIT"),
    (r"\bpid \d+", "pid N"),
    (r"subnet(s?) 10\.\d+\.\d+\.\d+/\d+", "subnet$1 NET"),
    (r"\b10\.\d+\.\d+\.\d+(/\d+)?", "NET"),
    // `list` and `history`: columns as wide as what is in them, and stages by how long they took.
    (r"(SLUG|REPO|RUN) {3,}", "$1  "),
    (r"(kept|running|in use)  N s +", "$1  N s  "),
    (r"  (\d+)  +(healthy|-|\d starting) +", "  $1  HEALTH  "),
    (r"N MB +N s +", "N MB  N s  "),
    (r"MEMORY +CPU +FROM", "MEMORY  CPU  FROM"),
    // Other tests have sandboxes on the lab's host at the same time.
    (r"(?m)^other users have \d+ there\n?", ""),
    (r"\S+@\S+ REPO", "USER@CLIENT REPO"),
    (r"((passed|failed) N s)  [0-9a-z]{8}\b", "$1  ID"),
    (
        r"(stages: N s N s N s)  \w+\n( N s N s N s  \w+\n)*",
        "$1  STAGES\n",
    ),
    // The page: how often a health check was asked, and numbers that have a line of their own.
    (r"(?m)^( N s to N s: )\d+ attempts?.*$", "${1}ATTEMPTS"),
    (r"(?m)^( N s\n)+", " N s\n"),
    (r"(?m)^\d+\.\d+$", "SECONDS"),
    (r"(?m)^\d+\.\d+\.\d+$", "VERSION"),
];

/// Settings under which a repo's screens are compared.
pub(crate) fn settings(repo: &Repo) -> Settings {
    let mut settings = with_live_lines(repo);
    // Shown where a stage is silent for long.
    settings.add_filter(r"(?m)^ +\w+ N s of N s.*\n", "");
    settings
}

/// The same for what is shown while a stage runs.
pub(crate) fn with_live_lines(repo: &Repo) -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    let root = repo.root().to_str().expect("UTF-8");
    settings.add_filter(&regex(root), "REPO");
    settings.add_filter(&regex(repo.slug()), "SLUG");
    settings.add_filter(&regex(&Host::Local.root()), "ROOT");
    settings.add_filter(&regex(&image("BUSYBOX_IMAGE")), "BUSYBOX");
    settings.add_filter(r"/tmp/e2e-tests-\d+/", "STATE/");
    for letter in ['A', 'B'] {
        let port = repo.port(letter).to_string();
        settings.add_filter(&format!(r"\b{port}\b"), format!("PORT_{letter}"));
    }
    for (pattern, name) in FILTERS {
        settings.add_filter(pattern, *name);
    }
    settings
}

fn regex(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if !letter.is_alphanumeric() {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
