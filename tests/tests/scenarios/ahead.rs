//! Containers that need nothing of the repo are made while its files travel, and only where they are what is
//! tested then.

use std::fs;
use std::time::Duration;

use e2e_tests::stacks::many_files;
use e2e_tests::{Host, Ran, Repo, here_and_over_ssh, image as image_of, wait_for};
use indoc::indoc;

const STACK: &str = indoc! {"
    services:
      web:
        image: BUSYBOX
        command: [sleep, '600']
        environment: {MARK: 'first'}
        ports: ['PORT_A:80']
"};

/// Runs it, and does something on the host once its files are there and it was tried to make its containers.
fn run_with(repo: Repo, host: Host, then: impl FnOnce(), judge: impl FnOnce(&Ran<'_>)) {
    let held = repo.root().with_extension("held");
    let repo = repo.env("CARGO_E2E_FAILPOINT", &format!("sent:{}", held.display()));
    let mut run = repo.start(host, &[]);
    wait_for("the files to be sent", Duration::from_mins(1), || {
        held.exists()
    });
    let tried = format!(
        "cat {}/sandboxes/{}/jobs/*/create.*/status",
        host.root(),
        run.run_id()
    );
    wait_for("the try to make containers", Duration::from_mins(1), || {
        host.sh(&tried).code == Some(0)
    });
    then();
    fs::remove_file(&held).expect("it is held still");
    let ran = run.finish();
    judge(&ran);
    ran.leaves_nothing();
}

here_and_over_ssh! {
    fn containers_are_made_while_files_travel(host) {
        for ports in ["declared", "isolated"] {
            let repo = many_files("ahead").compose(STACK).spec(&format!(
                "ports: {ports}\ntest_command: test -e more\n"
            ));
            repo.run(host, &[]).ended(100, "failed");
            let made = format!(
                "docker ps -aq --filter label=cargo-e2e.repo={} --filter status=created | grep .",
                repo.slug()
            );
            run_with(repo.file("more", ""), host, || drop(host.says(&made)), |ran| {
                ran.ended(0, "passed");
            });
        }
    }

    fn what_cant_be_made_ahead_is_made_in_its_time(host) {
        let repo = many_files("ahead-later");
        let image = format!("e2e-lab/ahead:{}", repo.slug());
        let tag = format!("docker tag {} {image}", image_of("BUSYBOX_IMAGE"));
        let repo = repo.compose(&STACK.replace("BUSYBOX", &image)).spec("test_command: 'true'\n");
        let _ = host.says(&tag);
        repo.run(host, &[]).ended(0, "passed");
        let _ = host.says(&format!("docker rmi {image}"));
        run_with(repo.file("more", ""), host, || drop(host.says(&tag)), |ran| {
            ran.ended(0, "passed");
        });
        let _ = host.says(&format!("docker rmi {image}"));
    }

    fn containers_of_a_stack_that_is_another_by_now_are_removed(host) {
        let repo = many_files("ahead-other").compose(STACK).file("more", "").spec(
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
