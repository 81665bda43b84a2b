//! What stands on a terminal when all is over.

use e2e_tests::{Host, Repo, Started};

use super::filters::settings;

/// Runs it on a terminal of so many columns, and compares what is on it at the end.
pub(crate) fn ends_as(name: &str, repo: &Repo, columns: u16, code: i32) {
    let size = columns.to_string();
    let run = repo.start_on_a_terminal_of(Host::Local, &size);
    compare(name, repo, columns, code, run);
}

/// The same of one on which Ctrl-C is pressed when `marker` is shown.
pub(crate) fn ends_by_ctrl_c_as(name: &str, repo: &Repo, columns: u16, marker: &str) {
    let keys = format!("={columns},c");
    let run = repo.start_on_a_terminal(Host::Local, marker, &keys);
    compare(name, repo, columns, 130, run);
}

fn compare(name: &str, repo: &Repo, columns: u16, code: i32, run: Started<'_>) {
    let ran = run.finish();
    ran.leaves_nothing();
    assert_eq!(ran.output().code, Some(code), "{}", ran.output());
    let mut terminal = vt100::Parser::new(200, columns, 0);
    terminal.process(ran.stderr().as_bytes());
    let screen = terminal.screen().contents();
    settings(repo).bind(|| insta::assert_snapshot!(name, screen));
}
