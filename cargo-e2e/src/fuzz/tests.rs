//! The fast half: every file of the corpora, and some thousands of changes to them, each within a
//! deadline. What libFuzzer or this found is kept as a file there, and so tested from then on.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

use super::{TARGETS, Target, target};

/// A machine that is busy is slow; what takes longer hangs.
const DEADLINE: Duration = Duration::from_mins(1);
const CASES: u32 = 1000;

macro_rules! each {
    ($($name:ident)*) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { feed(stringify!($name)); })*
    };
}

each! { spec scan rewrite junit masking probes listings events journal }

#[test]
fn every_target_is_tested_and_has_a_corpus() {
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, TESTED);
    for name in names {
        assert!(corpus(name).len() >= 2, "{name}");
        assert!(!words(name).is_empty(), "{name}");
    }
}

fn feed(name: &'static str) {
    let run = target(name).expect("a target");
    let corpus = corpus(name);
    for (path, bytes) in &corpus {
        let fine = within_deadline(run, bytes);
        assert!(fine.is_ok(), "{}: {fine:?}", path.display());
    }
    let config = ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let seeds: Vec<Vec<u8>> = corpus.into_iter().map(|(_, bytes)| bytes).collect();
    let changed = TestRunner::new(config).run(&inputs(seeds, words(name)), |Input(bytes)| {
        within_deadline(run, &bytes).map_err(|why| {
            let file = keep(name, &bytes);
            let again = format!(
                "to keep it as a test: cp {} cargo-e2e/fuzz/corpus/{name}/",
                file.display()
            );
            TestCaseError::fail(format!("{why}\n{again}"))
        })
    });
    if let Err(error) = changed {
        panic!("{error}");
    }
}

/// Runs on a thread of its own, so that what hangs can be told of.
fn within_deadline(run: Target, bytes: &[u8]) -> Result<(), String> {
    let (done, ended) = mpsc::channel();
    let input = bytes.to_vec();
    let thread = std::thread::spawn(move || {
        run(&input);
        let _ = done.send(());
    });
    match ended.recv_timeout(DEADLINE) {
        Ok(()) => Ok(()),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("it took longer than {DEADLINE:?}")),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let why = thread.join().expect_err("it said nothing");
            let text = why.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| why.downcast_ref::<&str>().copied());
            Err(format!("it panicked: {}", text.unwrap_or("?")))
        }
    }
}

/// Writes down what failed; the last one is the smallest.
fn keep(name: &str, bytes: &[u8]) -> PathBuf {
    let folder = std::env::temp_dir().join("cargo-e2e-fuzz");
    let file = folder.join(format!("{name}-{}", std::process::id()));
    let kept = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, bytes));
    kept.expect("room for a file");
    file
}

fn own(kind: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(kind)
        .join(name)
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(own("corpus", name)).expect("a corpus");
    let mut all: Vec<(PathBuf, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).expect("a file");
            (path, bytes)
        })
        .collect();
    all.sort();
    all
}

fn words(name: &str) -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(own("words", name)).expect("words");
    text.lines().map(|word| word.as_bytes().to_vec()).collect()
}

/// Bytes that can be read where a test fails.
#[derive(Clone)]
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

#[derive(Debug, Clone)]
enum Change {
    Put(Index, Vec<u8>),
    Replace(Index, u8),
    Cut(Index, Index),
    Again(Index, Index, Index),
}

fn inputs(seeds: Vec<Vec<u8>>, words: Vec<Vec<u8>>) -> impl Strategy<Value = Input> {
    let index = any::<Index>;
    let odd = select(vec![
        "\0", "\n", "\r", "\t", " ", "\u{1b}[", "\u{feff}", "\u{2028}", "é",
    ]);
    let change = prop_oneof![
        3 => (index(), select(words)).prop_map(|(at, word)| Change::Put(at, word)),
        1 => (index(), odd).prop_map(|(at, odd)| Change::Put(at, odd.as_bytes().to_vec())),
        1 => (index(), vec(any::<u8>(), 1..8)).prop_map(|(at, some)| Change::Put(at, some)),
        2 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        2 => (index(), index()).prop_map(|(from, to)| Change::Cut(from, to)),
        2 => (index(), index(), index()).prop_map(|(from, to, at)| Change::Again(from, to, at)),
    ];
    let seed = prop_oneof![4 => select(seeds), 1 => vec(any::<u8>(), 0..200)];
    (seed, vec(change, 1..10)).prop_map(|(mut bytes, changes)| {
        for change in changes {
            apply(&mut bytes, change);
        }
        Input(bytes)
    })
}

fn apply(bytes: &mut Vec<u8>, change: Change) {
    let end = bytes.len() + 1;
    let range = |from: Index, to: Index| {
        let (from, to) = (from.index(end), to.index(end));
        from.min(to)..from.max(to)
    };
    match change {
        Change::Put(at, some) => {
            let at = at.index(end);
            bytes.splice(at..at, some);
        }
        Change::Replace(at, byte) => {
            if let Some(one) = bytes.get_mut(at.index(end)) {
                *one = byte;
            }
        }
        Change::Cut(from, to) => drop(bytes.drain(range(from, to))),
        Change::Again(from, to, at) => {
            let some = bytes[range(from, to)].to_vec();
            let at = at.index(end);
            bytes.splice(at..at, some);
        }
    }
}
