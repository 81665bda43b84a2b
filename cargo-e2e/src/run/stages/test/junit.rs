//! Reads the repo's own JUnit file.

mod lock;

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use e2e_harness::protocol::record::{Entry, Status};

use crate::record::junit;
use crate::record::outcome::{StageStatus, TestRecord};
use crate::record::verdict::Junit;
use crate::run::{Context, StageError};
use crate::shell::quote;
use crate::spec::Side;

use lock::Lock;

/// The state of the file before the tests; a lock keeps other runs of this working copy away.
pub(super) struct Before {
    began: SystemTime,
    stamp: Option<Stamp>,
    _lock: Option<Lock>,
}

/// What the kernel changes whenever a file is written, whatever times a program sets. It is
/// compared for equality only, so clocks don't matter.
#[derive(PartialEq, Eq)]
struct Stamp {
    inode: (u64, u64),
    size: u64,
    changed: (i64, i64),
    modified: (i64, i64),
}

/// Looks at the file of an earlier run. Only on the client: on a host it lies in the sandbox's own
/// copy, and is removed there.
///
/// # Errors
/// When another run in this working copy takes too long.
pub(super) async fn before(context: &Context<'_>) -> Result<Before, StageError> {
    let (stamp, lock) = match (place(context), &context.plan.spec.junit) {
        (Some(Place::Here(file)), Some(path)) => {
            let lock = Lock::take(context, path).await?;
            (stamp(&file).await, lock)
        }
        _ => (None, None),
    };
    Ok(Before {
        began: SystemTime::now(),
        stamp,
        _lock: lock,
    })
}

/// Returns the shell commands that remove an older file on the host: git may have shipped it, or an
/// earlier run left it in a kept sandbox.
pub(super) fn removal(context: &Context<'_>) -> String {
    match place(context) {
        Some(Place::OnHost(file)) => {
            let file = quote(&format!("{}/{file}", context.sandbox.dir()));
            format!(
                "rm -rf -- {file} || {{ echo 'failed to remove an older `junit` file' >&2; exit 1; }}\n"
            )
        }
        _ => String::new(),
    }
}

/// The place that the tests write it to.
enum Place {
    Here(PathBuf),
    /// Below the sandbox's folder.
    OnHost(String),
}

fn place(context: &Context<'_>) -> Option<Place> {
    let path = context.plan.spec.junit.as_ref()?;
    Some(
        match (context.plan.tests.service(), context.plan.tests_on) {
            // The folder that the service shares with the host.
            (Some(_), _) => Place::OnHost(format!("collected/artifacts/{path}")),
            (None, Side::Host) => Place::OnHost(format!("repo/{path}")),
            (None, Side::Client) => Place::Here(context.plan.repo.root.join(path)),
        },
    )
}

/// Returns the file's path in e2e.yml, and what was read. `None` where e2e.yml names none.
///
/// # Errors
/// When the host is lost.
pub(super) async fn look(
    context: &Context<'_>,
    before: &Before,
    untold: bool,
) -> Result<Option<(String, Junit)>, StageError> {
    let (Some(path), Some(place)) = (&context.plan.spec.junit, place(context)) else {
        return Ok(None);
    };
    let text = match place {
        Place::OnHost(file) => match context.sandbox.get(context.host, &file).await {
            Ok(text) => Ok(text),
            Err(error) => {
                let error = StageError::from(error);
                if error.lost {
                    return Err(error);
                }
                Err(Junit::Unreadable(error.message))
            }
        },
        Place::Here(file) => here(&file, before).await,
    };
    let found = match text {
        Ok(text) if text.is_empty() => Junit::Unwritten,
        Ok(text) => {
            let text = String::from_utf8_lossy(&text);
            // Masked before messages are cut: half a secret would not be recognised.
            let text = context.events.secrets().text(&text).into_owned();
            match junit::read(&text) {
                Ok(tests) => {
                    if untold {
                        let began = jiff::Timestamp::try_from(before.began).unwrap_or_default();
                        let times = junit::times(&text, (began, jiff::Timestamp::now()));
                        tell(context, &tests, &times).await;
                    }
                    Junit::Read(tests)
                }
                Err(error) => Junit::Unreadable(error.to_string()),
            }
        }
        Err(word) => word,
    };
    Ok(Some((path.clone(), found)))
}

async fn here(file: &Path, before: &Before) -> Result<Vec<u8>, Junit> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Junit::Unwritten,
        _ => Junit::Unreadable(error.to_string()),
    };
    let data = tokio::fs::metadata(file).await.map_err(unreadable)?;
    if !data.is_file() {
        return Err(Junit::Unreadable("it is not a file".to_owned()));
    }
    if stamp(file).await == before.stamp {
        return Err(Junit::Unwritten);
    }
    tokio::fs::read(file).await.map_err(unreadable)
}

async fn stamp(file: &Path) -> Option<Stamp> {
    let data = tokio::fs::metadata(file).await.ok()?;
    Some(Stamp {
        inode: (data.dev(), data.ino()),
        size: data.size(),
        changed: (data.ctime(), data.ctime_nsec()),
        modified: (data.mtime(), data.mtime_nsec()),
    })
}

/// Adds the file's tests to those that recorded events. A test in both is one test, which failed
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

/// Stores when each test ran, in the form of the harness's events.
async fn tell(context: &Context<'_>, tests: &[TestRecord], times: &[junit::Time]) {
    let mut lines = String::new();
    for time in times {
        let Some(test) = tests.iter().find(|test| test.name == time.test) else {
            continue;
        };
        let status = match test.status {
            StageStatus::Passed => Status::Passed,
            StageStatus::Skipped => continue,
            StageStatus::Failed | StageStatus::Interrupted => Status::Failed,
        };
        for entry in [
            Entry::TestStarted {
                test: test.name.clone(),
                attempt: 1,
                at: time.from.to_string(),
            },
            Entry::TestEnded {
                test: test.name.clone(),
                attempt: 1,
                status,
                duration_ms: test.duration_ms,
                message: None,
                at: time.to.to_string(),
            },
        ] {
            lines += &serde_json::to_string(&entry).unwrap_or_default();
            lines.push('\n');
        }
    }
    if !lines.is_empty() {
        // Only the timeline needs it; the report stage reports a full disk.
        let _ = tokio::fs::write(context.bundle.join(junit::TIMES), lines).await;
    }
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

    #[tokio::test]
    async fn a_file_that_was_written_again_differs_whatever_its_times_say() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.xml");
        std::fs::write(&file, "old").unwrap();
        let before = Before {
            began: SystemTime::now(),
            stamp: stamp(&file).await,
            _lock: None,
        };
        assert_eq!(here(&file, &before).await, Err(Junit::Unwritten));
        let time = std::fs::metadata(&file).unwrap().modified().unwrap();
        let other = folder.path().join("other.xml");
        std::fs::write(&other, "new").unwrap();
        let opened = std::fs::File::options().append(true).open(&other).unwrap();
        opened.set_modified(time).unwrap();
        std::fs::rename(&other, &file).unwrap();
        assert_eq!(here(&file, &before).await, Ok(b"new".to_vec()));
        assert!(matches!(
            here(folder.path(), &before).await,
            Err(Junit::Unreadable(_))
        ));
    }
}
