use super::*;

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
        self.0.extend(line);
    }
}

#[test]
fn the_line_is_that_of_the_stage_that_began_last_of_those_that_run() {
    let mut bottom = Bottom::default();
    let options = HumanOptions {
        live: true,
        ..HumanOptions::default()
    };
    let mut human = Human::on(options, &mut bottom, Vec::new());
    let started = |stage| Event::StageStarted { stage };
    for event in [
        started(Stage::Compile),
        started(Stage::Up),
        progress(Stage::Compile, "Compiling shop"),
        progress(Stage::Up, "Pulling db"),
        ended(Stage::Up, Passed, 1, ""),
        ended(Stage::Compile, Passed, 2, ""),
    ] {
        human.event(&event);
    }
    drop(human);
    let lines = [
        "compile waiting for the compiler",
        "up ",
        "up Pulling db",
        "compile Compiling shop",
    ];
    assert_eq!(bottom.0, lines);
}
