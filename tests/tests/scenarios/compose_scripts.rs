//! Tests that call Compose themselves.

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Repo, here_and_over_ssh};

/// As such scripts are in many repos, clean-up and all.
const SCRIPT: &str = r#"set -eu
trap 'docker compose -p mine down -v --remove-orphans' EXIT
docker compose -f e2e/compose.yml -p mine up -d
[ "$(docker inspect --format '{{index .Config.Labels "com.docker.compose.project"}}' "$(docker compose ps -q web)")" = "$E2E_PROJECT" ]
[ "$(docker compose exec -T web cat /www/index.html)" = hello ]
[ "$(curl -fsS "http://$(docker compose port web 8080)/")" = hello ]
docker compose logs web | grep -q 'web is here'
docker compose stop -t 0 db
[ -z "$(docker compose ps -q --status running db)" ]
docker-compose start db
[ -n "$(docker compose ps -q --status running db)" ]
docker compose rm -fsv db
docker compose up -d db
docker compose restart -t 0 db
[ "$(docker compose run --rm -T --no-deps db cat /word)" = built ]
"#;

fn repo() -> Repo {
    Repo::new("scripts")
        .compose(&format!(
            "{WEB}  db: {{build: .., init: true, command: [sh, -c, 'echo db is here; exec sleep 600'], volumes: ['data:/data']}}\n\
             volumes: {{data: {{}}}}\n"
        ))
        .file("Dockerfile", "FROM BUSYBOX\nRUN echo built >/word\n")
        .file("e2e/run.sh", SCRIPT)
        // Those of a shell that worked with another stack.
        .env("COMPOSE_PROJECT_NAME", "not-this")
        .env("COMPOSE_FILE", "no/such.yml")
}

here_and_over_ssh! {
    fn scripts_that_call_compose_work_on_the_sandbox_and_leave_it_up(host) {
        let repo = repo().spec(&format!(
            "{WEB_IS_HEALTHY}ports: isolated\nsetup_command: docker compose exec -T db touch /data/x\n\
             test_command: |\n  docker compose exec -T db ls /data\n  sh e2e/run.sh\n"
        ));
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed")
            .stdout_has("x\n")
            .stdout_has("`docker compose down` does nothing here")
            .stage_says("collect", "logs of 2 containers")
            .file_has("logs/web.log", "web is here")
            .file_has("logs/db.log", "db is here");
    }
}

#[test]
fn on_the_client_they_do_so_where_the_engine_is_and_get_no_other_stacks_name() {
    let spec = format!("{WEB_IS_HEALTHY}ports: isolated\ntests_run_on: client\n");
    let here = repo().spec(&format!("{spec}test_command: sh e2e/run.sh\n"));
    here.run(Host::Local, &[]).ended(0, "passed");
    let there = repo().spec(&format!(
        "{spec}test_command: '[ -z \"${{COMPOSE_PROJECT_NAME-}}${{COMPOSE_FILE-}}\" ]'\n"
    ));
    there.run(Host::Dev, &[]).ended(0, "passed");
}

#[test]
fn another_stack_of_a_script_is_its_own_and_said_to_be() {
    let repo = Repo::new("other-stack")
        .compose(WEB)
        .file("other.yml", "services: {other: {image: BUSYBOX, command: [sleep, '600']}}\n")
        .spec(&format!(
            "{WEB_IS_HEALTHY}ports: isolated\ntest_command: |\n  docker compose -f other.yml up -d\n  \
             docker compose -f other.yml ps --format '{{{{.Project}}}}'\n  docker compose -f other.yml down\n  \
             docker compose ps -q web | grep .\n"
        ));
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed")
        .stdout_has("this compose file is not in e2e.yml")
        .stdout_has("-other\n");
}
