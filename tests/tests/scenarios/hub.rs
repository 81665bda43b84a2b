//! The state-hub is told of every run once, whatever it does.

use std::process::Command;

use e2e_tests::{Ended, Host, Repo, image};
use indoc::formatdoc;
use serde_json::{Value, json};

const TOKEN: &str = "a-token-for-the-hub";

/// A hub that lives as long as this.
struct Hub {
    repo: Repo,
}

impl Hub {
    /// A receiver with PostgreSQL behind it, brought up by the tool itself.
    fn up() -> Self {
        let repo = Repo::new("hub")
            .compose(&formatdoc!(
                "
                    services:
                      db:
                        image: PG_IMAGE
                        environment: {{POSTGRES_PASSWORD: hub}}
                      hub:
                        image: {}
                        command: [python3, -u, /hub/receiver.py]
                        volumes: ['../hub:/hub:ro']
                        environment: {{DATABASE: 'postgresql://postgres:hub@db/postgres', HUB_TOKEN: {TOKEN}}}
                        ports: ['PORT_A:8000', 'PORT_B:8443']
                ",
                image("PYTHON_IMAGE")
            ))
            .spec("test_command: 'true'\nhealth_checks: [{name: hub, url: 'http://localhost:PORT_A/'}]\n")
            .file("hub/receiver.py", include_str!("../../hub/receiver.py"));
        let made = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hub",
            ])
            .args([
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-keyout",
                "key.pem",
                "-out",
                "cert.pem",
            ])
            .current_dir(repo.path("hub"))
            .output()
            .expect("openssl is installed");
        assert!(made.status.success(), "{made:?}");
        repo.run_and_keep(Host::Local, &["up"]).kept(0, "passed");
        Self { repo }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.repo.port('A'))
    }

    fn curl(arguments: &[&str]) -> String {
        let done = Command::new("curl")
            .args(["-fsS"])
            .args(arguments)
            .output()
            .expect("curl");
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).expect("UTF-8")
    }

    fn fails(&self, how: &Value) {
        Self::curl(&["-d", &how.to_string(), &(self.url() + "/faults")]);
    }

    /// Key, summary, topic, verdict, number of posts.
    fn entries(&self) -> Vec<Value> {
        serde_json::from_str(&Self::curl(&[&self.url()])).expect("JSON")
    }

    /// What it has of a run: exactly one entry.
    #[track_caller]
    fn has(&self, run_id: &str) -> Value {
        let all = self.entries();
        let mut own: Vec<Value> = all
            .iter()
            .filter(|entry| entry[0] == run_id)
            .cloned()
            .collect();
        assert_eq!(own.len(), 1, "{all:?}");
        own.pop().expect("one")
    }
}

/// A repo whose runs tell the hub.
fn telling(hub: &Hub) -> Repo {
    Repo::new("told")
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec("test_command: exit\nreport: {topic_slug: e2e, task_id: T-7}\n")
        .env("STATE_HUB_URL", &hub.url())
        .env("STATE_HUB_TOKEN", TOKEN)
}

fn report(repo: &Repo) -> Ended {
    repo.cargo_e2e(&["report"])
}

#[test]
fn the_hub_gets_every_run_once_whatever_it_does() {
    let hub = Hub::up();
    let repo = telling(&hub);

    let ran = repo.run(Host::Local, &["--", "3"]);
    ran.ended(100, "failed").stderr_lacks("state-hub");
    let entry = hub.has(ran.run_id());
    let summary = entry[1].as_str().expect("text");
    assert!(
        summary.starts_with(&format!("{} e2e failed in ", repo.slug())),
        "{summary}"
    );
    assert_eq!(
        (&entry[2], &entry[3], &entry[4]),
        (&json!("e2e"), &json!("failed"), &json!(1))
    );
    assert_eq!(report(&repo).stderr, "no records wait for the state-hub\n");

    // Nobody's error: it fails, is cut off after it took it, asks for patience.
    for (how, posts) in [(json!([500, "cut"]), 2), (json!([503, 429]), 1)] {
        hub.fails(&how);
        let ran = repo.run(Host::Local, &[]);
        ran.ended(0, "passed").stderr_lacks("state-hub");
        assert_eq!(hub.has(ran.run_id())[4], posts, "{how}");
    }

    // Too slow, though it takes it in the end; the next run hears of that. That one's own is
    // refused, until whoever looks after it says so.
    hub.fails(&json!(["slow"]));
    let slow = repo.run(Host::Local, &[]);
    slow.ended(0, "passed")
        .stderr_has("did not receive the record: no response in time");
    hub.fails(&json!([401]));
    let refused = repo.run(Host::Local, &[]);
    refused
        .ended(0, "passed")
        .stderr_has("refused the record: HTTP 401: as it was told to");
    assert_eq!(hub.has(slow.run_id())[4], 2);
    let sent = report(&repo);
    assert_eq!(sent.code, Some(0), "{sent}");
    assert!(
        sent.stdout.contains(&format!(
            "{}  sent     {} e2e passed",
            refused.run_id(),
            repo.slug()
        )),
        "{sent}"
    );
    hub.has(refused.run_id());

    // Its path may be another than the hub has.
    let repo = repo.env("STATE_HUB_PROGRESS_PATH", "/elsewhere");
    repo.run(Host::Local, &[])
        .ended(0, "passed")
        .stderr_has("refused the record: HTTP 404: no such path");
    let repo = repo.env("STATE_HUB_PROGRESS_PATH", "/progress");
    let sent = report(&repo);
    assert_eq!(sent.code, Some(0), "{sent}");

    // Down for an hour, and there again.
    let repo = repo.env("STATE_HUB_URL", "http://127.0.0.1:9");
    let down = repo.run(Host::Local, &[]);
    down.ended(0, "passed")
        .stderr_has("did not receive the record: ");
    let waits = report(&repo);
    assert_eq!(waits.code, Some(70), "{waits}");
    assert!(
        waits
            .stdout
            .contains(&format!("{}  waits    ", down.run_id())),
        "{waits}"
    );
    let id = down.run_id().to_owned();
    // Over TLS only to whom its certificate names.
    let repo = repo.env(
        "STATE_HUB_URL",
        &format!("https://127.0.0.1:{}", hub.repo.port('B')),
    );
    let strange = report(&repo);
    assert!(
        strange.code == Some(70) && strange.stdout.to_lowercase().contains("certificate"),
        "{strange}"
    );
    let cert = hub.repo.path("hub/cert.pem");
    let repo = repo.env("SSL_CERT_FILE", cert.to_str().expect("a plain path"));
    let sent = report(&repo);
    assert_eq!(sent.code, Some(0), "{sent}");
    hub.has(&id);

    let runs = std::fs::read_dir(repo.state().join("cargo-e2e/runs"))
        .expect("a folder")
        .count();
    assert_eq!(hub.entries().len(), runs);
    let printed = format!("{sent}{strange}{waits}");
    assert!(!printed.contains(TOKEN), "{printed}");

    let gone = hub.repo.cargo_e2e(&["down", "--host", "local"]);
    assert_eq!(gone.code, Some(0), "{gone}");
}
