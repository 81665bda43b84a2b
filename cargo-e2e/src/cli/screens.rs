//! Where the runs of one command are shown: a single one as it runs, several at a time each whole once
//! it has ended, while a line says which ones run.

use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Instant;

use crate::cancel::Cancel;
use crate::report::human::several;
use crate::report::output::{Channel as _, Held};

use super::args::OutputArguments;
use super::print::{errln, output, warn};
use super::reporters::Screen;

/// What the first signal does, the second and the third.
const ANSWERS: [&str; 3] = [
    "stopping all that run, then logs and teardown (Ctrl-C again: skip logs)",
    "skipping logs, then teardown (Ctrl-C again: leave it to the hosts)",
    "leaving teardown to the hosts",
];

pub(super) struct Screens<'a> {
    typed: &'a OutputArguments,
    several: bool,
    since: Instant,
    running: RefCell<Vec<String>>,
    /// Held by the one that is shown.
    turn: tokio::sync::Mutex<()>,
}

impl<'a> Screens<'a> {
    pub(super) fn new(typed: &'a OutputArguments, several: bool) -> Self {
        Self {
            typed,
            several,
            since: Instant::now(),
            running: RefCell::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Does the work on a screen, which is shown.
    pub(super) async fn show(&self, name: &str, work: impl AsyncFnOnce(Screen<'_>) -> u8) -> u8 {
        let own = Screen::own(self.typed);
        if !self.several {
            return work(own).await;
        }
        let held = match Held::new() {
            Ok(held) => held,
            Err(error) => {
                warn(&format!("failed to hold the output of {name}: {error}"));
                return work(own).await;
            }
        };
        self.running.borrow_mut().push(name.to_owned());
        self.say_who_runs(own);
        let screen = Screen {
            streams: held.output(),
            held: true,
            ..own
        };
        let code = work(screen).await;
        let turn = self.turn.lock().await;
        output().err().status(None);
        if let Err(error) = held.show_on(output()).await {
            warn(&format!("failed to show the output of {name}: {error}"));
        }
        drop(turn);
        let mut running = self.running.borrow_mut();
        if let Some(at) = running.iter().position(|one| one == name) {
            running.remove(at);
        }
        drop(running);
        self.say_who_runs(own);
        code
    }

    /// Says what each signal does, where several run: their own words come when they have ended.
    pub(super) async fn answer(&self, cancel: &Cancel) -> Infallible {
        if self.several && !self.typed.quiet {
            for (signals, does) in (1..).zip(ANSWERS) {
                cancel.reached(signals).await;
                let bold = anstyle::Style::new().bold();
                errln!("{bold}note{bold:#}: {does}");
            }
        }
        std::future::pending().await
    }

    fn say_who_runs(&self, screen: Screen<'_>) {
        let names = self.running.borrow();
        output()
            .err()
            .status(several(screen.how(), self.since, &names));
    }
}
