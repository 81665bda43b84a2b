//! Containers that wait for others.

use e2e_tests::{Host, Repo};
use indoc::formatdoc;

/// `web` waits for `migrate`, which waits for `db` to be healthy.
fn stack(name: &str, health: &str, migrate: &str) -> Repo {
    Repo::new(name).compose(&formatdoc! {"
        services:
          web:
            image: BUSYBOX
            command: [sleep, '600']
            depends_on: {{migrate: {{condition: service_completed_successfully}}}}
          migrate:
            image: BUSYBOX
            command: [sh, -c, '{migrate}']
            depends_on: {{db: {{condition: service_healthy}}}}
          db:
            image: BUSYBOX
            command: [sh, -c, 'sleep 1; touch /ready; sleep 600']
            healthcheck: {{test: [CMD-SHELL, '{health}'], interval: 200ms, retries: 10}}
    "})
}

#[test]
fn each_starts_after_what_it_waits_for() {
    let repo = stack("in-order", "test -e /ready", "exit 0").spec(
        "test_command: |\n  at() { docker inspect -f \"$2\" \"$(docker compose ps -aq \"$1\")\"; }\n  \
         ended=$(at migrate '{{.State.FinishedAt}}')\n  web=$(at web '{{.State.StartedAt}}')\n  \
         test \"$(printf '%s\\n' \"$web\" \"$ended\" | sort | head -n 1)\" = \"$ended\"\n",
    );
    repo.run(Host::Dev, &[])
        .ended(0, "passed")
        .stage_says("up", "3 services");
}

#[test]
fn what_never_comes_is_named() {
    let repo =
        stack("exits", "test -e /ready", "echo no table; exit 3").spec("test_command: 'true'\n");
    repo.run(Host::Dev, &[])
        .ended(98, "up_failed")
        .stderr_has("service \"migrate\" didn't complete successfully: exit 3")
        .stderr_has("no table");
    let repo = stack("unhealthy", "exit 1", "exit 0").spec("test_command: 'true'\n");
    repo.run(Host::Dev, &[])
        .ended(98, "up_failed")
        .stderr_has("db-1 is unhealthy");
}
