//! The folder that every run leaves on the client: the record and the evidence.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _, Seek as _, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::durable;
use crate::record::outcome::Record;
use crate::record::{ctrf, junit, store};
use crate::report::{failure, github};
use crate::sandbox::is_run_id;

/// How many runs a repo keeps.
pub const KEPT_RUNS: usize = 20;

/// A folder without a record that is younger than this may belong to a run under way.
const UNDER_WAY: Duration = Duration::from_hours(24);
/// After its record, a run writes its page and more beside it.
const REPORTING: Duration = Duration::from_mins(1);

/// One run's folder.
#[derive(Debug, Clone)]
pub struct Bundle {
    results: PathBuf,
    dir: PathBuf,
}

impl Bundle {
    /// Makes `<results_dir>/<run id>`, which only this user can enter. The results ignore
    /// themselves in git, wherever they are: a Cargo target folder may be anywhere too.
    pub fn create(results_dir: &Path, run_id: &str) -> io::Result<Self> {
        if !is_run_id(run_id) {
            let message = format!("`{run_id}` is not a run id");
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        fs::create_dir_all(results_dir)?;
        ignore_in_git(results_dir)?;
        let dir = results_dir.join(run_id);
        DirBuilder::new().mode(0o700).create(&dir)?;
        Ok(Self {
            results: results_dir.to_owned(),
            dir,
        })
    }

    /// Returns the folder that a run made; `None` where it is gone or another's.
    pub fn of(dir: &Path, run_id: &str) -> Option<Self> {
        let is_its = is_run_id(run_id) && dir.ends_with(run_id) && dir.is_dir();
        is_its.then(|| Self {
            results: dir.parent().unwrap_or(dir).to_owned(),
            dir: dir.to_owned(),
        })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes `run.json`, which is there whole or not at all, also after a power cut.
    pub fn write_record(&self, record: &Record) -> io::Result<()> {
        store::write(&self.dir, "run.json", record)
    }

    /// Writes `junit.xml`, `ctrf.json` and `summary.md`, with what the evidence says of a failure.
    pub fn write_for_ci(
        &self,
        record: &Record,
        failure: Option<&failure::Report>,
    ) -> io::Result<()> {
        let output = tail(&self.dir.join("test-output.log"), junit::OUTPUT);
        let none = junit::Stacks::new();
        let stacks = failure.map_or(&none, |failure| &failure.stacks);
        let xml = junit::write(record, &output, stacks);
        durable::write(&self.dir, "junit.xml", xml.as_bytes())?;
        store::write(&self.dir, "ctrf.json", &ctrf::report(record, stacks))?;
        let failure = failure.map(|failure| failure.short.as_str());
        let summary = github::summary(record, failure);
        durable::write(&self.dir, "summary.md", summary.as_bytes())
    }

    /// Lets `latest` point here. There is no moment without a `latest`.
    pub fn mark_latest(&self) -> io::Result<()> {
        let run_id = self.dir.file_name().unwrap_or_default();
        // Named for the run: two runs that end at once don't take each other's.
        let mut name = std::ffi::OsString::from(".latest-");
        name.push(run_id);
        let fresh = self.results.join(name);
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        symlink(run_id, &fresh)?;
        fs::rename(&fresh, self.results.join("latest")).inspect_err(|_| {
            let _ = fs::remove_file(&fresh);
        })
    }

    /// Removes all but the `keep` newest runs. Never removes this run, one that may be under way,
    /// or a folder that is not a run's. Goes on after an error.
    ///
    /// # Errors
    /// The first one.
    pub fn prune(&self, keep: usize) -> io::Result<()> {
        let mut runs = Vec::new();
        for entry in fs::read_dir(&self.results)? {
            let entry = entry?;
            // A link has the type link: its target is not ours.
            let is_run = entry.file_name().to_str().is_some_and(is_run_id);
            if is_run && entry.file_type()?.is_dir() {
                runs.push(entry.path());
            }
        }
        runs.sort();
        runs.truncate(runs.len().saturating_sub(keep));
        let mut outcome = Ok(());
        for run in runs {
            if run != self.dir && !may_be_under_way(&run) {
                outcome = outcome.and(remove(&run));
            }
        }
        outcome
    }
}

/// Returns the end of a file as whole lines; an empty text where there is no file.
fn tail(path: &Path, length: usize) -> String {
    let read = || {
        let mut file = fs::File::open(path)?;
        let size = file.metadata()?.len();
        let from = size.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        file.seek(io::SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let whole = match text.split_once('\n') {
            Some((_, rest)) if from > 0 => rest,
            _ => &text,
        };
        Ok::<_, io::Error>(whole.to_owned())
    };
    read().unwrap_or_default()
}

fn ignore_in_git(results_dir: &Path) -> io::Result<()> {
    let path = results_dir.join(".gitignore");
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(b"*\n"),
        // A file that a user wrote stays.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn may_be_under_way(run: &Path) -> bool {
    let changed = |path: &Path| fs::symlink_metadata(path).and_then(|data| data.modified());
    let is_young = |changed: SystemTime, most| changed.elapsed().unwrap_or_default() < most;
    changed(&run.join("run.json")).map_or_else(
        |_| changed(run).is_ok_and(|changed| is_young(changed, UNDER_WAY)),
        |written| is_young(written, REPORTING),
    )
}

/// Removes a folder and its content, but never the target of a link in it.
fn remove(run: &Path) -> io::Result<()> {
    match fs::remove_dir_all(run) {
        // An artifact may be a folder that its owner can't write to.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            open_up(run)?;
            fs::remove_dir_all(run)
        }
        // Another run may have pruned it.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

fn open_up(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::passed;

    fn run_id(number: usize) -> String {
        format!("01j{number:023}")
    }

    fn just_finished(results: &Path, number: usize) -> Bundle {
        let bundle = Bundle::create(results, &run_id(number)).unwrap();
        bundle.write_record(&passed()).unwrap();
        bundle
    }

    fn finished(results: &Path, number: usize) -> Bundle {
        let bundle = just_finished(results, number);
        let record = fs::File::open(bundle.dir().join("run.json")).unwrap();
        record.set_modified(SystemTime::now() - REPORTING).unwrap();
        bundle
    }

    fn names(dir: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|e| name(e).unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = finished(&folder.path().join("e2e/results"), 1);
        let json = fs::read_to_string(bundle.dir().join("run.json")).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), passed());
        assert!(json.starts_with("{\n  \"schema\": 1,") && json.ends_with("}\n"));
        assert_eq!(names(bundle.dir()), ["run.json"]);
        let mode = fs::metadata(bundle.dir()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn results_ignore_themselves_unless_the_user_said_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let ignore = folder.path().join(".gitignore");
        finished(folder.path(), 1);
        assert_eq!(fs::read_to_string(&ignore).unwrap(), "*\n");
        fs::write(&ignore, "mine").unwrap();
        finished(folder.path(), 2);
        assert_eq!(fs::read_to_string(&ignore).unwrap(), "mine");
    }

    #[test]
    fn a_run_id_is_a_name_and_no_path() {
        let folder = tempfile::tempdir().unwrap();
        for id in [
            "",
            "..",
            "latest",
            "../../aaaaaaaaaaaaaaaaaaaa",
            "01J00000000000000000000000",
        ] {
            let error = Bundle::create(folder.path(), id).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{id}");
        }
        finished(folder.path(), 1);
        let again = Bundle::create(folder.path(), &run_id(1)).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    }

    #[test]
    fn latest_points_to_the_last_that_was_marked() {
        let folder = tempfile::tempdir().unwrap();
        for number in [1, 2] {
            finished(folder.path(), number).mark_latest().unwrap();
            let target = fs::read_link(folder.path().join("latest")).unwrap();
            assert_eq!(target, Path::new(&run_id(number)));
        }
        assert_eq!(
            names(folder.path()),
            [".gitignore", &run_id(1), &run_id(2), "latest"]
        );
    }

    #[test]
    fn a_folder_named_latest_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let latest = folder.path().join("latest");
        fs::create_dir(&latest).unwrap();
        fs::write(latest.join("mine"), "").unwrap();
        assert!(finished(folder.path(), 1).mark_latest().is_err());
        assert_eq!(names(folder.path()), [".gitignore", &run_id(1), "latest"]);
        assert_eq!(names(&latest), ["mine"]);
    }

    #[test]
    fn the_oldest_runs_go_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("precious"), "").unwrap();
        let results = folder.path();
        // Older than every run, but not runs: a link, a file, another name, one under way.
        symlink(outside.path(), results.join("00000000000000000000000000")).unwrap();
        fs::write(results.join("00000000000000000000000001"), "").unwrap();
        fs::create_dir(results.join("0000-notes")).unwrap();
        fs::create_dir(results.join("00000000000000000000000002")).unwrap();
        let first = finished(results, 1);
        symlink(outside.path(), first.dir().join("artifacts")).unwrap();
        for number in 2..=5 {
            finished(results, number);
        }
        let last = finished(results, 6);
        last.mark_latest().unwrap();

        last.prune(3).unwrap();
        assert_eq!(
            names(results),
            [
                ".gitignore",
                "0000-notes",
                "00000000000000000000000000",
                "00000000000000000000000001",
                "00000000000000000000000002",
                &run_id(4),
                &run_id(5),
                &run_id(6),
                "latest"
            ]
        );
        assert_eq!(names(outside.path()), ["precious"]);

        // A run whose clock is behind does not remove itself.
        let late = finished(results, 0);
        late.prune(0).unwrap();
        assert!(late.dir().exists());
        assert!(!last.dir().exists());
    }

    #[test]
    fn a_run_that_writes_its_reports_keeps_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let beside = just_finished(folder.path(), 1);
        finished(folder.path(), 2).prune(1).unwrap();
        assert!(beside.dir().exists());
    }

    #[test]
    fn an_artifact_that_its_owner_cant_write_to_goes_too() {
        let folder = tempfile::tempdir().unwrap();
        let old = finished(folder.path(), 1);
        let locked = old.dir().join("artifacts/locked");
        fs::create_dir_all(&locked).unwrap();
        fs::write(locked.join("a"), "").unwrap();
        fs::set_permissions(&locked, Permissions::from_mode(0o555)).unwrap();
        finished(folder.path(), 2).prune(1).unwrap();
        assert!(!old.dir().exists());
        // As root nothing is denied above; the way in is tried by itself.
        let shut = folder.path().join("shut");
        DirBuilder::new().mode(0o000).create(&shut).unwrap();
        open_up(&shut).unwrap();
        remove(&shut).unwrap();
    }
}
