//! Workspaces on this machine, by the scripts that hosts run and a real rsync.

mod change;
mod place;

use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use proptest::prelude::*;

use super::Taken;
use change::{Change, changes};
use place::{Place, tree};

/// Whatever a run does to its files, the next one finds what a fresh copy has.
fn every_run_finds_what_a_fresh_copy_has(runs: &[Vec<Change>]) {
    let place = Place::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut known = Vec::new();
    for changes in runs {
        runtime.block_on(async {
            let (sandbox, taken) = place.sync(&known).await;
            let repo = sandbox.repo_dir();
            assert_eq!(tree(Path::new(&repo)), place.fresh, "{taken:?}");
            std::fs::write(format!("{repo}/.env"), "SECRET=1").unwrap();
            for change in changes {
                change.make(Path::new(&repo));
            }
            known.insert(0, place::sync(&sandbox));
            place.take_down(&sandbox, "").await;
            place.has_nothing_but_the_repo();
        });
    }
    let (sandbox, taken) = runtime.block_on(place.sync(&known));
    assert_eq!(
        tree(Path::new(&sandbox.repo_dir())),
        place.fresh,
        "{taken:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: place::cases(8), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_change_can_not_hide(runs in prop::collection::vec(changes(), 1..4)) {
        every_run_finds_what_a_fresh_copy_has(&runs);
    }
}

#[test]
fn each_kind_of_change_is_found() {
    let runs: Vec<Vec<Change>> = Change::one_of_each();
    every_run_finds_what_a_fresh_copy_has(&runs);
}

#[tokio::test]
async fn what_did_not_change_stays() {
    let place = Place::new();
    let (first, taken) = place.sync(&[]).await;
    assert_eq!(taken, Taken::New);
    let inode = |repo: &str, path: &str| Path::new(repo).join(path).metadata().unwrap().ino();
    let (repo, run) = (first.repo_dir(), place::sync(&first));
    let before = inode(&repo, "a/one");
    std::fs::write(format!("{repo}/a/new"), "made by the tests").unwrap();
    std::fs::write(format!("{repo}/a/two"), "changed").unwrap();
    let changed = inode(&repo, "a/two");
    place.take_down(&first, "").await;
    place.has_nothing_but_the_repo();

    let (second, taken) = place.sync(std::slice::from_ref(&run)).await;
    assert_ne!(taken, Taken::New);
    let repo = second.repo_dir();
    assert_eq!(inode(&repo, "a/one"), before);
    assert_ne!(inode(&repo, "a/two"), changed);
    assert_eq!(tree(Path::new(&repo)), place.fresh);

    // A run beside it has nothing of it.
    let (beside, taken) = place.sync(&[run]).await;
    assert_eq!(taken, Taken::New);
    let inodes = |sandbox: &super::Sandbox| place::inodes(Path::new(&sandbox.repo_dir()));
    assert!(inodes(&second).is_disjoint(&inodes(&beside)));
    for sandbox in [&second, &beside] {
        place.take_down(sandbox, "").await;
    }
    assert_eq!(place.idle().len(), 2);
}

#[tokio::test]
async fn it_is_known_to_the_working_copy_that_sent_it_in_this_boot() {
    let place = Place::new();
    let (sandbox, _) = place.sync(&[]).await;
    let run = place::sync(&sandbox);
    place.take_down(&sandbox, "").await;
    let why = |taken: Taken| match taken {
        Taken::Unknown(why) => why,
        other => panic!("{other:?}"),
    };
    let other = "0".repeat(16);
    let (sandbox, taken) = place.sync(&[other]).await;
    assert_eq!(why(taken), "another working copy sent it");
    let second = place::sync(&sandbox);
    place.take_down(&sandbox, "").await;
    let (sandbox, taken) = place.sync(&[second.clone(), run]).await;
    match taken {
        Taken::Known(sync) => assert_eq!(sync, second),
        // Where the tests' files are on a tmpfs.
        other => assert!(why(other).contains("may be late")),
    }
    let third = place::sync(&sandbox);
    place.take_down(&sandbox, "").await;
    let idle = place.idle().remove(0);
    let name = idle.file_name().unwrap().to_str().unwrap().to_owned();
    let fields: Vec<&str> = name.split('.').collect();
    let earlier = format!("{}.{}.{}.00000000.1", fields[0], fields[1], fields[2]);
    std::fs::rename(&idle, idle.with_file_name(earlier)).unwrap();
    let (sandbox, taken) = place.sync(&[third]).await;
    assert_eq!(why(taken), "the host was switched on since it was sent");

    // Nor is one of before given back.
    let file = format!("{}/workspace", sandbox.dir());
    let text = std::fs::read_to_string(&file).unwrap();
    let boot = text.split('.').nth(3).unwrap().to_owned();
    std::fs::write(&file, text.replace(&boot, "00000000")).unwrap();
    place.take_down(&sandbox, "").await;
    assert_eq!(place.idle().len(), 0);
}

#[tokio::test]
async fn what_may_still_be_written_is_not_given_back() {
    let place = Place::new();
    let hold = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        let mut child: Child = command.spawn().unwrap();
        let mut word = [0; 1];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut word).unwrap();
        child
    };
    for script in [
        "exec 3>>AT/a/one; cd /; echo; exec sleep 600",
        "exec python3 -c 'import mmap, time; f = open(\"AT/a/one\", \"r+b\"); m = mmap.mmap(f.fileno(), 0); f.close(); print(flush=True); time.sleep(600)'",
    ] {
        let (sandbox, _) = place.sync(&[]).await;
        let mut child = hold(&script.replace("AT", &sandbox.repo_dir()));
        place.take_down(&sandbox, "").await;
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(place.idle().len(), 0, "{script}");
    }
    let (sandbox, _) = place.sync(&[]).await;
    let mounts = format!(
        "case \"$*\" in *Mounts*) echo /x,{} ;; esac",
        sandbox.repo_dir()
    );
    place.take_down(&sandbox, &mounts).await;
    assert_eq!(place.idle().len(), 0);
    // An engine that does not answer.
    let (sandbox, _) = place.sync(&[]).await;
    let fails = "case \"$*\" in *Mounts*) exit 1 ;; esac";
    place.take_down(&sandbox, fails).await;
    assert_eq!(place.idle().len(), 0);
}

#[tokio::test]
async fn a_sync_without_its_end_is_not_given_back() {
    let place = Place::new();
    let sandbox = place.sandbox();
    let taken = sandbox.take_workspace(&crate::host::Local, place::REPO, &[], place::LONG);
    taken.await.unwrap();
    place.send(&sandbox, false);
    place.take_down(&sandbox, "").await;
    assert_eq!(place.idle().len(), 0);

    // The list that counts is that of the first end.
    let (sandbox, _) = place.sync(&[]).await;
    std::fs::write(format!("{}/a/one", sandbox.repo_dir()), "changed").unwrap();
    place.settle(&sandbox).await;
    place.take_down(&sandbox, "").await;
    place.has_nothing_but_the_repo();
}

/// A script whose connection broke still lists the workspace. The script after it gets no lock, and the
/// run sends more files, which are no part of the sync.
#[tokio::test]
async fn a_list_that_comes_late_does_not_count() {
    let place = Place::new();
    let sandbox = place.sandbox();
    let taken = sandbox.take_workspace(&crate::host::Local, place::REPO, &[], place::LONG);
    taken.await.unwrap();
    place.send(&sandbox, false);
    let settling = std::fs::File::create(format!("{}/settling", sandbox.dir())).unwrap();
    rustix::fs::flock(&settling, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let settle = async || {
        let sync = place::sync(&sandbox);
        let lost = sandbox.settle(&crate::host::Local, place::REPO, &sync, 60, place::LONG);
        lost.await.unwrap()
    };
    let lost = Some("another script lists it".to_owned());
    assert_eq!(settle().await, lost);
    std::fs::write(format!("{}/.env", sandbox.repo_dir()), "SECRET=1").unwrap();
    drop(settling);
    assert_eq!(settle().await, lost);
    place.take_down(&sandbox, "").await;
    assert_eq!(place.idle().len(), 0);
}

#[tokio::test]
async fn a_link_in_its_place_leads_nowhere() {
    let place = Place::new();
    let (sandbox, _) = place.sync(&[]).await;
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("file"), "of others").unwrap();
    let repo = sandbox.repo_dir();
    std::fs::rename(&repo, format!("{repo}.moved")).unwrap();
    symlink(elsewhere.path(), &repo).unwrap();
    place.take_down(&sandbox, "").await;
    assert!(elsewhere.path().join("file").exists());
    assert_eq!(place.idle().len(), 0);
}

#[tokio::test]
async fn a_give_back_that_is_killed_at_some_step_gives_back_nothing_wrong() {
    killed_at_every(4).await;
}

#[tokio::test]
async fn a_give_back_that_is_killed_at_any_step_gives_back_nothing_wrong() {
    killed_at_every(1).await;
}

/// Killed before each of its steps, or each second or third of them: what was half done is never
/// given back.
async fn killed_at_every(stride: usize) {
    let place = Place::new();
    let mut known = Vec::new();
    let mut step = 1;
    loop {
        let (sandbox, _) = place.sync(&known).await;
        let repo = sandbox.repo_dir();
        assert_eq!(tree(Path::new(&repo)), place.fresh, "step {step}");
        std::fs::write(format!("{repo}/.env"), "SECRET=1").unwrap();
        for change in Change::several() {
            change.make(Path::new(&repo));
        }
        let killed = place.take_down_killed_at(&sandbox, step).await;
        place.has_nothing_but_the_repo();
        if !killed {
            break;
        }
        place.take_down(&sandbox, "").await;
        place.has_nothing_but_the_repo();
        known.insert(0, place::sync(&sandbox));
        step += stride;
    }
    assert!(step > 15, "only {step} steps");
    assert_eq!(place.idle().len(), 1);
}
