//! The events as JSON lines on stdout, for other programs.

use std::path::PathBuf;
use std::sync::Arc;

use super::output::{Channel, Missed, Notice};
use crate::record::event::{Event, Line, Reporter};

pub struct Json<C: Channel> {
    out: C,
    /// The first bytes of a character that is not complete yet.
    partial: Vec<u8>,
}

/// Returns the event that stands in the place of those that were left out. `log` has all test
/// output.
pub fn gap(log: Option<PathBuf>) -> Notice {
    Arc::new(move |missed| {
        let text = missed.sentence(log.as_deref());
        line(&Event::Warning { text })
    })
}

fn line(event: &Event) -> String {
    // GitHub's runner would take `::` for a command; JSON allows it only inside of strings.
    let line = Line::of(event).unwrap_or_default();
    line.replace("##[", "#\\u0023[")
}

impl<C: Channel> Json<C> {
    pub fn on(out: C) -> Self {
        Self {
            out,
            partial: Vec::new(),
        }
    }

    fn write(&mut self, event: &Event) {
        // A reader that is gone must not end the run: the sandbox has yet to be removed.
        let _ = self.out.write_all(line(event).as_bytes());
    }

    /// Takes the tests' bytes, and returns the complete characters so far.
    fn characters(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.partial.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.partial) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.partial.len(),
        };
        // Bytes before it may be invalid UTF-8, and so may the end.
        let rest = self.partial.split_off(whole);
        std::mem::replace(&mut self.partial, rest)
    }
}

impl<C: Channel> Reporter for Json<C> {
    fn event(&mut self, event: &Event) {
        match event {
            // Progress may be left out for a slow reader.
            Event::Progress { .. } => {
                let missed = Missed::progress(1);
                self.out.offer(line(event).as_bytes(), missed);
            }
            Event::TestOutput { bytes } => {
                let missed = Missed::output(bytes.len());
                let bytes = self.characters(bytes);
                if !bytes.is_empty() {
                    let event = Event::TestOutput { bytes };
                    self.out.offer(line(&event).as_bytes(), missed);
                }
            }
            Event::StageEnded { .. } => {
                if !self.partial.is_empty() {
                    let bytes = std::mem::take(&mut self.partial);
                    self.write(&Event::TestOutput { bytes });
                }
                self.write(event);
            }
            Event::TestsExplained { .. } => {}
            _ => self.write(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::record::event::{Excerpt, Failure};
    use crate::record::outcome::{Git, Stage, StageStatus};
    use crate::record::samples::{RUN_ID, began, ended, finished, passed};

    fn lines(events: &[Event]) -> Vec<Value> {
        let mut out = Vec::new();
        let mut json = Json::on(&mut out);
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

    /// Returns one of each event, with all its fields.
    fn all() -> [Event; 11] {
        let stage = Stage::Ready;
        let git = Git {
            sha: Some("5eed".into()),
            branch: Some("main".into()),
            dirty: true,
        };
        let failure = Failure {
            stage,
            message: "web exited with code 1".into(),
            excerpts: vec![Excerpt {
                title: "last lines of web".into(),
                text: "no such file".into(),
            }],
            help: Some("look".into()),
        };
        let health = Event::Health {
            name: "web".into(),
            passed: false,
            answer: "HTTP 503".into(),
            waited: Duration::from_millis(1500),
        };
        [
            began(),
            Event::Commit { git },
            Event::begin(stage),
            Event::Progress {
                stage,
                line: "Pulled".into(),
            },
            health,
            output(b"ok\n"),
            Event::Warning {
                text: "one\ntwo".into(),
            },
            Event::Note {
                text: "noted".into(),
                waits: None,
            },
            ended(stage, StageStatus::Failed, 7, "why"),
            Event::Failure(failure),
            finished(passed(), Some("how to enter")),
        ]
    }

    #[test]
    fn events_and_their_fields_are_these() {
        let mut told = lines(&all());
        for line in &mut told {
            // What was written is read again as it was.
            let read: Line<Event> = serde_json::from_value(line.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), *line);
            let line = line.as_object_mut().unwrap();
            assert_eq!(line.remove("schema"), Some(json!(1)));
            let at = line.remove("at").unwrap();
            assert!(at.as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
        }
        let bundle = format!("target/e2e/{RUN_ID}");
        assert_eq!(
            Value::Array(told),
            json!([
                { "event": "run_started", "run_id": RUN_ID, "repo": "activity-core", "host": "railiance01" },
                { "event": "commit", "git": { "sha": "5eed", "branch": "main", "dirty": true } },
                { "event": "stage_started", "stage": "ready" },
                { "event": "progress", "stage": "ready", "line": "Pulled" },
                { "event": "health", "name": "web", "passed": false, "answer": "HTTP 503", "waited_ms": 1500 },
                { "event": "test_output", "text": "ok\n" },
                { "event": "warning", "text": "one\ntwo" },
                { "event": "note", "text": "noted" },
                { "event": "stage_ended", "stage": "ready", "status": "failed", "duration_ms": 7, "detail": "why" },
                {
                    "event": "failure", "stage": "ready", "message": "web exited with code 1", "help": "look",
                    "excerpts": [{ "title": "last lines of web", "text": "no such file" }],
                },
                {
                    "event": "run_finished", "record": passed(), "bundle": bundle, "failure": null,
                    "kept": "how to enter",
                },
            ])
        );
    }

    #[test]
    fn the_reference_lists_them() {
        let page = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../docs/src/reference/events.md"
        );
        let page = std::fs::read_to_string(page).unwrap();
        for line in lines(&all()) {
            let name = line["event"].as_str().unwrap();
            let row = format!("| `{name}` |");
            let row = page.lines().find(|line| line.starts_with(&row));
            let row = row.unwrap_or_else(|| panic!("{name} is not listed"));
            for field in line.as_object().unwrap().keys() {
                let is_listed = row.contains(&format!("`{field}`"));
                let is_common = ["schema", "event", "at"].contains(&field.as_str());
                assert!(is_listed || is_common, "{field} is not in {row}");
            }
        }
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
