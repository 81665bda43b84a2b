//! When containers ran: each of their lives, from what the engine remembers of it. The engine keeps
//! few events for all of its containers, so that the first ones may be lost.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use crate::record::outcome::ServiceRecord;
use crate::report::failure::restarted;

/// What `collect.sh` writes: nanoseconds, what happened, service, number, exit code.
const EVENTS: &str = "container-events.log";

/// One life of a container, by the clock of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) from: Timestamp,
    /// None for one that still runs.
    pub(super) to: Option<Timestamp>,
    pub(super) code: Option<i64>,
    /// Whether it may have been several.
    pub(super) is_guess: bool,
}

/// A start or an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LifeEvent {
    at: Timestamp,
    is_start: bool,
    code: Option<i64>,
}

/// Reads the events of a bundle, by the name of the container in the record.
pub(super) fn events(bundle: &Path) -> HashMap<String, Vec<LifeEvent>> {
    let text = std::fs::read(bundle.join(EVENTS)).unwrap_or_default();
    let mut all: HashMap<String, Vec<LifeEvent>> = HashMap::new();
    for line in String::from_utf8_lossy(&text).lines() {
        let mut words = line.split(' ');
        let mut word = || words.next().filter(|word| !word.is_empty());
        let at = word().and_then(|at| at.parse().ok());
        let Some(at) = at.and_then(|at| Timestamp::from_nanosecond(at).ok()) else {
            continue;
        };
        let (Some(what), Some(service)) = (word(), word()) else {
            continue;
        };
        let name = match word() {
            None | Some("1") => service.to_owned(),
            Some(number) => format!("{service}@{number}"),
        };
        all.entry(name).or_default().push(LifeEvent {
            at,
            is_start: what == "start",
            code: word().and_then(|code| code.parse().ok()),
        });
    }
    all
}

/// Returns the lives of a container, and what is not known of them.
pub(super) fn of(
    service: &ServiceRecord,
    bundle: &Path,
    told: &[LifeEvent],
) -> (Vec<Life>, Option<String>) {
    let path = bundle.join(format!("inspect/{}.json", service.name));
    let text = std::fs::read(path).unwrap_or_default();
    let inspected: Value = serde_json::from_slice(&text).unwrap_or_default();
    let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    let state = &inspected[0]["State"];
    let created = time(&inspected[0]["Created"]);
    // Docker gives the year 1 as the start of a container that was never started.
    if service.state == "created" {
        return (Vec::new(), None);
    }
    let life = |from, to, code, is_guess| Life {
        from,
        to,
        code,
        is_guess,
    };
    let mut lives: Vec<Life> = Vec::new();
    let mut is_cut = false;
    for event in told {
        if event.is_start {
            lives.push(life(event.at, None, None, false));
        } else if let Some(last) = lives.last_mut() {
            (last.to, last.code) = (Some(event.at), event.code);
        } else if let Some(created) = created.filter(|created| *created < event.at) {
            // Its start is lost, and so may be more.
            is_cut = true;
            lives.push(life(created, Some(event.at), event.code, true));
        }
    }
    let started = time(&state["StartedAt"]);
    if let (true, Some(started)) = (lives.is_empty(), started) {
        let finished = time(&state["FinishedAt"]).filter(|to| *to > started);
        lives.push(life(started, finished, service.exit_code, false));
    }
    let is_less = u64::try_from(lives.len()).unwrap_or(u64::MAX) <= service.restarts;
    if let (false, true, Some(created), Some(first)) = (is_cut, is_less, created, lives.first()) {
        let to = first.from;
        if created < to {
            is_cut = true;
            lives.insert(0, life(created, Some(to), None, true));
        }
    }
    let unknown = is_cut.then(|| match service.restarts {
        0 => "its first starts are unknown".to_owned(),
        times => format!("{}, its first starts are unknown", restarted(times)),
    });
    (lives, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(events: &str, inspected: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("inspect")).unwrap();
        std::fs::write(folder.path().join(EVENTS), events).unwrap();
        std::fs::write(folder.path().join("inspect/web.json"), inspected).unwrap();
        folder
    }

    /// Seconds of begin and end, the exit code, and whether it is a guess.
    fn spans(lives: &[Life]) -> Vec<(i64, Option<i64>, Option<i64>, bool)> {
        let span = |life: &Life| {
            let to = life.to.map(Timestamp::as_second);
            (life.from.as_second(), to, life.code, life.is_guess)
        };
        lives.iter().map(span).collect()
    }

    #[test]
    fn each_life_is_told_as_far_as_the_engine_remembers() {
        let web = |restarts| ServiceRecord {
            name: "web".into(),
            state: "running".into(),
            restarts,
            ..ServiceRecord::default()
        };
        let of = |restarts, folder: &tempfile::TempDir| {
            let told = events(folder.path());
            let told = told.get("web").map_or(&[][..], Vec::as_slice);
            super::of(&web(restarts), folder.path(), told)
        };
        let inspected = r#"[{"Created": "1970-01-01T00:00:01Z",
            "State": {"StartedAt": "1970-01-01T00:00:09Z"}}]"#;
        let all = bundle(
            "2000000000 start web 1 \n3000000000 start web 2 \n5000000000 die web 1 137\n\
             9000000000 start web 1 \nnonsense\n",
            inspected,
        );
        let (lives, unknown) = of(0, &all);
        let whole = [(2, Some(5), Some(137), false), (9, None, None, false)];
        assert_eq!((spans(&lives), unknown), (whole.into(), None));
        assert_eq!(events(all.path())["web@2"].len(), 1);

        let cut = bundle(
            "5000000000 die web 1 1\n9000000000 start web 1 \n",
            inspected,
        );
        let (lives, unknown) = of(4, &cut);
        let rest = [(1, Some(5), Some(1), true), (9, None, None, false)];
        assert_eq!(spans(&lives), rest);
        let said = "restarted 4 times, its first starts are unknown";
        assert_eq!(unknown.as_deref(), Some(said));

        let none = bundle("", inspected);
        assert_eq!(spans(&of(0, &none).0), [(9, None, None, false)]);
        let (lives, unknown) = of(1, &none);
        let guess = [(1, Some(9), None, true), (9, None, None, false)];
        assert_eq!(spans(&lives), guess);
        assert!(unknown.is_some());
    }
}
