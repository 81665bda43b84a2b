use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::journal::recover;
use super::*;
use crate::record::ended::EndedSandbox;
use crate::record::event::{Event, Reporter as _};
use crate::record::outcome::{Stage, StageStatus, TestRecord, Verdict};
use crate::record::samples;

fn header(store: &Path, run_id: &str) -> Header {
    Header {
        run_id: run_id.to_owned(),
        spec: None,
        repo: "shop".to_owned(),
        host: "railiance01".to_owned(),
        started_at: "2026-11-22T13:00:00.000Z".to_owned(),
        bundle: store.join("bundle"),
        report: None,
        without_hub: false,
        is_run: true,
    }
}

fn record(run_id: &str) -> Record {
    Record {
        run_id: run_id.to_owned(),
        ..samples::passed()
    }
}

/// What their tests told.
fn none(_: &Path, _: jiff::Timestamp) -> Vec<TestRecord> {
    Vec::new()
}

fn names(store: &Store) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(store.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A store with the records of these runs, and the folder that it is in.
fn with(run_ids: [&str; 3]) -> (tempfile::TempDir, Store) {
    let state = tempfile::tempdir().unwrap();
    let store = Store::in_state(state.path());
    for run_id in run_ids {
        store.put(&record(run_id)).unwrap();
    }
    (state, store)
}

#[test]
fn many_at_once_keep_all_of_theirs() {
    let state = tempfile::tempdir().unwrap();
    let store = Store::in_state(&state.path().join("deep/down"));
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (store, state) = (&store, &state);
            scope.spawn(move || {
                let run_id = format!("{number:026}");
                let journal = Journal::begin(store, &header(state.path(), &run_id)).unwrap();
                recover(store, none, |_| panic!("nobody is dead")).unwrap();
                store.put(&record(&run_id)).unwrap();
                journal.end(store, &run_id).unwrap();
            });
        }
    });
    let kept = store.kept().unwrap();
    assert_eq!((kept.records.len(), kept.unreadable.len()), (16, 0));
    assert_eq!(names(&store).len(), 16);
    let mode = std::fs::metadata(store.folder()).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
}

#[test]
fn the_oldest_go_and_what_is_no_record_is_named() {
    let (_state, store) = with(["a", "b", "c"]);
    store.prune(2, "c").unwrap();
    std::fs::write(store.folder().join("torn.json"), "{\"schema\":1,").unwrap();
    let kept = store.kept().unwrap();
    let ids: Vec<&str> = kept.records.iter().map(|one| one.run_id.as_str()).collect();
    assert_eq!(ids, ["b", "c"]);
    assert!(
        kept.unreadable[0]
            .1
            .to_string()
            .starts_with("is not a record")
    );
    assert!(!store.path("a").is_file() && store.path("b").is_file());
    assert_eq!(store.get("b").unwrap(), record("b"));
}

#[test]
fn what_a_dead_run_knew_becomes_its_record_once() {
    let state = tempfile::tempdir().unwrap();
    let store = Store::in_state(state.path());
    std::fs::create_dir(state.path().join("bundle")).unwrap();
    let mut journal = Journal::begin(&store, &header(state.path(), "dead")).unwrap();
    for event in [
        Event::begin(Stage::Provision),
        Event::StageEnded {
            stage: Stage::Provision,
            status: StageStatus::Passed,
            duration: Duration::from_millis(5),
            detail: "made".to_owned(),
        },
        Event::begin(Stage::Ready),
        Event::Health {
            name: "web".to_owned(),
            passed: false,
            answer: "HTTP 503".to_owned(),
            waited: Duration::from_secs(1),
        },
    ] {
        journal.event(&event);
    }
    // It lives: nobody takes it.
    assert!(recover(&store, none, |_| Ok(())).unwrap().dead.is_empty());
    // Killed in the middle of a line.
    let path = store.folder().join("dead.partial");
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(b"{\"at\":\"20").unwrap();
    drop(journal);

    let mut told = 0;
    let dead = recover(&store, none, |_| {
        told += 1;
        Ok(())
    })
    .unwrap()
    .dead;
    assert_eq!((dead.len(), told), (1, 1));
    let record = store.get("dead").unwrap();
    assert_eq!(
        (record.verdict, record.exit_code),
        (Verdict::Interrupted, 137)
    );
    let statuses: Vec<_> = record
        .stages
        .iter()
        .map(|one| (one.name, one.status))
        .collect();
    assert_eq!(
        statuses,
        [
            (Stage::Provision, StageStatus::Passed),
            (Stage::Ready, StageStatus::Interrupted)
        ]
    );
    assert_eq!(
        record.health_checks[0].last_error.as_deref(),
        Some("HTTP 503")
    );
    assert_eq!(record.leftovers, ["sandbox dead (its state is not known)"]);
    assert!(state.path().join("bundle/run.json").exists());
    assert_eq!(names(&store), ["dead.json"]);
    assert!(
        recover(&store, none, |_| panic!("again"))
            .unwrap()
            .dead
            .is_empty()
    );

    // Later its host says more, once.
    let there = [("railiance01".to_owned(), vec!["dead".to_owned()])];
    assert_eq!(store.unknown().unwrap(), there.into());
    let ended = EndedSandbox {
        run_id: "dead".to_owned(),
        at: jiff::Timestamp::UNIX_EPOCH,
        why: "lease".to_owned(),
    };
    let learned = store.learn(&ended, state.path()).unwrap().unwrap();
    let detail = &learned.stages.last().unwrap().detail;
    assert!(
        detail.starts_with("the process was killed; the host took it down at 1970"),
        "{detail}"
    );
    assert!(learned.leftovers.is_empty());
    assert_eq!(store.get("dead").unwrap(), learned);
    assert!(store.unknown().unwrap().is_empty());
    assert_eq!(store.learn(&ended, state.path()).unwrap(), None);
}

#[test]
fn one_that_died_after_its_record_was_stored_keeps_that() {
    let state = tempfile::tempdir().unwrap();
    let store = Store::in_state(state.path());
    let journal = Journal::begin(&store, &header(state.path(), "late")).unwrap();
    store.put(&record("late")).unwrap();
    drop(journal);
    recover(&store, none, |_| Ok(())).unwrap();
    assert_eq!(store.get("late").unwrap(), record("late"));
    assert_eq!(names(&store), ["late.json"]);
}

#[test]
fn one_that_could_not_be_handed_on_is_tried_again() {
    let state = tempfile::tempdir().unwrap();
    let store = Store::in_state(state.path());
    drop(Journal::begin(&store, &header(state.path(), "dead")).unwrap());
    assert!(recover(&store, none, |_| Err(io::Error::other("the disk is full"))).is_err());
    assert_eq!(names(&store), ["dead.json", "dead.partial"]);
    assert_eq!(recover(&store, none, |_| Ok(())).unwrap().dead.len(), 1);
}

#[test]
fn a_disk_that_takes_nothing_is_an_error() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("runs"), "a file, not a folder").unwrap();
    let store = Store::in_state(state.path());
    assert!(store.put(&record("a")).is_err());
    assert!(Journal::begin(&store, &header(state.path(), "a")).is_err());
}

#[test]
fn a_clock_that_went_back_costs_no_record_and_neither_does_a_hub_that_is_down() {
    let (state, store) = with(["c", "d", "e"]);
    let outbox = crate::report::hub::Outbox::in_state(state.path());
    outbox
        .put(&crate::report::hub::Entry {
            run_id: "c".to_owned(),
            ..crate::report::hub::Entry::default()
        })
        .unwrap();
    store.put(&record("a")).unwrap();
    store.prune(1, "a").unwrap();
    assert_eq!(names(&store), ["a.json", "c.json", "e.json"]);
}

#[test]
fn a_journal_that_was_torn_hides_no_other_and_is_named() {
    let state = tempfile::tempdir().unwrap();
    let store = Store::in_state(state.path());
    drop(Journal::begin(&store, &header(state.path(), "whole")).unwrap());
    // What a power cut leaves: nothing, zeros, the beginning of a header.
    for (name, bytes) in [
        ("a", &b""[..]),
        ("b", b"\0\0\xff\xfe"),
        ("c", b"{\"run_id\":\"c"),
    ] {
        std::fs::write(store.folder().join(format!("{name}.partial")), bytes).unwrap();
    }
    // And one that is torn in its middle only.
    let mut journal = Journal::begin(&store, &header(state.path(), "middle")).unwrap();
    let path = store.folder().join("middle.partial");
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(b"\xff\xfe\0\n").unwrap();
    journal.event(&Event::begin(Stage::Connect));
    drop(journal);

    let recovered = recover(&store, none, |_| Ok(())).unwrap();
    let ids: Vec<&str> = recovered
        .dead
        .iter()
        .map(|dead| dead.record.run_id.as_str())
        .collect();
    assert_eq!(ids, ["middle", "whole"]);
    let middle = &recovered.dead[0].record;
    assert_eq!(middle.stages.len(), 1);
    // Nobody knows what the torn line said.
    assert_eq!(
        middle.leftovers,
        ["sandbox middle (its state is not known)"]
    );
    let torn: Vec<_> = recovered
        .torn
        .iter()
        .map(|path| path.file_name().unwrap())
        .collect();
    assert_eq!(torn, ["a.torn", "b.torn", "c.torn"]);
    assert_eq!(
        names(&store),
        ["a.torn", "b.torn", "c.torn", "middle.json", "whole.json"]
    );
    assert!(recover(&store, none, |_| Ok(())).unwrap().torn.is_empty());
}

#[test]
fn a_record_that_was_torn_is_made_again_while_its_journal_is_there() {
    let state = tempfile::tempdir().unwrap();
    let store = Store::in_state(state.path());
    drop(Journal::begin(&store, &header(state.path(), "torn")).unwrap());
    std::fs::write(store.path("torn"), "{\"schema\": 1, \"run").unwrap();
    assert!(recover(&store, none, |_| Ok(())).unwrap().dead[0].fresh);
    assert_eq!(store.get("torn").unwrap().verdict, Verdict::Interrupted);
}
