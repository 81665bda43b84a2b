//! A whole screen in all its forms, compared with what it was.

use std::io::Write;
use std::sync::{Arc, Mutex};

use super::*;
use crate::report::github::{NoCommands, StopCommands};

/// Both streams of a job, in one log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Channel for Log {}

fn on_one_log(options: HumanOptions, events: &[Event], is_github: bool) -> String {
    let log = Log::default();
    let err: Box<dyn Channel> = if is_github {
        Box::new(NoCommands(log.clone()))
    } else {
        Box::new(log.clone())
    };
    let shared = HumanOptions {
        shared: true,
        ..options
    };
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    if is_github {
        reporters.push(Box::new(StopCommands::on(log.clone())));
    }
    reporters.push(Box::new(Human::on(shared, err, log.clone())));
    for event in events {
        for reporter in &mut reporters {
            reporter.event(event);
        }
    }
    drop(reporters);
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

/// Names what moves no cursor, and the token that differs from run to run.
fn readable(text: &str) -> String {
    let mut text = text.to_owned();
    for (code, name) in [
        ("\u{1b}[0m", "{/}"),
        ("\u{1b}[1m", "{bold}"),
        ("\u{1b}[2m", "{dim}"),
        ("\u{1b}[31m", "{red}"),
        ("\u{1b}[32m", "{green}"),
        ("\u{1b}[33m", "{yellow}"),
        ("\u{1b}[36m", "{cyan}"),
    ] {
        text = text.replace(code, name);
    }
    assert!(!text.contains('\u{1b}'), "{text:?}");
    if let Some((_, rest)) = text.split_once("::stop-commands::") {
        let token = rest.lines().next().unwrap().to_owned();
        text = text.replace(&token, "TOKEN");
    }
    text
}

pub(super) fn compare(name: &str, events: &[Event]) {
    let columns = |columns| HumanOptions {
        columns: Some(columns),
        ..HumanOptions::default()
    };
    let piped = HumanOptions::default();
    let coloured = HumanOptions {
        color: true,
        ..columns(80)
    };
    let shown = [
        ("in a pipe", on_one_log(piped, events, false)),
        ("80 columns", on_one_log(columns(80), events, false)),
        ("160 columns", on_one_log(columns(160), events, false)),
        ("80 columns in colours", on_one_log(coloured, events, false)),
        ("GitHub", on_one_log(piped, events, true)),
    ];
    let mut all = String::new();
    for (at, (how, text)) in shown.iter().enumerate() {
        let same = shown[..at].iter().find(|(_, other)| other == text);
        let shown = match same {
            Some((other, _)) => format!("--- {how}: as {other}\n"),
            None => format!("--- {how}\n{}", readable(text)),
        };
        all.push_str(&shown);
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots");
    settings.bind(|| insta::assert_snapshot!(name, all));
}
