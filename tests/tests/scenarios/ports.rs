//! Declared ports: sandboxes wait for each other, and for nobody else.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Repo, Running, here_and_over_ssh, wait_for};

/// Tests that go on until they are let go, where [`hold`] says so.
const HELD: &str = "test_command: |\n  curl -fsS http://localhost:PORT_A/\n  \
    while [ -e \"$E2E_CACHE/wait\" ] && [ ! -e \"$E2E_CACHE/go\" ]; do sleep 0.1; done; :\n";

/// Holds the repo's tests on a host, until its cache, which this is, has a file `go`.
fn hold(repo: &Repo, host: Host) -> String {
    let cache = format!("{}/cache/{}", host.root(), repo.slug());
    let owner = if host == Host::Dev { "dev" } else { "root" };
    let _ = host.says(&format!(
        "mkdir -p {cache} && touch {cache}/wait && chown -R {owner} {cache}"
    ));
    cache
}

here_and_over_ssh! {
    fn a_second_run_waits_its_turn_and_says_for_whom(host) {
        let repo = Repo::new("twice").compose(WEB).spec(&format!("{WEB_IS_HEALTHY}{HELD}"));
        let cache = hold(&repo, host);
        let mut first = repo.start(host, &[]);
        first.prints("hello");
        let first_id = first.run_id();
        let mut second = repo.start(host, &[]);
        second.prints("(`timeouts.up`): port");
        assert!(first.process().is_running(), "the first has ended, nobody waited");
        let _ = host.says(&format!("touch {cache}/go"));
        let (first, second) = (first.finish(), second.finish());
        first.ended(0, "passed").leaves_nothing();
        second.ended(0, "passed").stdout_has("hello").leaves_nothing();
        let port = repo.port('A');
        let why = format!("port {port} is held by {}", repo.slug());
        second.stderr_has(&format!(", sandbox {first_id}; ")).stage_says("queue", &why);
        first.no_stage("queue");
    }

    fn a_process_that_has_the_port_is_named(host) {
        let repo = Repo::new("taken").compose(WEB).spec("test_command: 'true'\n");
        let port = repo.port('A');
        let listener = "import socket, time\n\
            s = socket.socket(); s.bind(('127.0.0.1', PORT)); s.listen(); print('listening', flush=True); time.sleep(600)"
            .replace("PORT", &port.to_string());
        let mut command = match host {
            Host::Local => Command::new("python3"),
            Host::Root => docker_exec("root"),
            _ => docker_exec("dev"),
        };
        command.args(["-c", &listener]);
        let mut holder = Running::start(command, None);
        holder.prints("listening");
        let ran = repo.run(host, &[]);
        ran.ended(98, "up_failed").stage("up", "failed").stderr_has("which is not a sandbox");
        ran.stderr_has(&format!("port {port} on {} is taken by process python3 (pid ", host.name()));
        assert!(holder.is_running(), "it was ended");
        drop(holder);
        // What `docker exec` started does not end with it.
        let _ = host.sh(&format!("kill $(ss -Hltnp 'sport = :{port}' | sed 's/.*pid=\\([0-9]*\\).*/\\1/')"));
        wait_for("the port to be free", Duration::from_secs(5), || !host.listening().contains(&port));
    }

    fn a_container_that_has_the_port_is_named_and_left_alone(host) {
        let repo = Repo::new("container").compose(WEB).spec("test_command: 'true'\n");
        let name = format!("foreign-{}", repo.slug());
        let run = repo.filled_in("-p 127.0.0.1:PORT_A:80 BUSYBOX sleep 600");
        let _ = host.says(&format!("docker run -d --name {name} {run}"));
        let ran = repo.run_and_keep(host, &[]);
        let still_runs = host.says(&format!("docker inspect --format '{{{{.State.Running}}}}' {name}; docker rm -f {name}"));
        let port = repo.port('A');
        ran.ended(98, "up_failed").leaves_nothing();
        ran.stderr_has(&format!("port {port} on {} is taken by container {name}, which is not a sandbox", host.name()));
        assert!(still_runs.starts_with("true"), "{still_runs}");
    }
}

/// Asks the service, restarts it through the tool, and asks it again at the same address.
const RESTARTED: &str = r"import json, os, socket, time, urllib.request
def ask():
    deadline = time.time() + 60
    while True:
        try:
            return urllib.request.urlopen('http://' + os.environ['E2E_WEB_8080'] + '/', timeout=5).read()
        except OSError as error:
            if time.time() > deadline: raise SystemExit(f'no answer: {error}')
            time.sleep(0.1)
control = socket.socket(socket.AF_UNIX)
control.settimeout(60)
control.connect(os.environ['E2E_CONTROL'])
lines = control.makefile('rw')
def send(**request):
    lines.write(json.dumps(request) + '\n'); lines.flush()
    return json.loads(lines.readline())
assert ask() == b'hello\n'
for _ in range(3):
    answer = send(ask='change', service='web', change={'to': 'restart'})
    assert answer == {'answer': 'done'}, answer
    assert ask() == b'hello\n'
answer = send(ask='check', name='web')
assert answer.get('passed'), answer
print('answers after restarts')
";

here_and_over_ssh! {
    fn a_port_without_a_number_stays_where_it_is_when_its_service_restarts(host) {
        for side in ["host", "client"] {
            let repo = Repo::new("unnumbered")
                .compose(&WEB.replace("PORT_A:8080", "8080").replace("image: BUSYBOX", "image: BUSYBOX\n    init: true"))
                .file("restarts.py", RESTARTED)
                .spec(&format!(
                    "ports: declared\ntests_run_on: {side}\n\
                     health_checks: [{{name: web, exec: [wget, -qO, /dev/null, 'http://127.0.0.1:8080/'], service: web}}]\n\
                     test_command: python3 restarts.py\n"
                ));
            let ran = repo.run(host, &[]);
            ran.ended(0, "passed").stdout_has("answers after restarts").leaves_nothing();
        }
    }
}

fn docker_exec(user: &str) -> Command {
    let mut command = Command::new("docker");
    command.args(["exec", "-i", "-u", user, "e2e-lab-railiance01", "python3"]);
    command
}

#[test]
fn a_sandbox_of_another_user_is_waited_for_too() {
    // Both publish the same number; the second user can't read the first one's folder.
    let repo = Repo::new("users")
        .compose(WEB)
        .spec(&format!("{WEB_IS_HEALTHY}{HELD}"));
    let cache = hold(&repo, Host::Root);
    let mut first = repo.start(Host::Root, &[]);
    first.prints("hello");
    let mut second = repo.start(Host::Dev, &[]);
    second.prints("(`timeouts.up`): port");
    let _ = Host::Root.says(&format!("touch {cache}/go"));
    let (first, second) = (first.finish(), second.finish());
    first.ended(0, "passed").leaves_nothing();
    second.ended(0, "passed").leaves_nothing();
    second.stderr_has(first.run_id());
}

#[test]
fn tests_on_this_machine_need_the_number_here_too_and_say_so() {
    let repo = Repo::new("here")
        .compose(WEB)
        .spec("tests_run_on: client\ntest_command: 'true'\n");
    let port = repo.port('A');
    let _holder = TcpListener::bind(("127.0.0.1", port)).expect("it is free");
    let ran = repo.run(Host::Root, &[]);
    ran.ended(97, "host_error")
        .stderr_has(&format!("port {port} must be free on this machine"));
}
