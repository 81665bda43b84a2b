//! GitHub Actions: annotations beside the code, and the job's summary.

mod commands;

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::environment;
use crate::record::assertion::{Piece, shortened};
use crate::record::event::{Event, Reporter};
use crate::record::outcome::{HealthStatus, Record, StageRecord, StageStatus, TestRecord, Verdict};
use crate::record::place::{find, places};
use crate::record::summary::{
    failed_tests, first_failed, first_line, keeps_house, reason, summary_line,
};
use crate::text::{clip, printable};
use crate::units::duration;

pub use commands::{NoCommands, StopCommands};

/// GitHub shows at most this many annotations of one kind for a step.
const ANNOTATIONS: usize = 10;
/// Lines of a message in the summary.
const SHOWN_LINES: usize = 30;

/// Tests in the summary: GitHub drops a summary of more than 1 MiB.
const TESTS: usize = 50;
const MESSAGE: usize = 2000;
/// Characters of the explanation in the summary: escaping makes it up to five times as long.
const FAILURE: usize = 100_000;

/// Writes annotations and the job's summary when a run is over.
pub struct GitHub<W: Write + Send> {
    out: W,
    summary: Option<PathBuf>,
    /// The folder that GitHub's paths are relative to.
    workspace: PathBuf,
    /// The folder that the tests' paths are relative to: the workspace or a folder in it.
    repo: PathBuf,
}

/// Returns whether this process runs in a job of GitHub Actions.
pub fn is_job() -> bool {
    std::env::var(environment::GITHUB_ACTIONS).is_ok_and(|value| value == "true")
}

impl<W: Write + Send> GitHub<W> {
    /// Returns a reporter when this process runs in a job of GitHub Actions. `out` takes the
    /// annotations; it must be the stream on which commands are stopped, since the runner reads
    /// each stream at its own pace.
    pub fn detect(repo: &Path, out: W) -> Option<Self> {
        is_job().then(|| Self {
            out,
            summary: std::env::var_os(environment::GITHUB_STEP_SUMMARY).map(PathBuf::from),
            workspace: std::env::var_os(environment::GITHUB_WORKSPACE)
                .and_then(|workspace| Path::new(&workspace).canonicalize().ok())
                .unwrap_or_else(|| repo.to_owned()),
            repo: repo.to_owned(),
        })
    }

    /// Returns an error for each failed test; without one, for the failed stage. Tests that passed
    /// after they had failed are warnings.
    fn annotations(&self, record: &Record) -> Vec<String> {
        let mut all = self.errors(record);
        let tests = record.tests.iter();
        let flaky = tests.filter(|test| test.flaky && !test.is_failed());
        all.extend(flaky.take(ANNOTATIONS).map(|test| {
            let title = format!("{} (flaky)", test.name);
            let mut earlier = test.attempts.iter();
            let message = earlier.find_map(|attempt| attempt.message.as_deref());
            let message = message.unwrap_or("failed at first");
            self.annotation("warning", &title, message, test.place.as_deref())
        }));
        all
    }

    fn errors(&self, record: &Record) -> Vec<String> {
        if record.verdict == Verdict::Passed {
            return Vec::new();
        }
        let failed = failed_tests(record);
        if failed.is_empty() {
            let title = format!("{} e2e", record.repo);
            let why = match first_failed(record) {
                Some(stage) => format!("{}: {}", stage.name.name(), stage.detail),
                None => summary_line(record),
            };
            return vec![self.annotation("error", &title, &why, None)];
        }
        let annotation = |test: &&TestRecord| {
            let message = test.message.as_deref().unwrap_or("failed");
            self.annotation("error", &test.name, message, test.place.as_deref())
        };
        failed.iter().take(ANNOTATIONS).map(annotation).collect()
    }

    fn annotation(&self, kind: &str, title: &str, message: &str, place: Option<&str>) -> String {
        let message = printable(message);
        let mut properties = format!("title={}", property(&printable(title)));
        let own = place.and_then(|place| place.rsplit_once(':'));
        let mut places = own.into_iter().chain(places(&message));
        if let Some((file, line)) = places.find_map(|(file, line)| Some((self.found(file)?, line)))
        {
            let _ = write!(properties, ",file={},line={line}", property(&file));
        }
        format!("::{kind} {properties}::{}", data(&message))
    }

    /// Returns a file named by a test as a path in the workspace. Tests name files relative to the
    /// repo or to a folder around it, such as a Cargo workspace; a name without a file may be a
    /// host and its port.
    fn found(&self, file: &str) -> Option<String> {
        let within = |folder: &&Path| folder.starts_with(&self.workspace);
        let folders = self.repo.ancestors().take_while(within);
        let folders: Vec<PathBuf> = folders.map(Path::to_owned).collect();
        let path = find(file, &folders, &mut |path| path.is_file())?;
        let path = path.strip_prefix(&self.workspace).ok()?;
        Some(path.display().to_string())
    }
}

impl<W: Write + Send> Reporter for GitHub<W> {
    fn event(&mut self, event: &Event) {
        let Event::RunFinished {
            record, failure, ..
        } = event
        else {
            return;
        };
        for line in self.annotations(record) {
            // The reader may be gone; the exit code has the verdict.
            let _ = self.out.write_all(format!("{line}\n").as_bytes());
        }
        if let Some(path) = &self.summary {
            let file = OpenOptions::new().append(true).create(true).open(path);
            // A run does not fail because its summary can't be written.
            let summary = summary(record, failure.as_deref());
            let _ = file.and_then(|mut file| file.write_all(summary.as_bytes()));
        }
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Returns a run in Markdown, for GitHub's summary and the bundle.
pub(super) fn summary(record: &Record, failure: Option<&str>) -> String {
    let sign = match record.verdict {
        Verdict::Passed => "✅",
        _ => "❌",
    };
    let mut parts = vec![format!("### {sign} {}", escaped(&summary_line(record)))];
    let failed = failed_tests(record);
    for test in failed.iter().take(TESTS) {
        let place = test.place.as_deref().map(|place| escaped(&short(place)));
        let place = place.map_or_else(String::new, |place| format!(" at {place}"));
        let name = escaped(first_line(&short(&test.name)));
        parts.push(format!("- **{name}**{place}"));
        if let Some(message) = &test.message {
            parts.push(format!("  {}", preformatted(message)));
        }
    }
    if failed.len() > TESTS {
        let more = failed.len() - TESTS;
        parts.push(format!("- and {more} more in junit.xml"));
    }
    if record.verdict != Verdict::Passed
        && failed.is_empty()
        && let Some(stage) = first_failed(record)
        && stage.detail.contains('\n')
    {
        parts.push(preformatted(&short(&stage.detail)));
    }
    for check in &record.health_checks {
        if check.status == HealthStatus::Failed {
            let answer = check.last_error.as_deref().unwrap_or("no response");
            let (name, answer) = (escaped(&check.name), escaped(first_line(&short(answer))));
            parts.push(format!("- health check **{name}**: {answer}"));
        }
    }
    // Most of it is what the stack did, which the messages don't say.
    if let Some(failure) = failure.filter(|failure| !failure.is_empty()) {
        parts.push(format!(
            "<details><summary>stack activity, and how to run it again</summary>\n\n<pre>{}</pre>\n</details>",
            in_one_line(clip(failure.trim_end(), FAILURE).as_str())
        ));
    }
    let rows = record.stages.iter().filter_map(row).collect::<String>();
    parts.push(format!("| stage | | took | |\n|---|---|---|---|{rows}"));
    let host = escaped(&record.host);
    parts.push(format!("run `{}` on {host}\n\n", record.run_id));
    parts.join("\n\n")
}

/// Returns a row of the table, on a line of its own; `None` for one that is not worth it.
fn row(stage: &StageRecord) -> Option<String> {
    let status = match stage.status {
        StageStatus::Skipped => return None,
        StageStatus::Passed if keeps_house(stage.name) => return None,
        StageStatus::Failed => "**failed**",
        status => status.name(),
    };
    Some(format!(
        "\n| {} | {status} | {} | {} |",
        stage.name.name(),
        duration(Duration::from_millis(stage.duration_ms)),
        escaped(&short(&reason(&stage.detail)))
    ))
}

fn short(text: &str) -> String {
    text.chars().take(MESSAGE).collect()
}

/// Returns a code block with the lines of a text that say most.
fn preformatted(text: &str) -> String {
    let text = printable(text);
    let line = |piece| match piece {
        Piece::Line(line) => line,
        Piece::Gap(_) => "…",
    };
    let lines = shortened(&text, SHOWN_LINES).into_iter().map(line);
    let lines: Vec<&str> = lines.collect();
    format!("<pre>{}</pre>", in_one_line(&short(&lines.join("\n"))))
}

/// Joins lines for Markdown, where a blank line would end the block around them.
fn in_one_line(text: &str) -> String {
    escaped(text).replace('\n', "&#10;")
}

/// Escapes HTML and Markdown, also within a table.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '!' | '#' | '@' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::outcome::Stage;
    use crate::record::samples::{failed, finished, passed, test};

    #[test]
    fn a_test_that_failed_is_shown_at_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let repo = folder.path().join("shop");
        std::fs::create_dir_all(repo.join("tests")).unwrap();
        std::fs::write(repo.join("tests/orders.rs"), "").unwrap();
        let github = GitHub {
            out: Vec::new(),
            summary: None,
            workspace: folder.path().to_owned(),
            repo,
        };
        let annotations = |record: &Record| github.annotations(record);
        let mut record = failed(Verdict::Failed, Stage::Test, "exit status 1");
        let mut bad = test("orders, paid", StageStatus::Failed);
        bad.message = Some(
            "assert 100% == 3 at db.internal:5432\n  at tests/orders.rs:12:5\n::error::x".into(),
        );
        record.tests = vec![bad, test("fine", StageStatus::Passed)];
        assert_eq!(
            annotations(&record),
            [
                "::error title=orders%2C paid,file=shop/tests/orders.rs,line=12::assert 100%25 == 3 at db.internal:5432%0A  at tests/orders.rs:12:5%0A::error::x"
            ]
        );
        let mut flaky = test("late", StageStatus::Passed);
        let mut first = test("late", StageStatus::Failed);
        first.message = Some("too late at tests/orders.rs:7".into());
        flaky.retries(vec![first.attempt()]);
        record.tests = vec![flaky];
        assert_eq!(
            annotations(&record)[1..],
            [
                "::warning title=late (flaky),file=shop/tests/orders.rs,line=7::too late at tests/orders.rs:7"
            ]
        );
        record.tests.clear();
        assert_eq!(
            annotations(&record),
            ["::error title=activity-core e2e::test: exit status 1"]
        );
        assert!(annotations(&passed()).is_empty());
    }

    #[test]
    fn a_summary_is_never_larger_than_what_github_takes() {
        let mut record = failed(Verdict::Failed, Stage::Test, "exit status 1");
        let mut bad = test("x", StageStatus::Failed);
        bad.message = Some("<".repeat(4000));
        record.tests = vec![bad; 1000];
        let text = summary(&record, None);
        assert!(text.len() < 1 << 20, "{}", text.len());
        assert!(
            text.contains("and 950 more"),
            "{}",
            &text[text.len() - 2000..]
        );
        assert!(text.contains("\n| test | **failed** |"));
    }

    #[test]
    fn the_summary_shows_a_stages_evidence_and_the_end_of_a_long_message() {
        let record = failed(
            Verdict::UpFailed,
            Stage::Up,
            "db exited\nlast lines of db:\n  no password",
        );
        let text = summary(&record, Some("again: cargo e2e\n"));
        assert!(
            text.contains(
                "how to run it again</summary>\n\n<pre>again: cargo e2e</pre>\n</details>\n"
            ),
            "{text}"
        );
        let evidence = "<pre>db exited&#10;last lines of db:&#10;  no password</pre>\n\n";
        assert!(text.contains(evidence), "{text}");
        let many: Vec<String> = (1..=100).map(|line| line.to_string()).collect();
        let shown = preformatted(&many.join("\n"));
        assert!(
            shown.starts_with("<pre>1&#10;…&#10;72&#10;") && shown.ends_with("100</pre>"),
            "{shown}"
        );
    }

    #[test]
    fn the_summary_is_plain_text_in_markdown() {
        let mut record = failed(Verdict::Failed, Stage::Test, "a | b <script>");
        let mut bad = test("x", StageStatus::Failed);
        bad.message = Some("</pre>\n\n# no title".into());
        record.tests = vec![bad];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary");
        let mut github = GitHub {
            out: Vec::new(),
            summary: Some(path.clone()),
            workspace: folder.path().to_owned(),
            repo: folder.path().to_owned(),
        };
        github.event(&finished(record, None));
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            text.starts_with("### ❌ activity-core e2e failed"),
            "{text}"
        );
        assert!(
            text.contains("| test | **failed** | 0.00 s | a &#124; b &lt;script&gt; |"),
            "{text}"
        );
        assert!(
            !text.contains("<script>") && !text.contains("\n# no"),
            "{text}"
        );
    }
}
