use super::*;
use crate::report::output::Status;

/// Remembers what the line at the bottom said, each with the stage's name.
#[derive(Default)]
struct Bottom(Vec<String>);

impl std::io::Write for Bottom {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Channel for Bottom {
    fn status(&mut self, status: Option<Status>) {
        let line = status.map(|it| format!("{} {}", it.label.trim(), it.words));
        if self.0.last() != line.as_ref() {
            self.0.extend(line);
        }
    }
}

#[test]
fn the_line_is_that_of_the_stage_that_began_last_of_those_that_run() {
    let mut bottom = Bottom::default();
    let options = HumanOptions {
        progress: Progress::Redrawn,
        ..HumanOptions::default()
    };
    let mut human = Human::on(options, &mut bottom, Vec::new());
    let started = Event::begin;
    for event in [
        started(Stage::Compile),
        started(Stage::Up),
        progress(Stage::Compile, "Compiling shop"),
        progress(Stage::Up, "0/1 images pulled; db"),
        ended(Stage::Up, Passed, 1, ""),
        ended(Stage::Compile, Passed, 2, ""),
    ] {
        human.event(&event);
    }
    drop(human);
    let lines = [
        "compile waiting for the compiler",
        "up ",
        "up 0/1 images pulled; db",
        "compile Compiling shop",
    ];
    assert_eq!(bottom.0, lines);
}

/// What waits for another run has a clock and a limit of its own, until something happens.
#[test]
fn a_wait_for_another_run_is_a_line_of_its_own() {
    let mut bottom = Bottom::default();
    let mut human = Human::on(HumanOptions::default(), &mut bottom, Vec::new());
    let said =
        "waiting up to 900 s (`timeouts.up`): port 19212 is held by bank of root@vm, sandbox 01jd";
    let waits = Event::Note {
        text: said.into(),
        waits: Some(Duration::from_mins(15)),
    };
    for event in [
        Event::begin(Stage::Up),
        waits,
        progress(Stage::Up, "1/1 images pulled"),
    ] {
        human.event(&event);
    }
    drop(human);
    let lines = [
        "up ",
        "waiting port 19212 is held by bank of root@vm, sandbox 01jd",
        "up 1/1 images pulled",
    ];
    assert_eq!(bottom.0, lines);
}
