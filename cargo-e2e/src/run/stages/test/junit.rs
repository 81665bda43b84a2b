//! Reads the repo's own JUnit files.

mod entry;
mod here;
mod lock;
mod merge;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::SystemTime;

use crate::record::junit;
use crate::record::outcome::{StageStatus, TestRecord};
use crate::record::verdict::{Junit, JunitEntry};
use crate::run::{Context, StageError};
use crate::sandbox::Content;
use crate::shell::quote;
use crate::spec::Side;

use entry::Entry;
use here::Stamp;
use lock::Lock;
use merge::FileTests;

/// The files before the tests; a lock keeps other runs of this working copy away.
pub(super) struct Before {
    entries: Vec<Entry>,
    began: SystemTime,
    /// Those that were there, with what tells on this machine whether they were written again.
    there: BTreeMap<String, Option<Stamp>>,
    _lock: Option<Lock>,
}

/// The place that the tests write them to.
enum Place {
    Here(PathBuf),
    /// A folder of the sandbox.
    OnHost(&'static str),
}

fn place(context: &Context<'_>) -> Place {
    match (context.plan.tests.service(), context.plan.tests_on) {
        // The folder that it shares with the host.
        (Some(_), _) => Place::OnHost("collected/artifacts"),
        (None, Side::Host) => Place::OnHost("repo"),
        (None, Side::Client) => Place::Here(context.plan.repo.root.clone()),
    }
}

/// Looks at the files, which are of earlier runs.
///
/// # Errors
/// When another run in this working copy goes on for too long, or the host is lost.
pub(super) async fn before(context: &Context<'_>) -> Result<Before, StageError> {
    let written = &context.plan.spec.junit;
    let lock = match place(context) {
        Place::Here(_) if !written.is_empty() => Lock::take(context, &written.join(", ")).await?,
        Place::Here(_) | Place::OnHost(_) => None,
    };
    let mut before = Before {
        entries: written.iter().map(|one| Entry::new(one)).collect(),
        began: SystemTime::now(),
        there: BTreeMap::new(),
        _lock: lock,
    };
    before.look(context).await?;
    Ok(before)
}

/// Returns the files that an entry names, or why they are not known.
///
/// # Errors
/// When the host is lost.
async fn found(
    context: &Context<'_>,
    entry: &Entry,
) -> Result<Result<Vec<String>, String>, StageError> {
    if let Some(file) = entry.file() {
        return Ok(Ok(vec![file.to_owned()]));
    }
    let found = match place(context) {
        Place::OnHost(folder) => {
            let pair = [entry.folder(), entry.rough()];
            let pair = pair.iter().map(String::as_str);
            match context.sandbox.find(context.host, folder, pair).await {
                Ok(found) => Ok(found),
                Err(error) => Err(known(error.into())?),
            }
        }
        Place::Here(root) => {
            here::find(root, entry.folder(), context.plan.repo.results_dir.clone()).await
        }
    };
    Ok(found.map(|found| {
        let paths = found.iter().map(|path| path.trim_start_matches("./"));
        let paths = paths.filter(|path| entry.fits(path));
        paths.map(str::to_owned).collect()
    }))
}

/// Why something is not known, unless the host is lost.
fn known(error: StageError) -> Result<String, StageError> {
    if error.lost {
        Err(error)
    } else {
        Ok(error.message)
    }
}

impl Before {
    /// Looks at them again: what is there now is of an earlier attempt.
    ///
    /// # Errors
    /// When the host is lost.
    pub(super) async fn look(&mut self, context: &Context<'_>) -> Result<(), StageError> {
        self.began = SystemTime::now();
        for entry in &self.entries {
            // What can't be looked into now can't be afterwards either, or has only what is new.
            for path in found(context, entry).await?.unwrap_or_default() {
                let stamp = match place(context) {
                    Place::Here(root) => here::stamp(&root.join(&path)).await,
                    Place::OnHost(_) => None,
                };
                self.there.insert(path, stamp);
            }
        }
        Ok(())
    }

    /// Returns the shell commands that remove older ones on the host, which git may have sent
    /// along, or an earlier run have left in a kept sandbox.
    pub(super) fn removal(&self, context: &Context<'_>) -> String {
        let Place::OnHost(folder) = place(context) else {
            return String::new();
        };
        let dir = context.sandbox.dir();
        let remove = |path: &String| {
            let file = quote(&format!("{dir}/{folder}/{path}"));
            format!(
                "rm -rf -- {file} || {{ echo 'failed to remove an older `junit` file' >&2; exit 1; }}\n"
            )
        };
        self.there.keys().map(remove).collect()
    }
}

/// What became of the files.
#[derive(Default)]
pub(super) struct After {
    /// Each entry of e2e.yml.
    pub(super) entries: Vec<JunitEntry>,
    /// The tests of all files that were read.
    pub(super) tests: Vec<TestRecord>,
}

/// Reads the files.
///
/// # Errors
/// When the host is lost.
pub(super) async fn after(context: &Context<'_>, before: &Before) -> Result<After, StageError> {
    let mut named = Vec::new();
    for entry in &before.entries {
        named.push(found(context, entry).await?);
    }
    let paths: BTreeSet<String> = named.iter().flatten().flatten().cloned().collect();
    let mut files = BTreeMap::new();
    let mut read = Vec::new();
    for (path, bytes) in contents(context, before, paths).await? {
        let file = match bytes {
            Ok(bytes) => parsed(context, before, &path, &bytes, &mut read),
            Err(why) => why,
        };
        files.insert(path, file);
    }
    let entries = before.entries.iter().zip(named);
    let entries = entries.map(|(entry, named)| {
        let files: Vec<(String, Junit)> = match named {
            Err(why) => vec![(entry.written.clone(), Junit::Unreadable(why))],
            Ok(paths) => paths
                .into_iter()
                .filter_map(|path| Some((path.clone(), files.get(&path)?.clone())))
                .collect(),
        };
        // A glob names what this run wrote.
        let is_named =
            |file: &(String, Junit)| entry.file().is_some() || file.1 != Junit::Unwritten;
        JunitEntry {
            written: entry.written.clone(),
            files: files.into_iter().filter(is_named).collect(),
        }
    });
    let entries = entries.collect();
    let tests = merge::merged(read);
    Ok(After { entries, tests })
}

/// Returns the bytes of each file, or what is there instead.
async fn contents(
    context: &Context<'_>,
    before: &Before,
    paths: BTreeSet<String>,
) -> Result<Vec<(String, Result<Vec<u8>, Junit>)>, StageError> {
    let mut all = Vec::new();
    let folder = match place(context) {
        Place::OnHost(folder) => folder,
        Place::Here(root) => {
            for path in paths {
                let stamp = before.there.get(&path).unwrap_or(&None);
                let bytes = here::read(&root.join(&path), stamp.as_ref()).await;
                all.push((path, bytes));
            }
            return Ok(all);
        }
    };
    let names = paths.iter().map(String::as_str);
    let limit = context.plan.limits.collect;
    match context
        .sandbox
        .read(context.host, folder, names, limit)
        .await
    {
        Ok(contents) => {
            for (path, content) in paths.into_iter().zip(contents) {
                let bytes = match content {
                    Content::Bytes(bytes) if bytes.is_empty() => Err(Junit::Unwritten),
                    Content::Bytes(bytes) => Ok(bytes),
                    Content::Absent => Err(Junit::Unwritten),
                    Content::Unreadable => Err(Junit::Unreadable("permission denied".to_owned())),
                };
                all.push((path, bytes));
            }
        }
        Err(error) => {
            let why = known(error.into())?;
            let unread = |path| (path, Err(Junit::Unreadable(why.clone())));
            all.extend(paths.into_iter().map(unread));
        }
    }
    Ok(all)
}

fn parsed(
    context: &Context<'_>,
    before: &Before,
    path: &str,
    bytes: &[u8],
    read: &mut Vec<FileTests>,
) -> Junit {
    let text = String::from_utf8_lossy(bytes);
    // Before messages are cut: half a secret would not be known.
    let text = context.events.secrets().text(&text).into_owned();
    let began = jiff::Timestamp::try_from(before.began).unwrap_or_default();
    match junit::read_with_times(&text, (began, jiff::Timestamp::now())) {
        Ok(tests) => {
            read.push(FileTests {
                path: path.to_owned(),
                tests: tests.clone(),
            });
            Junit::Read(tests)
        }
        Err(error) => Junit::Unreadable(error.to_string()),
    }
}

/// Adds the files' tests to those that recorded events. A test in both is one test, which failed
/// when either says so; runners put suite names before its name.
pub(super) fn joined(told: &[TestRecord], counted: &[TestRecord]) -> Vec<TestRecord> {
    let mut all = told.to_vec();
    let mut free: Vec<usize> = (0..told.len()).collect();
    for test in counted {
        let same = |one: &str| one == test.name || test.name.ends_with(&format!("::{one}"));
        let place = free.iter().position(|at| told[*at].name == test.name);
        let place = place.or_else(|| free.iter().position(|at| same(&told[*at].name)));
        let Some(place) = place else {
            all.push(test.clone());
            continue;
        };
        let one = &mut all[free.remove(place)];
        if test.status == StageStatus::Failed && one.status != StageStatus::Failed {
            one.status = test.status;
            one.message.clone_from(&test.message);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::test;

    #[test]
    fn a_test_in_both_is_one_and_failed_when_either_says_so() {
        use StageStatus::{Failed, Passed};
        let told = [test("ship", Passed), test("list", Failed)];
        let counted = [
            test("shop::e2e::ship", Failed),
            test("shop::other::ship", Passed),
            test("list", Passed),
        ];
        let all = joined(&told, &counted);
        let all: Vec<_> = all
            .iter()
            .map(|one| (one.name.as_str(), one.status))
            .collect();
        assert_eq!(
            all,
            [
                ("ship", Failed),
                ("list", Failed),
                ("shop::other::ship", Passed)
            ]
        );
    }
}
