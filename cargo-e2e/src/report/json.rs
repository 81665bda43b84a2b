//! The events as JSON lines, for other programs. Names and meanings of fields are part of the
//! contract: new ones may come, old ones stay.

use std::io::{Stdout, Write};

use serde_json::{Value, json};

use crate::event::{Event, Reporter};
use crate::outcome::{millis, now};

/// The version of the lines.
pub const VERSION: u32 = 1;

/// Writes a line for each event.
pub struct Json<W: Write + Send = Stdout> {
    out: W,
    /// The beginning of a character whose other bytes are still to come.
    partial: Vec<u8>,
}

impl Json {
    /// On this process's stdout.
    #[must_use]
    pub fn on_stdout() -> Self {
        Self::to(std::io::stdout())
    }
}

impl<W: Write + Send> Json<W> {
    /// Elsewhere.
    pub fn to(out: W) -> Self {
        Self {
            out,
            partial: Vec::new(),
        }
    }

    fn line(&mut self, name: &str, fields: Value) {
        let mut line = json!({ "schema": VERSION, "event": name, "at": now() });
        if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        // A reader that is gone must not end the run: the sandbox has yet to be removed.
        let _ = writeln!(self.out, "{line}");
        let _ = self.out.flush();
    }

    /// Whole characters of what the tests printed; bytes that are none become U+FFFD.
    fn characters(&mut self, bytes: &[u8]) -> String {
        self.partial.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.partial) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.partial.len(),
        };
        // What comes before may hold bytes that are no character, and then so may the end.
        let rest = self.partial.split_off(whole);
        let text = String::from_utf8_lossy(&self.partial).into_owned();
        self.partial = rest;
        text
    }
}

impl<W: Write + Send> Reporter for Json<W> {
    fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted { run_id, repo, host } => self.line(
                "run_started",
                json!({ "run_id": run_id, "repo": repo, "host": host }),
            ),
            Event::Commit { git } => self.line("commit", json!({ "git": git })),
            Event::StageStarted { stage } => self.line("stage_started", json!({ "stage": stage })),
            // A program that reads this has no line to keep alive; progress says what goes on.
            Event::StageGoesOn { .. } => {}
            Event::Progress { stage, line } => {
                self.line("progress", json!({ "stage": stage, "line": line }));
            }
            Event::Health {
                name,
                passed,
                answer,
                waited,
            } => self.line(
                "health",
                json!({ "name": name, "passed": passed, "answer": answer, "waited_ms": millis(*waited) }),
            ),
            Event::TestOutput { bytes } => {
                let text = self.characters(bytes);
                if !text.is_empty() {
                    self.line("test_output", json!({ "text": text }));
                }
            }
            Event::Warning { text } => self.line("warning", json!({ "text": text })),
            Event::Note { text } => self.line("note", json!({ "text": text })),
            Event::StageEnded {
                stage,
                status,
                duration,
                detail,
            } => {
                if !self.partial.is_empty() {
                    self.partial.clear();
                    self.line("test_output", json!({ "text": "\u{fffd}" }));
                }
                self.line(
                    "stage_ended",
                    json!({ "stage": stage, "status": status, "duration_ms": millis(*duration), "detail": detail }),
                );
            }
            Event::Failure(failure) => {
                let excerpts: Vec<Value> = failure
                    .excerpts
                    .iter()
                    .map(|excerpt| json!({ "title": excerpt.title, "text": excerpt.text }))
                    .collect();
                self.line(
                    "failure",
                    json!({
                        "stage": failure.stage,
                        "message": failure.message,
                        "excerpts": excerpts,
                        "help": failure.help,
                    }),
                );
            }
            Event::RunFinished {
                record,
                bundle,
                failure,
                kept,
            } => self.line(
                "run_finished",
                json!({ "record": record, "bundle": bundle, "failure": failure, "kept": kept }),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Stage, StageStatus};
    use crate::report::human::samples::{began, ended, finished, passed};

    fn lines(events: &[Event]) -> Vec<Value> {
        let mut out = Vec::new();
        let mut json = Json::to(&mut out);
        for event in events {
            json.event(event);
        }
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn output(bytes: &[u8]) -> Event {
        Event::TestOutput {
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn every_line_says_what_it_is() {
        let all = lines(&[
            began(),
            output(b"ok\n"),
            ended(Stage::Test, StageStatus::Passed, 7, "passed"),
            finished(passed(), None),
        ]);
        let names: Vec<&str> = all
            .iter()
            .map(|line| line["event"].as_str().unwrap())
            .collect();
        assert_eq!(
            names,
            ["run_started", "test_output", "stage_ended", "run_finished"]
        );
        assert!(
            all.iter()
                .all(|line| line["schema"] == 1 && line["at"].is_string())
        );
        assert_eq!(all[2]["stage"], "test");
        assert_eq!(all[2]["duration_ms"], 7);
        assert_eq!(all[3]["record"]["verdict"], "passed");
    }

    #[test]
    fn characters_are_whole_and_nothing_is_lost() {
        let all = lines(&[
            output("ü".as_bytes()[..1].as_ref()),
            output("ü".as_bytes()[1..].as_ref()),
            output(b"\xff end"),
            output(b"\xe2\x82"),
            ended(Stage::Test, StageStatus::Passed, 7, ""),
        ]);
        let texts: Vec<&str> = all
            .iter()
            .filter_map(|line| line["text"].as_str())
            .collect();
        assert_eq!(texts, ["ü", "\u{fffd} end", "\u{fffd}"]);
    }
}
