//! What is wrong with a repo is found as early as it can be, and said with its place.

use e2e_tests::stacks::WEB;
use e2e_tests::{Host, Repo, here_and_over_ssh};

const NO_TESTS: &str = "test_command: 'true'\n";

#[test]
fn an_unknown_key_is_refused_with_what_was_meant() {
    let repo = Repo::new("typo")
        .compose(WEB)
        .spec("test_command: 'true'\nhealthcheks: []\n");
    repo.run(Host::Local, &[])
        .ended(96, "spec_error")
        .stderr_has("e2e/e2e.yml:3:1")
        .stderr_has("healthcheks")
        .stderr_has("did you mean `health_checks`?");
}

#[test]
fn a_folder_without_a_spec_is_refused() {
    let repo = Repo::without_git("none").file("README", "nothing here");
    repo.run(Host::Local, &[])
        .refused(96)
        .stderr_has("e2e/e2e.yml");
}

#[test]
fn what_is_no_option_is_a_usage_error() {
    let repo = Repo::new("usage").compose(WEB).spec(NO_TESTS);
    repo.run(Host::Local, &["--frobnicate"])
        .refused(2)
        .stderr_has("--frobnicate");
}

#[test]
fn check_finds_without_a_host_what_a_run_would_stumble_over() {
    let repo = Repo::new("check")
        .spec(NO_TESTS)
        .compose("services: {web: {image: BUSYBOX, volumes: ['../data/seed.sql:/seed.sql']}}");
    let checked = repo.cargo_e2e(&["check"]);
    assert_eq!(checked.code, Some(96), "{checked}");
    assert!(
        checked.stderr.contains("data/seed.sql does not exist"),
        "{checked}"
    );
}

/// What `check` says of a stack that Compose accepts and with which a run must fail.
#[test]
fn check_names_what_compose_lets_pass() {
    for (compose, spec, said) in [
        (
            "services: {a: {image: BUSYBOX, ports: ['PORT_A:1']}, b: {image: BUSYBOX, ports: ['PORT_A:2']}}",
            "test_command: 'true'\n",
            "services a and b both publish port",
        ),
        (
            "services: {a: {image: BUSYBOX}}",
            "services: [b]\ntest_command: 'true'\n",
            "e2e.yml names the service b, which the compose file does not have",
        ),
        (
            "services: {a: {image: 'BUSYBOX', profiles: [x]}}",
            "test_command: 'true'\n",
            "no service is active",
        ),
        (
            "services: {a: {image: 'shop:${NO_SUCH_TAG_HERE}'}}",
            "test_command: 'true'\n",
            "service a has the image `shop:`, of which a part is empty",
        ),
        (
            "services: {a: {build: {context: ., dockerfile: Gone}}}",
            "test_command: 'true'\n",
            "e2e/Gone does not exist; it is the Dockerfile of a",
        ),
        (
            "services: {a: {image: BUSYBOX, volumes: ['../../elsewhere:/x']}}",
            "test_command: 'true'\n",
            "e2e/compose.yml: a uses ../../elsewhere, which is outside the repo",
        ),
        (
            "services: {a: {image: BUSYBOX, ports: ['PORT_A:80']}}",
            "health_checks: [{name: a, tcp: 'localhost:1'}]\ntest_command: 'true'\n",
            "health check a asks localhost:1, which no service publishes\n  help: the compose file publishes",
        ),
    ] {
        let repo = Repo::new("pass").compose(compose).spec(spec);
        let checked = repo.cargo_e2e(&["check"]);
        assert_eq!(checked.code, Some(96), "{compose}: {checked}");
        assert!(checked.stderr.contains(said), "{compose}: {checked}");
    }
    let unset = Repo::new("unset")
        .compose("services: {a: {image: BUSYBOX, environment: {A: '${NO_SUCH_VALUE_HERE}'}}}")
        .spec("test_command: 'true'\n");
    let checked = unset.cargo_e2e(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    assert!(
        checked.stderr.contains(
            "warning[unset-variable]: compose: The \"NO_SUCH_VALUE_HERE\" variable is not set"
        ),
        "{checked}"
    );
}

here_and_over_ssh! {
    fn a_health_check_of_a_port_that_is_not_published_is_refused_before_the_stack(host) {
        let repo = Repo::new("unpublished").compose(WEB).spec(
            "health_checks: [{name: a, tcp: 'localhost:1'}]\ntest_command: 'true'\n",
        );
        let ran = repo.run(host, &[]);
        ran.ended(96, "spec_error").stderr_has("which no service publishes").no_stage("ready");
    }

    fn an_env_file_that_is_missing_beside_its_example_leads_to_the_copy(host) {
        let repo = Repo::new("no-env").spec(NO_TESTS).file("e2e/app.env.example", "A=b\n").compose(
            "services: {web: {image: BUSYBOX, command: [sleep, '60'], env_file: [app.env]}}",
        );
        let help = "cp e2e/app.env.example e2e/app.env";
        let checked = repo.cargo_e2e(&["check"]);
        assert!(checked.stderr.contains(help), "{checked}");
        repo.run(host, &[]).ended(96, "spec_error").stderr_has(help);
    }

    fn a_bind_source_that_is_nowhere_is_named(host) {
        let repo = Repo::new("bind").spec(NO_TESTS).compose(
            "services: {web: {image: BUSYBOX, command: [sleep, '60'], volumes: ['../target/app.jar:/app.jar']}}",
        );
        let ran = repo.run(host, &[]);
        ran.ended(96, "spec_error").stderr_has("target/app.jar does not exist");
        // Docker would have made a folder of that name.
        assert!(!repo.path("target").exists());
    }

    fn folders_that_containers_write_are_made_and_data_stays_here(host) {
        let repo = Repo::new("made").gitignore(".data\n").file(".data/db/old", "old\n").compose(
            "services: {web: {image: BUSYBOX, command: [sh, -c, 'ls /var/lib/db; echo new >/var/lib/db/new; touch /out/x; sleep 600'], \
             volumes: ['../.data/db:/var/lib/db', '../test-results:/out']}}",
        ).spec("test_command: 'until [ -e test-results/x ]; do :; done; ls .data/db test-results'\n");
        let checked = repo.cargo_e2e(&["check"]);
        assert_eq!(checked.code, Some(0), "{checked}");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed").stderr_has(".data/db, test-results");
        assert_eq!(ran.output().stdout, ".data/db:\nnew\n\ntest-results:\nx\n");
        assert!(!repo.path("test-results").exists());
    }

    fn a_folder_is_not_made_by_way_of_a_link(host) {
        let repo = Repo::new("link-out").compose(
            "services: {web: {image: BUSYBOX, command: [sleep, '600'], volumes: ['../out/made:/out']}}",
        ).spec("test_command: 'true'\n");
        std::os::unix::fs::symlink("/tmp", repo.path("out")).expect("a link");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed").leaves_nothing();
        assert_ne!(host.sh("ls -d /tmp/made").code, Some(0));
    }

    fn a_setup_that_fails_ends_the_run_with_its_last_lines(host) {
        let repo = Repo::new("setup").compose(WEB).spec(
            "test_command: echo never\nsetup_command: 'echo loading the fixtures; echo bad fixture 7; exit 9'\n",
        );
        let ran = repo.run(host, &[]);
        ran.ended(105, "setup_failed").stage("setup", "failed").no_stage("test");
        ran.stderr_has("`setup_command` ended with exit status 9")
            .stderr_has("bad fixture 7")
            .file_has("logs/web.log", "web is here");
    }
}

here_and_over_ssh! {
    fn a_compose_file_that_is_none_is_refused_with_what_compose_says(host) {
        let repo = Repo::new("syntax").compose("services:\n  web:\n    imaje: BUSYBOX\n").spec(NO_TESTS);
        let ran = repo.run(host, &[]);
        ran.ended(96, "spec_error").stage("up", "failed").no_stage("ready");
        ran.stderr_has("Compose refuses e2e/compose.yml").stderr_has("imaje");
    }

    fn a_build_that_fails_ends_the_run_with_its_last_lines(host) {
        let repo = Repo::new("build").compose(WEB).spec(
            "test_command: 'true'\nbuild_command: 'echo compiling; echo error[E0308]: mismatched >&2; exit 4'\n",
        );
        let ran = repo.run(host, &[]);
        ran.ended(101, "build_failed").stage("build", "failed").no_stage("sync").no_stage("up");
        ran.stderr_has("`build_command` ended with exit status 4")
            .stderr_has("error[E0308]: mismatched");
    }

    fn an_image_that_can_not_be_had_is_named(host) {
        let repo = Repo::new("image").spec(NO_TESTS).compose(
            "services: {web: {image: 'localhost:1/no/such:1', command: [sleep, '60']}}",
        );
        let ran = repo.run(host, &[]);
        ran.ended(98, "up_failed").stage("up", "failed").stderr_has("localhost:1");
    }
}
