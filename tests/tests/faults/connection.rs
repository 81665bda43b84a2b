//! Faults of what is between the client and the host.

use std::time::{Duration, Instant};

use e2e_tests::{Host, Repo, wait_for};

use super::{End, LEASE, Lab, since_for};

/// Prints a line every fifth of a second, for a while; the last one tells that none is lost.
fn counts(lab: &Lab, name: &str, lines: u32) -> Repo {
    lab.equipped(
        Repo::new(name)
            .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n")
            .spec(&format!(
                "test_command: 'i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo line $i.; sleep 0.2; done'\n"
            )),
    )
}

/// Both ways, and without a word.
const CUT: &str =
    "iptables -I INPUT -p tcp --dport 22 -j DROP && iptables -I OUTPUT -p tcp --sport 22 -j DROP";
/// Only what the host answers.
const CUT_ONE_WAY: &str = "iptables -I OUTPUT -p tcp --sport 22 -j DROP";

/// A cut that ends when this is dropped, whatever becomes of the test.
struct Cut<'a>(&'a Lab);

impl<'a> Cut<'a> {
    fn new(lab: &'a Lab, how: &str) -> Self {
        let _ = lab.spare.host().says(how);
        Self(lab)
    }
}

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        let _ = self.0.spare.host().sh(
            "while iptables -D INPUT -p tcp --dport 22 -j DROP; do :; done\n\
             while iptables -D OUTPUT -p tcp --sport 22 -j DROP; do :; done\n",
        );
    }
}

pub(super) fn short_partition(lab: &Lab) {
    const LINES: u32 = 60;
    // One that ssh itself outlives, and one for which its connection must be made anew.
    let all: &[(u64, &str, &str)] = &[(3, "20", CUT), (25, "60", CUT), (25, "60", CUT_ONE_WAY)];
    for (seconds, lease, how) in if lab.all { all } else { &all[..1] } {
        let repo = counts(lab, "short-cut", LINES).env("CARGO_E2E_LEASE", lease);
        let mut run = repo.start(lab.spare.host(), &[]);
        run.prints("line 3.");
        let cut = Cut::new(lab, how);
        std::thread::sleep(Duration::from_secs(*seconds));
        drop(cut);
        let since = Instant::now();
        let ran = run.finish();
        for line in 1..=LINES {
            ran.stdout_has(&format!("line {line}.\n"));
        }
        let fault = "8 partition shorter than the lease";
        lab.check(
            fault,
            &format!("test, {seconds} s"),
            &ran,
            since,
            &End::Is(0, "passed"),
        );
    }
}

pub(super) fn long_partition(lab: &Lab) {
    const FAULT: &str = "7, 8 partition longer than the lease";
    let host = lab.spare.host();
    for at in if lab.all {
        ["ready", "testing"].as_slice()
    } else {
        &["testing"]
    } {
        let repo = if *at == "ready" {
            // Nothing listens there.
            counts(lab, "long-cut", 600)
                .compose("services: {web: {image: BUSYBOX, command: [sleep, '600'], ports: ['1:81']}}\n")
                .spec("test_command: 'true'\nhealth_checks: [{name: web, url: 'http://localhost:1/', timeout: 300}]\n")
        } else {
            lab.repo("long-cut")
        };
        let mut run = repo.start(host, &["-v"]);
        run.prints(if *at == "ready" { "curl: (" } else { at });
        let id = run.run_id();
        let cut = Cut::new(lab, CUT);
        let since = Instant::now();
        // Gone while the host is still cut off.
        let ended = format!("cat {}/ended/{id}", host.root());
        wait_for("its guard", Duration::from_secs(LEASE + 60), || {
            host.sh(&ended).code == Some(0)
        });
        let clean = since.elapsed();
        let ran = run.finish();
        drop(cut);
        ran.stderr_has("no response for");
        let took = since_for(clean);
        lab.check(FAULT, at, &ran, took, &End::Is(97, "host_error"));
    }
}

pub(super) fn session_killed(lab: &Lab) {
    const FAULT: &str = "9 ssh session killed; sshd does not answer";
    const LINES: u32 = 40;
    let host = lab.spare.host();
    for listener_stops in if lab.all {
        [false, true].as_slice()
    } else {
        &[true]
    } {
        let repo = counts(lab, "session", LINES).env("CARGO_E2E_LEASE", "30");
        let mut run = repo.start(host, &[]);
        run.prints("line 3.");
        let (stop, go) = if *listener_stops {
            (
                "pkill -STOP -f 'sshd: /usr/sbin/sshd'",
                "pkill -CONT -f 'sshd: /usr/sbin/sshd'",
            )
        } else {
            (":", ":")
        };
        let _ = host.says(&format!("{stop}; pkill -KILL -f 'sshd: root@notty'"));
        if *listener_stops {
            std::thread::sleep(Duration::from_secs(5));
        }
        let _ = host.says(go);
        let since = Instant::now();
        let ran = run.finish();
        for line in 1..=LINES {
            ran.stdout_has(&format!("line {line}.\n"));
        }
        let at = if *listener_stops {
            "test, no sshd for 5 s"
        } else {
            "test"
        };
        lab.check(FAULT, at, &ran, since, &End::Is(0, "passed"));
    }
}

/// The client's own ssh goes, and the client lives: it connects anew, and the host does not take it
/// for dead.
pub(super) fn master_ended(lab: &Lab) {
    const FAULT: &str = "9 the client's ssh is ended or killed";
    const LINES: u32 = 80;
    for signal in ["TERM", "KILL"] {
        let repo = counts(lab, "master", LINES).env("CARGO_E2E_LEASE", "30");
        let mut run = repo.start(lab.spare.host(), &[]);
        run.prints("line 3.");
        let _ = Host::Local.says(&format!(
            "set -e\nport=$(sed -n 's/^ *Port //p' {} | head -n 1)\n\
             ss -Htnp state established \"( dport = :$port )\" | sed -n 's/.*\"ssh\",pid=\\([0-9]*\\).*/\\1/p' |\n\
             {{ read -r pid; kill -{signal} $pid; }}",
            lab.spare.ssh_config()
        ));
        let since = Instant::now();
        let ran = run.finish();
        for line in 1..=LINES {
            ran.stdout_has(&format!("line {line}.\n"));
        }
        lab.check(FAULT, signal, &ran, since, &End::Is(0, "passed"));
    }
}

/// sshd allows fewer sessions than a run needs, until this is dropped.
struct Few<'a>(&'a Lab);

const RELOAD: &str = "pkill -HUP -f 'sshd: /usr/sbin/sshd'";

impl<'a> Few<'a> {
    fn new(lab: &'a Lab, sessions: u32) -> Self {
        let _ = lab.spare.host().says(&format!(
            "cp /etc/ssh/sshd_config /tmp/sshd_config && sed -i '1i MaxSessions {sessions}' /etc/ssh/sshd_config && {RELOAD}"
        ));
        Self(lab)
    }
}

impl Drop for Few<'_> {
    fn drop(&mut self) {
        let back = format!("cp /tmp/sshd_config /etc/ssh/sshd_config && {RELOAD}");
        let _ = self.0.spare.host().sh(&back);
    }
}

pub(super) fn few_sessions(lab: &Lab) {
    for sessions in if lab.all { [1, 2, 3].as_slice() } else { &[3] } {
        let repo = counts(lab, "few", 5);
        let few = Few::new(lab, *sessions);
        let ran = repo.start(lab.spare.host(), &[]).finish();
        drop(few);
        let since = Instant::now();
        ran.stderr_has("set `MaxSessions 10`");
        let fault = "10 sshd allows too few sessions";
        let at = format!("{sessions}");
        lab.check(fault, &at, &ran, since, &End::Is(97, "host_error"));
    }
}

/// Nobody's key is let in until this is dropped, whatever becomes of the test.
struct Revoked<'a>(&'a Lab);

impl<'a> Revoked<'a> {
    fn new(lab: &'a Lab) -> Self {
        let _ = lab
            .spare
            .host()
            .says("cd /etc/ssh/lab && mv authorized_keys revoked");
        Self(lab)
    }
}

impl Drop for Revoked<'_> {
    fn drop(&mut self) {
        let _ = self
            .0
            .spare
            .host()
            .sh("cd /etc/ssh/lab && mv revoked authorized_keys");
    }
}

pub(super) fn access_revoked(lab: &Lab) {
    let repo = counts(lab, "revoked", 500);
    let host = lab.spare.host();
    let mut run = repo.start(host, &[]);
    run.prints("line 3.");
    let revoked = Revoked::new(lab);
    let _ = host.says("pkill -KILL -f 'sshd: root@notty'");
    let since = Instant::now();
    let ran = run.finish();
    drop(revoked);
    ran.stderr_has("Permission denied");
    let fault = "10 access revoked, ssh session killed";
    lab.check(fault, "test", &ran, since, &End::Is(97, "host_error"));
}

/// After the connection was made anew, stops a service as a test on the host does.
const STOPS: &str = r"import json, os, socket, time
print('waiting', flush=True)
while not os.path.exists('/tmp/e2e-go-on'): time.sleep(0.05)
control = socket.socket(socket.AF_UNIX)
control.connect(os.environ['E2E_CONTROL'])
lines = control.makefile('rw')
def ask(**request):
    lines.write(json.dumps(request) + '\n'); lines.flush()
    return json.loads(lines.readline())
print(ask(ask='begin', test='stops'))
print(ask(ask='change', service='web', change={'to': 'stop'}))
print('web is', ask(ask='state', service='web')['containers'][0]['state'], flush=True)
";

pub(super) fn control_again(lab: &Lab) {
    let host = lab.spare.host();
    let repo = lab
        .equipped(
            Repo::new("control-again")
                .file("stops.py", STOPS)
                .compose("services: {web: {image: BUSYBOX, init: true, command: [sleep, '600']}}\n")
                .spec("test_command: 'python3 stops.py'\n"),
        )
        .env("CARGO_E2E_LEASE", "30");
    let _ = host.says("rm -f /tmp/e2e-go-on");
    let mut run = repo.start(host, &[]);
    run.prints("waiting");
    let sandbox = format!("{}/sandboxes/{}", host.root(), run.run_id());
    // The socket of the connection before is still there, and answers nobody.
    let made = format!("find {sandbox} -maxdepth 1 -type s -printf '%C@ '");
    let before = host.says(&made);
    let _ = host.says("pkill -KILL -f 'sshd: root@notty'");
    wait_for("the socket", Duration::from_secs(30), || {
        let now = host.says(&made);
        !now.is_empty() && now != before
    });
    let _ = host.says("touch /tmp/e2e-go-on");
    let since = Instant::now();
    let ran = run.finish();
    ran.stdout_has("web is exited");
    let fault = "9 ssh session killed, then a test stops a service";
    lab.check(fault, "test", &ran, since, &End::Is(0, "passed"));
}
