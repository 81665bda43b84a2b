use serde_json::json;

use super::*;

fn seen(containers: &[serde_json::Value]) -> Containers {
    let mut all = Containers::default();
    look(&mut all, containers);
    all
}

fn look(all: &mut Containers, containers: &[serde_json::Value]) {
    for container in containers {
        all.line(&container.to_string());
    }
    assert!(all.line("end"));
}

fn container(
    service: &str,
    state: &serde_json::Value,
    policy: &str,
    restarts: u64,
) -> serde_json::Value {
    json!({
        "id": format!("id-{service}"), "name": format!("/p-{service}-1"), "service": service,
        "state": state, "policy": { "Name": policy }, "restarts": restarts,
    })
}

#[test]
fn nothing_is_ready_before_the_first_look() {
    assert_eq!(Containers::default().waiting(Instant::now()).len(), 1);
    assert_eq!(seen(&[]).waiting(Instant::now()), Vec::<String>::new());
}

#[test]
fn a_one_shot_that_exits_0_is_ready_one_that_exits_otherwise_is_hopeless() {
    let fine = seen(&[container(
        "init",
        &json!({ "Status": "exited", "ExitCode": 0 }),
        "no",
        0,
    )]);
    assert!(fine.waiting(Instant::now()).is_empty() && fine.hopeless().is_none());
    let bad = seen(&[container(
        "init",
        &json!({ "Status": "exited", "ExitCode": 3 }),
        "no",
        0,
    )]);
    assert_eq!(
        bad.hopeless().map(|(_, why)| why).as_deref(),
        Some("init exited with code 3")
    );
    let oom = seen(&[container(
        "api",
        &json!({ "Status": "exited", "ExitCode": 137, "OOMKilled": true }),
        "",
        0,
    )]);
    assert!(
        oom.hopeless()
            .is_some_and(|(_, why)| why.contains("want of memory"))
    );
}

#[test]
fn a_worker_may_restart_a_few_times_but_not_for_ever() {
    let down = json!({ "Status": "restarting", "ExitCode": 1 });
    let mut all = seen(&[container("worker", &down, "always", 0)]);
    for restarts in 1..5 {
        look(&mut all, &[container("worker", &down, "always", restarts)]);
        assert!(all.hopeless().is_none(), "after {restarts}");
    }
    look(&mut all, &[container("worker", &down, "always", 5)]);
    let why = all.hopeless().map(|(_, why)| why);
    assert_eq!(
        why.as_deref(),
        Some("worker restarted 5 times; it exited with code 1")
    );
}

#[test]
fn restarts_far_apart_are_no_loop() {
    let up = json!({ "Status": "running" });
    let mut all = seen(&[container("worker", &up, "always", 0)]);
    for restarts in 1..20 {
        for lives in all.lives.values_mut() {
            lives.since = lives
                .since
                .checked_sub(STEADY * 2)
                .expect("the clock is past its start");
        }
        look(&mut all, &[container("worker", &up, "always", restarts)]);
    }
    assert!(all.hopeless().is_none());
}

#[test]
fn an_unhealthy_container_says_its_last_answer() {
    let all = seen(&[container(
        "db",
        &json!({ "Status": "running", "Health": { "Status": "starting", "Log": [
                { "ExitCode": 2, "Output": "first\nno response\u{1b}[0m" }
            ] } }),
        "no",
        0,
    )]);
    assert_eq!(
        all.waiting(Instant::now()),
        ["db is starting (exit status 2: no response)"]
    );
}

#[test]
fn one_that_has_restarted_must_outlive_its_earlier_lives() {
    let up = json!({ "Status": "running" });
    let mut all = seen(&[container("worker", &up, "always", 0)]);
    let now = Instant::now();
    assert_eq!(all.waiting(now), ["worker is up only just now"]);
    assert_eq!(all.waiting(now + STARTED), Vec::<String>::new());
    look(&mut all, &[container("worker", &up, "always", 1)]);
    let now = Instant::now();
    assert_eq!(
        all.waiting(now),
        ["worker has restarted (1) and is up again only just now"]
    );
    assert!(all.next_settled(now).is_some_and(|at| at <= now + SETTLED));
    assert_eq!(all.waiting(now + SETTLED), Vec::<String>::new());
}

#[test]
fn a_state_that_can_not_be_read_is_not_ready() {
    let mut all = Containers::default();
    all.line("{\"id\": 7}");
    all.line("end");
    let waiting = all.waiting(Instant::now());
    assert!(
        waiting[0].starts_with("a container is in a state that can't be read"),
        "{waiting:?}"
    );
}

#[test]
fn an_images_own_health_check_gets_its_time() {
    let mut slow = container("db", &json!({ "Status": "running" }), "no", 0);
    slow["config"] = json!({ "Env": ["X=1"], "Healthcheck": {
        "Test": ["CMD", "x"], "Interval": 10_000_000_000_u64, "StartPeriod": 100_000_000_000_u64, "Retries": 5
    } });
    assert_eq!(seen(&[slow]).allowance(), Duration::from_secs(150));
}
