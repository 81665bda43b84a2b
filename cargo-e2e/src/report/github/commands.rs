//! Keeps GitHub Actions from running what tests print: its runner takes commands such as
//! `::add-mask::` and `::set-output` from every line of a job.

use std::io::{self, Write};

use crate::record::event::{Event, Reporter};
use crate::record::outcome::Stage;
use crate::report::output::{Channel, Missed, Status};

/// Folds what tests print into a group, in which it stops commands with a token that the tests can't know. The runner orders
/// lines only within one stream: this must write to the stream of the tests' output, and see each
/// event before that stream's reporter.
pub struct StopCommands<W: Write + Send> {
    out: W,
    /// The token that resumes commands, while they are stopped.
    token: Option<String>,
    /// The tests' last byte was not a newline.
    unfinished_line: bool,
}

impl<W: Write + Send> StopCommands<W> {
    /// Writes to `out`, the stream of the tests' output.
    pub fn on(out: W) -> Self {
        Self {
            out,
            token: None,
            unfinished_line: false,
        }
    }

    fn stop(&mut self) {
        if self.token.is_none() {
            let token = ulid::Ulid::generate().to_string().to_lowercase();
            let line = format!("::group::test output\n::stop-commands::{token}\n");
            let _ = self.out.write_all(line.as_bytes());
            self.token = Some(token);
        }
    }

    fn resume(&mut self) {
        if let Some(token) = self.token.take() {
            let end = if self.unfinished_line { "\n" } else { "" };
            let line = format!("{end}::{token}::\n::endgroup::\n");
            let _ = self.out.write_all(line.as_bytes());
        }
    }
}

impl<W: Write + Send> Reporter for StopCommands<W> {
    fn event(&mut self, event: &Event) {
        match event {
            Event::TestOutput { bytes } => {
                if let Some(last) = bytes.last() {
                    self.stop();
                    self.unfinished_line = *last != b'\n';
                }
            }
            Event::StageEnded {
                stage: Stage::Test, ..
            }
            | Event::RunFinished { .. } => self.resume(),
            _ => {}
        }
    }
}

/// A run that panics ends without an event.
impl<W: Write + Send> Drop for StopCommands<W> {
    fn drop(&mut self) {
        self.resume();
    }
}

/// Breaks up commands in lines that quote others. Each write must begin at the beginning of a line.
pub struct NoCommands<W: Write>(pub W);

impl<W: Write> Write for NoCommands<W> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.write_all(harmless(lines).as_bytes())?;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<C: Channel> Channel for NoCommands<C> {
    fn offer(&mut self, lines: &[u8], missed: Missed) -> bool {
        self.0.offer(harmless(lines).as_bytes(), missed)
    }

    fn status(&mut self, status: Option<Status>) {
        let clean = |text: &str| harmless(text.as_bytes());
        self.0.status(status.map(|mut status| {
            status.words = clean(&status.words);
            for row in &mut status.rows {
                row.text = clean(&row.text);
            }
            status
        }));
    }
}

fn harmless(lines: &[u8]) -> String {
    let text = String::from_utf8_lossy(lines);
    let mut harmless = String::with_capacity(text.len());
    for line in text.split_inclusive(['\n', '\r']) {
        let begin = line.len() - line.trim_start().len();
        // One kind of command begins a line, the other stands anywhere in it.
        let rest = match line[begin..].strip_prefix("::") {
            Some(rest) => {
                harmless.push_str(&line[..begin]);
                harmless.push_str(": :");
                rest
            }
            None => line,
        };
        harmless.push_str(&rest.replace("##[", "## ["));
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::event::Events;
    use crate::record::outcome::StageStatus;
    use crate::record::samples::{self, output};
    use crate::report::{Human, HumanOptions};
    use std::sync::{Arc, Mutex};

    fn ended(stage: Stage) -> Event {
        samples::ended(stage, StageStatus::Passed, 0, "")
    }

    /// Stdout, to which several write.
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Channel for Shared {}

    #[test]
    fn commands_are_stopped_while_tests_print_and_not_longer() {
        let out = Shared::default();
        let human = Human::on(HumanOptions::default(), io::sink(), out.clone());
        let events = Events::masking(
            Arc::default(),
            vec![Box::new(StopCommands::on(out.clone())), Box::new(human)],
        );
        events.emit(ended(Stage::Up));
        events.emit(output(""));
        events.emit(output("::error::x\nhalf"));
        events.emit(output(" a line"));
        events.emit(ended(Stage::Test));
        events.emit(output("more\n"));
        drop(events);
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let [
            "::group::test output",
            first,
            "::error::x",
            "half a line",
            end,
            "::endgroup::",
            "::group::test output",
            second,
            "more",
            last,
            "::endgroup::",
        ] = lines.as_slice()
        else {
            panic!("{lines:?}");
        };
        let token = |line: &str| line.strip_prefix("::stop-commands::").unwrap().to_owned();
        let (first, second) = (token(first), token(second));
        // One that was shown is known.
        assert!(first != second && first.len() == 26);
        assert_eq!(
            (*end, *last),
            (&*format!("::{first}::"), &*format!("::{second}::"))
        );
    }

    #[test]
    fn a_line_that_quotes_others_is_no_command() {
        let mut out = Vec::new();
        let text = "warning: x\n  ::error::y\n::z\r::a\nsee a::b ##[group]\n  | fine\n";
        NoCommands(&mut out).write_all(text.as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "warning: x\n  : :error::y\n: :z\r: :a\nsee a::b ## [group]\n  | fine\n"
        );
    }
}
