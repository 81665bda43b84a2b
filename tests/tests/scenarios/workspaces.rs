//! A run finds the repo as a fresh copy would have it, whatever the run before did there; and no two
//! runs share a file.

use std::collections::BTreeSet;
use std::fs;

use e2e_tests::{Host, Ran, Repo, here_and_over_ssh};
use indoc::{formatdoc, indoc};
use std::os::unix::fs::symlink;

/// A container that changes the repo as root, and is done when `done` is there.
const VANDAL: &str = indoc! {"
    services:
      web:
        image: BUSYBOX
        volumes: ['..:/repo']
        command:
          - sh
          - -c
          - |
            cd /repo
            echo theirs >made-by-root; mkdir -p root/own; echo theirs >root/own/file; chmod 700 root/own
            echo changed >data/one; chown 1234 data/two; mv data/three data/four
            mkdir -m 700 data/closed; touch data/closed/file
            chown -R 1234:1234 data/deep
            ln data/five linked; mv swap/a aside; mv swap/b swap/a; mv aside swap/b
            touch done; exec sleep 600
    "};
/// Says all that a test can see, then changes more.
const TESTS: &str = indoc! {r#"
    sync: {include: [.env]}
    ports: isolated
    health_checks: [{name: done, exec: [test, -e, /repo/done], service: web, timeout: 60}]
    shell: bash
    prepare_command: |
      find . ! -name .env ! -path . \( -type f -printf '%m %u %g %s %T@ %p\n' -o -printf '%y %m %u %g %l %p\n' \) | sort >"$E2E_ARTIFACTS/tree"
      find . -type f ! -name .env -exec cksum {} + | sort >"$E2E_ARTIFACTS/content"
      cat .env
    test_command: |
      echo theirs >code/new; rm code/two; chmod 600 code/one
    "#};

fn repo(name: &str) -> Repo {
    let mut repo = Repo::new(name)
        .gitignore(".env\n")
        .file(".env", "SECRET=1\n")
        .compose(VANDAL)
        .spec(TESTS);
    for file in [
        "data/one",
        "data/two",
        "data/three",
        "data/five",
        "data/deep/er/file",
        "code/one",
        "code/two",
    ] {
        repo = repo.file(file, "as it is\n");
    }
    // Of the same size, and soon of the same time.
    repo = repo.file("swap/a/file", "a\n").file("swap/b/file", "b\n");
    let moment = fs::metadata(repo.path("data/one")).and_then(|found| found.modified());
    for file in ["swap/a/file", "swap/b/file"] {
        let opened = fs::File::options().append(true).open(repo.path(file));
        opened
            .and_then(|file| file.set_modified(moment.as_ref().copied().expect("it has one")))
            .expect("it is the test's own");
    }
    repo
}

fn artifact(ran: &Ran<'_>, name: &str) -> String {
    fs::read_to_string(ran.bundle().join("artifacts").join(name)).expect("the run wrote it")
}

/// The files of the idle workspaces of a repo, with their inodes.
fn idle(repo: &Repo, host: Host) -> String {
    host.says(&format!(
        "cd {}/workspaces && find {}.* -type f -printf '%i %P\\n' | sort -k 2",
        host.root(),
        repo.slug()
    ))
}

here_and_over_ssh! {
    fn whatever_a_run_does_the_next_finds_a_fresh_copy(host) {
        let repo = repo("vandal");
        let first = repo.run(host, &[]);
        first.ended(0, "passed");
        let kept = idle(&repo, host);
        let names: BTreeSet<&str> = kept.lines().filter_map(|line| line.split_once(' ')).map(|(_, name)| name).collect();
        // What is as it was sent, and nothing else.
        for name in [".gitignore", "e2e/e2e.yml", "e2e/compose.yml"] {
            assert!(names.contains(name), "{name}: {kept}");
        }
        for name in [".env", "made-by-root", "data/one", "data/two", "data/five", "data/deep/er/file", "data/four", "code/one", "code/new", "linked", "done", "swap/a/file"] {
            assert!(!names.contains(name), "{name}: {kept}");
        }
        let second = repo.run(host, &[]);
        second.ended(0, "passed");
        for file in ["tree", "content"] {
            assert_eq!(artifact(&second, file), artifact(&first, file), "{}", second.output());
        }
        // They are the files that were there.
        let inode = |kept: &str| kept.lines().find(|line| line.ends_with("e2e/e2e.yml")).map(str::to_owned);
        assert_eq!(inode(&idle(&repo, host)), inode(&kept));
    }

    fn two_runs_at_once_share_no_file(host) {
        let repo = Repo::new("beside")
            .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n")
            .spec("ports: isolated\ntest_command: |\n  find . -type f -printf '%i\\n' >\"$E2E_ARTIFACTS/inodes\"\n  eval\n");
        repo.run(host, &["--", ":"]).ended(0, "passed");
        let mut waiting = repo.start(host, &["--", "echo testing; until [ -e go ]; do sleep 0.1; done"]);
        waiting.prints("testing");
        let go = format!("{}/sandboxes/{}/repo/go", host.root(), waiting.run_id());
        let beside = repo.run(host, &["--", ":"]);
        beside.ended(0, "passed");
        let _ = host.says(&format!("touch {go}"));
        let waited = waiting.finish();
        waited.ended(0, "passed");
        let inodes = |ran: &Ran<'_>| artifact(ran, "inodes").lines().map(str::to_owned).collect::<BTreeSet<_>>();
        assert!(inodes(&waited).is_disjoint(&inodes(&beside)));
        let kept = host.says(&format!("ls -d {}/workspaces/{}.* | wc -l", host.root(), repo.slug()));
        assert_eq!(kept, "2\n");
    }

    fn a_sandbox_that_was_kept_gives_its_workspace_back(host) {
        let repo = Repo::new("kept")
            .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n")
            .gitignore(".env\n")
            .file(".env", "SECRET=1\n")
            .file("here", "first\n")
            .file("there", "first\n")
            .file("neither", "first\n")
            .spec("sync: {include: [.env]}\nports: isolated\ntest_command: cat here neither; echo theirs >there; echo theirs >new\n");
        let up = repo.run_and_keep(host, &["--keep"]);
        up.kept(0, "passed");
        assert_eq!(host.sh(&format!("ls -d {}/workspaces/{}.*", host.root(), repo.slug())).stdout, "");
        fs::write(repo.path("here"), "second\n").expect("it is the test's own");
        let again = repo.run_and_keep(host, &["--reuse"]);
        assert_eq!(again.output().code, Some(0), "{}", again.output());
        again.stdout_has("second\nfirst\n");
        let down = repo.cargo_e2e(&["down", "--host", &host.name()]);
        assert_eq!(down.code, Some(0), "{down}");
        up.leaves_nothing();
        let kept = idle(&repo, host);
        for (name, stays) in [("neither", true), ("here", false), ("there", false), ("new", false), (".env", false)] {
            assert_eq!(kept.lines().any(|line| line.ends_with(&format!(" {name}"))), stays, "{name}: {kept}");
        }
        repo.run(host, &[]).ended(0, "passed").stdout_has("second\nfirst\n");
    }
}

/// Compose reads the files while they travel, and may meet those of the last run.
#[test]
fn the_stack_is_that_of_this_runs_files_however_an_edit_reaches_compose() {
    let repo = Repo::new("edits")
        .compose(indoc! {"
            services:
              web:
                image: BUSYBOX
                command: [sleep, '600']
                env_file: [now.env]
                environment: {WRITTEN: 'first', VALUE: '${VALUE:-none}'}
        "})
        .file("e2e/.env", "VALUE=here\n")
        .file("e2e/one.env", "LINKED=one\n")
        .file("e2e/two.env", "LINKED=two\n")
        .spec("test_command: docker compose exec -T web env\n");
    symlink("one.env", repo.path("e2e/now.env")).expect("it is the test's own");
    let write = |file: &str, text: &str| {
        fs::write(repo.path(file), text).expect("it is the test's own");
    };
    let sees = |written: &str, linked: &str, value: &str| {
        let ran = repo.run(Host::Dev, &[]);
        ran.ended(0, "passed")
            .stdout_has(&format!("WRITTEN={written}\n"))
            .stdout_has(&format!("LINKED={linked}\n"))
            .stdout_has(&format!("VALUE={value}\n"));
    };
    sees("first", "one", "here");
    write("README.md", "nothing that Compose reads\n");
    sees("first", "one", "here");
    let compose = fs::read_to_string(repo.path("e2e/compose.yml")).expect("there is one");
    write("e2e/compose.yml", &compose.replace("first", "other"));
    sees("other", "one", "here");
    write("e2e/one.env", "LINKED=new\n");
    sees("other", "new", "here");
    fs::remove_file(repo.path("e2e/now.env")).expect("it is the test's own");
    symlink("two.env", repo.path("e2e/now.env")).expect("it is the test's own");
    sees("other", "two", "here");
    fs::remove_file(repo.path("e2e/.env")).expect("it is the test's own");
    sees("other", "two", "none");
    // By way of a merge of a merge, which a look at the file may miss.
    let image = compose.lines().find(|line| line.contains("image:"));
    let compose = formatdoc! {"
        x-base: &base {{env_file: [values]}}
        x-app: &app {{<<: *base, command: [sleep, '600']}}
        services:
          web:
        {}
            <<: *app
            environment: {{WRITTEN: merged, VALUE: none}}
    ", image.expect("it has one")};
    write("e2e/values", "LINKED=first\n");
    write("e2e/compose.yml", &compose);
    sees("merged", "first", "none");
    write("e2e/values", "LINKED=second\n");
    sees("merged", "second", "none");
}
