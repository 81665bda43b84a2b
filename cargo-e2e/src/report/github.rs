//! GitHub Actions: annotations beside the code, and the job's summary.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{Stderr, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::words::{duration, failed_tests, first_failed, first_line, place, summary_line};
use crate::event::{Event, Reporter, printable};
use crate::outcome::{HealthStatus, Record, StageStatus, Verdict};

/// GitHub shows no more of one kind for a step.
const ANNOTATIONS: usize = 10;

/// So many tests are in the summary, and of each so much: GitHub drops one of more than a megabyte.
const TESTS: usize = 50;
const MESSAGE: usize = 2000;

/// Tells GitHub when a run is over.
pub struct GitHub<W: Write + Send = Stderr> {
    out: W,
    summary: Option<PathBuf>,
}

impl GitHub {
    /// When this process runs in a job of GitHub Actions. Annotations go to stderr, which is read
    /// as stdout is.
    #[must_use]
    pub fn detect() -> Option<Self> {
        let is_job = std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
        is_job.then(|| Self {
            out: std::io::stderr(),
            summary: std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        })
    }
}

impl<W: Write + Send> Reporter for GitHub<W> {
    fn event(&mut self, event: &Event) {
        let Event::RunFinished { record, .. } = event else {
            return;
        };
        for line in annotations(record) {
            // Whoever reads it may be gone; the verdict is the exit code.
            let _ = writeln!(self.out, "{line}");
        }
        if let Some(path) = &self.summary {
            let file = OpenOptions::new().append(true).create(true).open(path);
            // The job's summary is a convenience; a run does not fail for it.
            let _ = file.and_then(|mut file| file.write_all(summary(record).as_bytes()));
        }
    }
}

/// One for each test that failed, or else for what did.
fn annotations(record: &Record) -> Vec<String> {
    if record.verdict == Verdict::Passed {
        return Vec::new();
    }
    let failed = failed_tests(record);
    let mut all: Vec<String> = failed
        .iter()
        .take(ANNOTATIONS)
        .map(|test| annotation(&test.name, test.message.as_deref().unwrap_or("failed")))
        .collect();
    if all.is_empty() {
        let title = format!("{} e2e", record.repo);
        let why = first_failed(record).map_or_else(
            || summary_line(record),
            |stage| format!("{}: {}", stage.name.name(), stage.detail),
        );
        all.push(annotation(&title, &why));
    }
    all
}

fn annotation(title: &str, message: &str) -> String {
    let message = printable(message);
    let mut properties = format!("title={}", property(&printable(title)));
    if let Some((file, line)) = place(&message) {
        let _ = write!(properties, ",file={},line={line}", property(file));
    }
    format!("::error {properties}::{}", data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Markdown.
fn summary(record: &Record) -> String {
    let sign = if record.verdict == Verdict::Passed {
        "✅"
    } else {
        "❌"
    };
    let mut text = format!("### {sign} {}\n\n", escaped(&summary_line(record)));
    let failed = failed_tests(record);
    for test in failed.iter().take(TESTS) {
        let _ = writeln!(text, "- **{}**", escaped(first_line(&short(&test.name))));
        if let Some(message) = &test.message {
            let message = short(message);
            let shown: Vec<&str> = message.lines().take(20).collect();
            let _ = writeln!(
                text,
                "\n  <pre>{}</pre>\n",
                escaped(&shown.join("\n")).replace('\n', "&#10;")
            );
        }
    }
    if failed.len() > TESTS {
        let more = failed.len() - TESTS;
        let _ = writeln!(text, "- and {more} more in junit.xml");
    }
    for check in &record.health_checks {
        if check.status == HealthStatus::Failed {
            let answer = check.last_error.as_deref().unwrap_or("no answer");
            let _ = writeln!(
                text,
                "- health check **{}**: {}",
                escaped(&check.name),
                escaped(first_line(&short(answer)))
            );
        }
    }
    text.push_str("\n| stage | | took | |\n|---|---|---|---|\n");
    for stage in &record.stages {
        let status = match stage.status {
            StageStatus::Passed => "passed",
            StageStatus::Failed => "**failed**",
            StageStatus::Skipped => continue,
            StageStatus::Interrupted => "interrupted",
        };
        let _ = writeln!(
            text,
            "| {} | {status} | {} | {} |",
            stage.name.name(),
            duration(Duration::from_millis(stage.duration_ms)),
            escaped(first_line(&short(&stage.detail)))
        );
    }
    let _ = writeln!(
        text,
        "\nrun `{}` on {}\n",
        record.run_id,
        escaped(&record.host)
    );
    text
}

fn short(text: &str) -> String {
    text.chars().take(MESSAGE).collect()
}

/// Text that is neither HTML nor Markdown, also in a table.
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
    use crate::outcome::Stage;
    use crate::report::human::samples::{failed, finished, passed, test};

    #[test]
    fn a_test_that_failed_is_shown_at_its_line() {
        let mut record = failed(Verdict::Failed, Stage::Test, "exit status 1");
        let mut bad = test("orders, paid", StageStatus::Failed);
        bad.message = Some("assert 100% == 3\n  at tests/orders.rs:12:5\n::error::x".into());
        record.tests = vec![bad, test("fine", StageStatus::Passed)];
        assert_eq!(
            annotations(&record),
            [
                "::error title=orders%2C paid,file=tests/orders.rs,line=12::assert 100%25 == 3%0A  at tests/orders.rs:12:5%0A::error::x"
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
        let text = summary(&record);
        assert!(text.len() < 1 << 20, "{}", text.len());
        assert!(
            text.contains("and 950 more"),
            "{}",
            &text[text.len() - 2000..]
        );
        assert!(text.contains("\n| test | **failed** |"));
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
