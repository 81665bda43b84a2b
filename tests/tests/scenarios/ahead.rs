//! Containers that need nothing of the repo are made while its files travel, and only where they are what is
//! tested then.

use std::fs;
use std::time::Duration;

use e2e_tests::{Host, Ran, Repo, here_and_over_ssh, wait_for};
use indoc::indoc;

const STACK: &str = indoc! {"
    services:
      web:
        image: BUSYBOX
        command: [sleep, '600']
        environment: {MARK: 'first'}
        ports: ['PORT_A:80']
"};

/// Runs it, and does something on the host once its files are there and its containers are made.
fn run_with(repo: Repo, host: Host, then: impl FnOnce(), judge: impl FnOnce(&Ran<'_>)) {
    let held = repo.root().with_extension("held");
    let repo = repo.env("CARGO_E2E_FAILPOINT", &format!("sent:{}", held.display()));
    let mut run = repo.start(host, &[]);
    wait_for("the files to be sent", Duration::from_mins(1), || {
        held.exists()
    });
    run.makes_containers(host);
    then();
    fs::remove_file(&held).expect("it is held still");
    let ran = run.finish();
    judge(&ran);
    ran.leaves_nothing();
}

here_and_over_ssh! {
    fn containers_are_made_while_files_travel(host) {
        for ports in ["declared", "isolated"] {
            let repo = Repo::new("ahead").compose(STACK).spec(&format!(
                "ports: {ports}\ntest_command: test -e more\n"
            ));
            repo.run(host, &[]).ended(100, "failed");
            run_with(repo.file("more", ""), host, || (), |ran| {
                ran.ended(0, "passed");
            });
        }
    }

    fn containers_of_a_stack_that_is_another_by_now_are_removed(host) {
        let repo = Repo::new("ahead-other").compose(STACK).file("more", "").spec(
            "health_checks: [{name: web, exec: [sh, -c, '[ $MARK = second ]'], service: web, timeout: 5}]\ntest_command: 'true'\n",
        );
        repo.run(host, &[]).ended(98, "unhealthy");
        // Compose may have read what is removed: it is asked again.
        fs::remove_file(repo.path("more")).expect("it is the test's own");
        let change = format!(
            "for file in {}/sandboxes/*/repo/e2e/compose.yml; do ! grep -q {} \"${{file%/repo/*}}/about\" || sed -i s/first/second/ \"$file\"; done",
            host.root(),
            repo.slug()
        );
        run_with(repo, host, || drop(host.says(&change)), |ran| {
            ran.ended(0, "passed");
        });
    }
}
