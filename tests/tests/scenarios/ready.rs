//! What counts as ready, what never will be, and what a person is told of it.

use e2e_tests::stacks::WEB;
use e2e_tests::{Host, Repo, here_and_over_ssh};
use indoc::indoc;

const NO_TESTS: &str = "test_command: 'true'\n";

here_and_over_ssh! {
    fn a_page_that_never_comes_is_unhealthy_and_its_last_answer_shown(host) {
        let repo = Repo::new("unhealthy").compose(WEB).spec(
            "test_command: echo never\n\
             health_checks:\n  - {name: web, url: 'http://localhost:PORT_A/missing', timeout: 2}\n",
        );
        let ran = repo.run(host, &[]);
        ran.ended(98, "unhealthy").stage("ready", "failed").no_stage("test");
        ran.stderr_has("health check web still failing after 2 s")
            .stderr_has("last answer: HTTP 404")
            // The service's own log is the next thing to look at.
            .stderr_has("web is here")
            .file_has("logs/web.log", "web is here");
        let check = ran.recorded_as("health_checks", "web");
        assert_eq!(check["status"], "failed");
        assert_eq!(check["last_error"], "HTTP 404");
        assert!(check["attempts"].as_u64() > Some(3), "{check}");
    }

    fn a_published_port_behind_which_nothing_listens_is_not_ready(host) {
        // Docker's forwarder accepts at PORT_A.
        let repo = Repo::new("tcp-nothing")
            .compose("services: {web: {image: BUSYBOX, command: [sleep, '600'], ports: ['PORT_A:8080']}}")
            .spec(&format!("{NO_TESTS}health_checks:\n  - {{name: web, tcp: 'localhost:PORT_A', timeout: 2}}\n"));
        let ran = repo.run(host, &[]);
        ran.ended(98, "unhealthy").stderr_has("health check web still failing after 2 s");
        assert_eq!(ran.recorded_as("health_checks", "web")["status"], "failed");
    }

    fn a_port_that_opens_late_and_a_command_that_works_late_are_waited_for(host) {
        let repo = Repo::new("late")
            .compose(
                indoc! {"
                    services:
                      web:
                        image: BUSYBOX
                        ports: ['PORT_A:8080']
                        command: [sh, -c, 'sleep 2; touch /tmp/done; exec nc -ll -p 8080 -e cat']
                "},
            )
            .spec(
                "test_command: 'true'\nhealth_checks:\n\
                 \x20 - {name: open, tcp: 'localhost:PORT_A', timeout: 30}\n\
                 \x20 - {name: works, exec: [test, -e, /tmp/done], service: web, timeout: 30}\n",
            );
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed");
        for name in ["open", "works"] {
            let check = ran.recorded_as("health_checks", name);
            assert!(check["attempts"].as_u64() > Some(1), "{check}");
            assert!(check["waited_ms"].as_u64() > Some(900), "{check}");
        }
    }

    fn a_service_that_crashes_again_and_again_ends_the_wait(host) {
        let repo = Repo::new("loop")
            .compose(
                indoc! {"
                    services:
                      worker:
                        image: BUSYBOX
                        restart: always
                        command: [sh, -c, 'echo no database to be found; exit 1']
                "},
            )
            .spec(NO_TESTS);
        let ran = repo.run(host, &[]);
        ran.ended(98, "unhealthy").stage("ready", "failed").within(40);
        ran.stderr_has("worker")
            .stderr_has("exited with code 1")
            .stderr_has("no database to be found");
        assert!(ran.recorded_as("services", "worker")["restarts"].as_u64() >= Some(5));
    }

    fn a_worker_that_needs_three_restarts_is_given_them(host) {
        let repo = Repo::new("restarts")
            .compose(
                indoc! {"
                    services:
                      worker:
                        image: BUSYBOX
                        restart: on-failure
                        volumes: ['tries:/tries']
                        command:
                          - sh
                          - -c
                          - |
                            echo try >>/tries/log
                            [ $$(wc -l </tries/log) -gt 3 ] || exit 1
                            touch /tries/up; exec sleep 600
                    volumes: {tries: {}}
                "},
            )
            .spec(&format!(
                "{NO_TESTS}health_checks:\n  - {{name: up, exec: [test, -e, /tries/up], service: worker, timeout: 40}}\n"
            ));
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed");
        let worker = ran.recorded_as("services", "worker");
        assert_eq!((&worker["state"], &worker["restarts"]), (&"running".into(), &3.into()));
    }

    fn a_one_shot_that_did_its_work_is_fine(host) {
        let repo = Repo::new("init")
            .compose(
                indoc! {"
                    services:
                      migrate: {image: BUSYBOX, command: [sh, -c, 'sleep 1; echo migrated']}
                      web:
                        image: BUSYBOX
                        command: [sleep, '600']
                        depends_on: {migrate: {condition: service_completed_successfully}}
                "},
            )
            .spec(NO_TESTS);
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed").file_has("logs/migrate.log", "migrated");
        let migrate = ran.recorded_as("services", "migrate");
        assert_eq!((&migrate["state"], &migrate["exit_code"]), (&"exited".into(), &0.into()));
    }
}

here_and_over_ssh! {
    fn a_command_that_never_works_is_unhealthy_and_its_answer_shown(host) {
        let repo = Repo::new("exec").compose(WEB).spec(&format!(
            "{NO_TESTS}health_checks:\n  \
             - {{name: data, exec: [sh, -c, 'echo the data is not there; exit 4'], service: web, timeout: 2}}\n"
        ));
        repo.run(host, &[])
            .ended(98, "unhealthy")
            .stderr_has("health check data still failing after 2 s")
            .stderr_has("exit status 4: the data is not there");
    }

    fn a_service_that_ends_for_good_ends_the_wait(host) {
        let repo = Repo::new("gone")
            .compose(
                indoc! {"
                    services:
                      worker:
                        image: BUSYBOX
                        command: [sh, -c, 'echo out of cheese; exit 3']
                      web: {image: BUSYBOX, command: [sleep, '600']}
                "},
            )
            .spec(NO_TESTS);
        let ran = repo.run(host, &[]);
        ran.ended(98, "unhealthy").within(30);
        ran.stderr_has("worker").stderr_has("exited with code 3").stderr_has("out of cheese");
        let worker = ran.recorded_as("services", "worker");
        assert_eq!((&worker["state"], &worker["exit_code"]), (&"exited".into(), &3.into()));
    }

    fn a_one_shot_that_failed_is_named_before_what_waits_for_it(host) {
        let repo = Repo::new("init-fails")
            .compose(
                indoc! {"
                    services:
                      migrate: {image: BUSYBOX, command: [sh, -c, 'echo no such table; exit 6']}
                      web:
                        image: BUSYBOX
                        command: [sleep, '600']
                        depends_on: {migrate: {condition: service_completed_successfully}}
                "},
            )
            .spec(NO_TESTS);
        let ran = repo.run(host, &[]);
        ran.ended(98, "up_failed").stage("up", "failed").no_stage("ready");
        ran.stderr_has("migrate").stderr_has("exited with code 6").stderr_has("no such table");
    }
}

#[test]
fn a_status_that_is_expected_is_the_only_one_that_passes() {
    let repo = Repo::new("status").compose(WEB).spec(
        "test_command: 'true'\nhealth_checks:\n\
         \x20 - {name: gone, url: 'http://localhost:PORT_A/missing', expect_status: [404, 410], timeout: 20}\n",
    );
    repo.run(Host::Root, &[]).ended(0, "passed");
    let repo = Repo::new("status").compose(WEB).spec(
        "test_command: 'true'\nhealth_checks:\n\
         \x20 - {name: web, url: 'http://localhost:PORT_A/', expect_status: 204, timeout: 1}\n",
    );
    repo.run(Host::Root, &[])
        .ended(98, "unhealthy")
        .stderr_has("last answer: HTTP 200");
}

#[test]
fn a_database_that_still_runs_its_migrations_is_waited_for() {
    // The server answers on its socket meanwhile, and not on TCP.
    let repo = Repo::new("postgres")
        .file("migrations/1.sql", "CREATE TABLE t (n int); SELECT pg_sleep(2); INSERT INTO t VALUES (42);\n")
        .compose(
            indoc! {"
                services:
                  db:
                    image: PG_IMAGE
                    ports: ['PORT_A:5432']
                    environment: {POSTGRES_PASSWORD: secret}
                    volumes: ['../migrations:/docker-entrypoint-initdb.d:ro', /var/lib/postgresql/data]
            "},
        )
        .spec(
            "setup_command: echo \"set up at $E2E_DB_5432\"\n\
             test_command: docker exec \"$E2E_PROJECT-db-1\" psql -U postgres -tAc 'SELECT n FROM t'\n\
             health_checks: [{name: db, tcp: 'localhost:PORT_A', timeout: 60}]\n",
        );
    let ran = repo.run(Host::Dev, &[]);
    ran.ended(0, "passed")
        .stdout_has("42")
        .stage("setup", "passed");
    let waited = ran.recorded_as("health_checks", "db")["waited_ms"].as_u64();
    assert!(waited > Some(1500), "{waited:?}");
}

/// Temporal has grpc.health.v1, with a service of that long name; a page server has neither.
const TEMPORAL: &str = "
services:
  temporal:
    image: WF_IMAGE
    command: server start-dev --ip 0.0.0.0 --port 7233 --ui-port 8233
    ports: ['PORT_A:7233', 'PORT_B:8233']
  silent: {image: BUSYBOX, command: [sleep, '600'], ports: ['PORT_C:7233']}
";

#[test]
fn a_grpc_server_is_asked_for_its_health() {
    let service = "temporal.api.workflowservice.v1.WorkflowService";
    let repo = Repo::new("grpc").compose(TEMPORAL).spec(&format!(
        "{NO_TESTS}health_checks:\n\
         \x20 - {{name: server, grpc: 'localhost:PORT_A', timeout: 60}}\n\
         \x20 - {{name: workflows, grpc: 'localhost:PORT_A', grpc_service: {service}, timeout: 60}}\n"
    ));
    let ran = repo.run(Host::Dev, &[]);
    ran.ended(0, "passed");
    for name in ["server", "workflows"] {
        assert_eq!(ran.recorded_as("health_checks", name)["status"], "passed");
    }
}

#[test]
fn what_is_no_healthy_grpc_server_says_what_it_is() {
    let repo = Repo::new("grpc-not").compose(TEMPORAL).spec(&format!(
        "{NO_TESTS}health_checks:\n\
         \x20 - {{name: unknown, grpc: 'localhost:PORT_A', grpc_service: no.such.v1.Service, timeout: 10}}\n\
         \x20 - {{name: pages, grpc: 'localhost:PORT_B', timeout: 10}}\n\
         \x20 - {{name: silent, grpc: 'localhost:PORT_C', timeout: 10}}\n"
    ));
    let ran = repo.run(Host::Dev, &[]);
    ran.ended(98, "unhealthy").stderr_has(
        "no.such.v1.Service; last answer: it has no such service (grpc-status 5: unknown service)",
    );
    for name in ["pages", "silent"] {
        let check = ran.recorded_as("health_checks", name);
        let said = check["last_error"].as_str().unwrap_or_default();
        assert!(said.starts_with("curl: ("), "{check}");
    }
}
