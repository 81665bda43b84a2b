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
    let exited = |service: &str, state| seen(&[container(service, &state, "no", 0)]);
    let fine = exited("init", json!({ "Status": "exited", "ExitCode": 0 }));
    assert!(fine.waiting(Instant::now()).is_empty() && fine.hopeless().is_none());
    let bad = exited("init", json!({ "Status": "exited", "ExitCode": 3 }));
    let why = bad.hopeless().map(|(_, why)| why);
    assert_eq!(why.as_deref(), Some("init exited with code 3"));
    let state = json!({ "Status": "exited", "ExitCode": 137, "OOMKilled": true });
    let why = exited("api", state).hopeless().map(|(_, why)| why);
    assert!(why.is_some_and(|why| why.contains("ran out of memory")));
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

/// One life of a worker without a health check, as Docker tells of it: the second it started, and
/// where it has ended the second of that.
fn life(restarts: u64, started: u64, ended: Option<u64>) -> serde_json::Value {
    let time = |second: u64| format!("2026-01-01T00:{:02}:{:02}.5Z", second / 60, second % 60);
    let state = match ended {
        None => json!({ "Status": "running", "StartedAt": time(started) }),
        Some(ended) => {
            json!({ "Status": "restarting", "ExitCode": 1, "StartedAt": time(started), "FinishedAt": time(ended) })
        }
    };
    container("worker", &state, "always", restarts)
}

/// A look at a time.
fn look_at(all: &mut Containers, container: &serde_json::Value, now: Instant) {
    let mut read = Containers::read(&container.to_string());
    all.all = std::mem::take(&mut read.coming);
    all.seen = true;
    all.count_restarts(now);
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn restarts_far_apart_are_no_loop() {
    let (mut all, begin) = (Containers::default(), Instant::now());
    for turn in 0..20 {
        let (now, second) = (
            begin + seconds(60.0) * u32::try_from(turn).unwrap(),
            turn * 60,
        );
        look_at(&mut all, &life(turn, second, None), now);
        look_at(
            &mut all,
            &life(turn + 1, second, Some(second + 9)),
            now + STEADY,
        );
        assert!(all.hopeless().is_none(), "after {turn}");
    }
}

#[test]
fn a_pause_before_a_restart_is_no_time_that_it_was_up() {
    // It falls at once each time, and Docker waits longer and longer before the next one: nearly
    // every look finds it between two lives.
    let (mut all, mut now) = (Containers::default(), Instant::now());
    let mut second = 0_u32;
    look_at(&mut all, &life(6, second.into(), Some(second.into())), now);
    let mut seen = 6;
    for pause in [6, 12, 25] {
        now += seconds(f64::from(pause));
        second += pause;
        look_at(&mut all, &life(seen, second.into(), None), now);
        assert_eq!(
            all.waiting(now).len(),
            1,
            "it is up since this moment, after {pause} s"
        );
        assert_eq!(
            all.waiting(now + SETTLED).len(),
            1,
            "nobody knows its earlier lives"
        );
        seen += 1;
        look_at(
            &mut all,
            &life(seen, second.into(), Some(second.into())),
            now + seconds(0.1),
        );
        assert!(all.hopeless().is_some(), "{seen} restarts");
    }
}

#[test]
fn restarts_before_the_first_look_count() {
    let (mut all, now) = (Containers::default(), Instant::now());
    look_at(&mut all, &life(7, 100, None), now);
    // It may be over them.
    assert!(all.hopeless().is_none());
    assert_eq!(all.waiting(now + STEADY), Vec::<String>::new());
    look_at(&mut all, &life(8, 100, Some(101)), now + seconds(1.0));
    assert!(all.hopeless().is_some());
    // One that ran for an hour meanwhile begins anew.
    let mut all = Containers::default();
    look_at(&mut all, &life(7, 0, None), now);
    look_at(&mut all, &life(8, 0, Some(3000)), now + seconds(1.0));
    assert!(all.hopeless().is_none());
}

#[test]
fn another_start_is_another_life_though_nobody_saw_the_end() {
    let (mut all, now) = (Containers::default(), Instant::now());
    look_at(&mut all, &life(0, 0, None), now);
    look_at(&mut all, &life(0, 9, None), now + seconds(9.0));
    assert_eq!(
        all.waiting(now + seconds(9.1)),
        ["worker has only just started"]
    );
    // Two falls between two looks: the lives may have been as long as all that time.
    let mut last = life(2, 13, None);
    last["state"]["FinishedAt"] = json!("2026-01-01T00:00:12.5Z");
    look_at(&mut all, &last, now + seconds(13.0));
    assert_eq!(all.waiting(now + seconds(17.9)).len(), 1);
    assert_eq!(all.waiting(now + seconds(18.0)), Vec::<String>::new());
}

#[test]
fn somebody_who_starts_it_begins_anew() {
    let (mut all, now) = (Containers::default(), Instant::now());
    look_at(&mut all, &life(4, 0, Some(0)), now);
    look_at(&mut all, &life(0, 5, None), now + seconds(5.0));
    assert!(all.hopeless().is_none());
    assert_eq!(all.waiting(now + seconds(5.3)), Vec::<String>::new());
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
    assert_eq!(all.waiting(now), ["worker has only just started"]);
    assert_eq!(all.waiting(now + STARTED), Vec::<String>::new());
    look(&mut all, &[container("worker", &up, "always", 1)]);
    let now = Instant::now();
    assert_eq!(all.waiting(now), ["worker has restarted (1) only just now"]);
    assert!(all.next_settled(now).is_some_and(|at| at <= now + SETTLED));
    assert_eq!(all.waiting(now + SETTLED), Vec::<String>::new());
}

#[test]
fn one_that_answers_has_nothing_to_settle_unless_it_has_restarted() {
    let up = json!({ "Status": "running" });
    let mut all = seen(&[container("worker", &up, "always", 0)]);
    all.answers("worker");
    assert_eq!(all.waiting(Instant::now()), Vec::<String>::new());
    assert!(all.any_to_believe(), "it is looked at once more");
    look(&mut all, &[container("worker", &up, "always", 1)]);
    assert_eq!(all.waiting(Instant::now()).len(), 1);
    // Of two it is unknown which has answered.
    let mut second = container("worker", &up, "always", 0);
    second["id"] = json!("second");
    let mut all = seen(&[container("worker", &up, "always", 0), second]);
    all.answers("worker");
    assert_eq!(all.waiting(Instant::now()).len(), 2);
}

#[test]
fn what_the_engines_socket_says_is_read_as_what_dockers_program_does() {
    let state = json!({ "Status": "running", "StartedAt": "2026-01-01T00:00:00Z" });
    let ports =
        json!({ "80/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "20001" }], "81/tcp": null });
    let mut shown = container("web", &state, "always", 2);
    shown["number"] = json!("1");
    shown["image"] = json!("shop:1");
    shown["ports"] = ports.clone();
    shown["config"] = json!({ "Image": "shop:1", "Healthcheck": { "Retries": 2 } });
    let inspected = json!({
        "Id": shown["id"], "Name": "/p-web-1", "State": state, "RestartCount": 2,
        "HostConfig": { "RestartPolicy": { "Name": "always", "MaximumRetryCount": 0 }, "Memory": 0 },
        "NetworkSettings": { "Ports": ports, "Networks": {} },
        "Config": { "Image": "shop:1", "Healthcheck": { "Retries": 2 }, "Labels": {
            "com.docker.compose.service": "web", "com.docker.compose.container-number": "1",
        } },
    });
    let read =
        |line: serde_json::Value| format!("{:?}", Container::read(&line.to_string()).unwrap());
    assert_eq!(read(inspected), read(shown));
}

#[test]
fn a_pass_of_its_own_check_counts_for_the_life_in_which_it_was_seen() {
    let starting = |started: &str| {
        let health = json!({ "Status": "starting", "Log": [] });
        let state = json!({ "Status": "running", "StartedAt": started, "Health": health });
        let mut db = container("db", &state, "always", 0);
        db["config"] = json!({ "Shell": ["/bin/ash", "-ec"], "Healthcheck": {
            "Test": ["CMD-SHELL", "pg_isready"], "Timeout": 1_500_000_000_u64
        } });
        db
    };
    let mut all = seen(&[starting("1")]);
    let (id, check) = {
        let (container, check) = all.own_checks().next().expect("it has one");
        (container.id.clone(), check)
    };
    assert_eq!(check.command, ["/bin/ash", "-ec", "pg_isready"]);
    assert_eq!(check.seconds.to_string(), "1.5");
    assert_eq!(all.waiting(Instant::now()).len(), 1);
    all.passed_own_check(&id);
    assert_eq!(all.waiting(Instant::now()), Vec::<String>::new());
    look(&mut all, &[starting("1")]);
    assert_eq!(all.waiting(Instant::now()), Vec::<String>::new());
    for (started, unready) in [("1", 0), ("2", 1)] {
        let mut later = seen(&[starting(started)]);
        later.remember(&all);
        assert_eq!(later.unready().count(), unready);
    }
    look(&mut all, &[starting("2")]);
    assert_eq!(all.waiting(Instant::now()).len(), 1);
}

#[test]
fn a_state_that_can_not_be_read_is_not_ready() {
    let mut all = Containers::default();
    all.line("{\"id\": 7}");
    all.line("end");
    let waiting = all.waiting(Instant::now());
    assert!(
        waiting[0].starts_with("a container is in an unreadable state"),
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
