//! Any number of sandboxes side by side, with compose files that were never meant for it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use e2e_tests::{Host, Repo, here_and_over_ssh};
use serde_json::{Map, Value, json};

/// Fixed ports, names, volumes and one built tag; TOKEN is the same in every copy of the repo.
const FIXED: &str = r#"
services:
  api:
    build: {context: .., dockerfile: Dockerfile}
    image: TOKEN-app:dev
    container_name: TOKEN-api
    command: [sh, -c, "mkdir -p /www && cp /code /www/code && ln -s /data /www/data && exec httpd -f -p 8080 -h /www"]
    ports: ["FIXED:8080"]
    volumes: ["data:/data"]
  worker:
    image: TOKEN-app:dev
    container_name: TOKEN-worker
    depends_on: [api]
    restart: always
    command: [sh, -c, "until wget -q -O /got http://TOKEN-api:8080/code; do sleep 0.2; done; cat /code /got >>/data/new; mv /data/new /data/seen; exec sleep 600"]
    volumes: ["data:/data"]
volumes: {data: {name: TOKEN-data}}
networks: {default: {name: TOKEN-net}}
"#;

/// Looks at code, data and port; waits in the folder MEETING until all others are up too; looks
/// again. For declared ones, who never are up together, EVERYBODY is 0.
const LOOKS: &str = r#"
test_command: |
  own=$(cat code)
  look() {
    tries=0
    until [ "$(curl -fsS "http://$address/data/seen" | tr '\n' ' ')" = "$own $own " ]; do
      tries=$((tries + 1))
      [ "$tries" -lt 200 ] || { echo "it has seen: $(curl -sS "http://$address/data/seen")"; exit 1; }
      sleep 0.2
    done
    [ "$(curl -fsS "http://$address/code")" = "$own" ]
  }
  look || exit 1
  mkdir -p MEETING && touch "MEETING/$own"
  tries=0
  while [ "$(ls MEETING | wc -l)" -lt EVERYBODY ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 1400 ] || { echo "only $(ls MEETING)"; exit 1; }
    sleep 0.1
  done
  look
"#;

/// A copy of the one repo, as a worktree of it would be.
fn copy(number: usize, token: &str, fixed: u16, spec: &str) -> Repo {
    let compose = FIXED
        .replace("TOKEN", token)
        .replace("FIXED", &fixed.to_string());
    Repo::new("copy")
        .compose(&compose)
        .file("Dockerfile", "FROM BUSYBOX\nCOPY code /code\n")
        .file("code", &format!("code-{number}\n"))
        .spec(&format!("timeouts: {{up: 170}}\n{spec}"))
}

fn sixteen(isolated: usize, declared: usize) {
    let one = Repo::new("one");
    let (token, fixed) = (one.slug().to_owned(), one.port('A'));
    let meeting = one.path("meeting").display().to_string();
    let repos: Vec<Repo> = (0..isolated + declared)
        .map(|number| {
            let looks = LOOKS.replace("MEETING", &meeting);
            let looks = if number < isolated {
                let looks = looks.replace("EVERYBODY", &isolated.to_string());
                format!(
                    "ports: isolated{}",
                    looks.replace("$address", "$E2E_API_8080")
                )
            } else {
                let looks = looks.replace("EVERYBODY", "0");
                format!(
                    "ports: declared{}",
                    looks.replace("$address", &format!("localhost:{fixed}"))
                )
            };
            copy(number, &token, fixed, &looks)
        })
        .collect();
    let started: Vec<_> = repos
        .iter()
        .map(|repo| repo.start(Host::Local, &[]))
        .collect();
    let ran: Vec<_> = started.into_iter().map(|run| run.finish()).collect();
    let mut ports = BTreeSet::new();
    for (number, run) in ran.iter().enumerate() {
        run.ended(0, "passed").leaves_nothing();
        let model: Value = serde_json::from_str(&run.file("compose.json")).expect("JSON");
        let port = model["services"]["api"]["ports"][0]["published"].clone();
        let port = port.as_str().expect("a number").to_owned();
        if number < isolated {
            assert!(ports.insert(port), "two have the same port");
        } else {
            assert_eq!(port, fixed.to_string());
        }
    }
}

/// How often: `E2E_ROUNDS=10` for as sure as one can be.
fn rounds() -> usize {
    let rounds = std::env::var("E2E_ROUNDS").unwrap_or_default();
    rounds.parse().unwrap_or(1)
}

#[test]
fn sixteen_sandboxes_of_one_repo_each_see_their_own() {
    for round in 1..=rounds() {
        eprintln!("round {round}");
        sixteen(16, 0);
    }
}

#[test]
fn isolated_ones_run_beside_declared_ones_that_queue() {
    for round in 1..=rounds() {
        eprintln!("round {round}");
        sixteen(13, 3);
    }
}

#[test]
fn forty_networks_are_more_than_docker_has_addresses_for() {
    let mut services = Map::new();
    let mut networks = Map::new();
    for service in 0..4 {
        let own: Vec<String> = (0..10).map(|net| format!("n{service}-{net}")).collect();
        networks.extend(own.iter().map(|name| (name.clone(), json!({}))));
        services.insert(
            format!("s{service}"),
            json!({ "image": "BUSYBOX", "command": ["sleep", "600"], "networks": own }),
        );
    }
    let compose = json!({ "services": services, "networks": networks });
    let repo = Repo::new("forty")
        .compose(&compose.to_string())
        .spec("timeouts: {up: 170}\ntest_command: docker network ls -q --filter label=cargo-e2e.run=$E2E_RUN_ID | wc -l\n");
    let ran = repo.run(Host::Local, &[]);
    ran.ended(0, "passed")
        .stdout_has("40")
        .stderr_has("Docker has no addresses left for another network");
}

here_and_over_ssh! {
    fn host_gateway_reaches_what_is_published(host) {
        let repo = Repo::new("gateway")
            .compose(
                r#"
services:
  web:
    image: BUSYBOX
    command: [sh, -c, "mkdir /www; echo hello >/www/index.html; exec httpd -f -p 8080 -h /www"]
    ports: ["PORT_A:8080"]
  client:
    image: BUSYBOX
    extra_hosts: ["host.docker.internal:host-gateway"]
    command: [sh, -c, "mkdir /www; until wget -q -O /www/got http://host.docker.internal:PORT_A/; do sleep 0.2; done; exec httpd -f -p 8081 -h /www"]
    ports: ["PORT_B:8081"]
"#,
            )
            .spec("health_checks: [{name: client, url: 'http://localhost:PORT_B/got', timeout: 40}]\nports: isolated\ntest_command: sleep 2; curl -fsS http://$E2E_CLIENT_8081/got\n");
        let (first, second) = (repo.start(host, &[]), repo.start(host, &[]));
        for ran in [first.finish(), second.finish()] {
            ran.ended(0, "passed").stdout_has("hello").leaves_nothing();
        }
    }

    fn an_external_network_that_is_missing_is_said_before_anything_is_made(host) {
        let repo = Repo::new("external")
            .compose("services: {web: {image: BUSYBOX, command: [sleep, '600'], networks: [out]}}\nnetworks: {out: {external: true, name: SLUG-out}}\n")
            .spec("test_command: 'true'\n");
        let name = format!("{}-out", repo.slug());
        let ran = repo.run(host, &[]);
        ran.ended(98, "up_failed")
            .stderr_has(&format!("has no network called {name}"))
            .stderr_has(&format!("docker network create {name}"));
        let _ = host.says(&format!("docker network create {name}"));
        let ran = repo.run_and_keep(host, &[]);
        let _ = host.says(&format!("docker network rm {name}"));
        ran.ended(0, "passed").leaves_nothing();
    }

    fn containers_of_one_service_get_a_number_each(host) {
        let repo = Repo::new("replicas")
            .compose("services: {web: {image: BUSYBOX, command: [sh, -c, 'mkdir /www; hostname >/www/index.html; exec httpd -f -p 80 -h /www'], scale: 3, ports: ['PORT_A:80']}}\n")
            .spec("ports: isolated\ntest_command: |\n  first=${E2E_WEB_80##*:}\n  for port in $first $((first + 1)) $((first + 2)); do curl -fsS --retry 9 --retry-connrefused http://127.0.0.1:$port/; done | sort -u | wc -l\n");
        repo.run(host, &[]).ended(0, "passed").stdout_has("3");
    }
}

/// Of the corpus, with the lab's image in every place.
const TWICE: [&str; 10] = [
    "wordpress",
    "temporal",
    "airflow",
    "supabase",
    "mongo-replicaset",
    "rabbitmq",
    "n8n",
    "sentry",
    "replicas",
    "one-shots",
];

#[test]
fn ten_stacks_of_the_corpus_come_up_twice_at_once() {
    for stack in TWICE {
        eprintln!("{stack}");
        let (compose, looks) = runnable(stack);
        let repo = Repo::new(stack)
            .compose(&compose)
            .file("Dockerfile", "FROM BUSYBOX\n")
            .file("parts/.gitkeep", "")
            .spec(&format!(
                "ports: isolated\ntimeouts: {{up: 150}}\ntest_command: |\n{looks}"
            ));
        for file in ["php.ini", "init.sql", "nginx.conf"] {
            std::fs::write(repo.path("parts").join(file), "x\n").expect("writable");
        }
        let (first, second) = (repo.start(Host::Local, &[]), repo.start(Host::Local, &[]));
        for ran in [first.finish(), second.finish()] {
            ran.ended(0, "passed").leaves_nothing();
        }
    }
}

/// A stack of the corpus whose services are web servers that say their names on every port, and a
/// test command that asks them.
fn runnable(stack: &str) -> (String, String) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let output = Command::new("docker")
        .args(["compose", "-p", "corpus", "-f"])
        .arg(corpus.join(format!("{stack}.yml")))
        .args(["config", "--format", "json"])
        .output()
        .expect("`docker compose` is installed");
    assert!(output.status.success(), "{stack}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let text = text.replace(&*corpus.to_string_lossy(), "..");
    let mut model: Value = serde_json::from_str(&text).expect("a model");
    let mut looks = String::from(
        "  ask() { tries=0; until curl -fsS \"http://$1/\" | grep -qx \"$2\"; do tries=$((tries + 1)); [ $tries -lt 100 ] || exit 1; sleep 0.2; done; }\n",
    );
    let services = model["services"].as_object_mut().expect("services");
    let is_done: BTreeSet<String> = services
        .values()
        .flat_map(|service| service["depends_on"].as_object().into_iter().flatten())
        .filter(|(_, how)| how["condition"] == "service_completed_successfully")
        .map(|(name, _)| name.clone())
        .collect();
    for (name, service) in services {
        // The tag stays, as a name that nobody but this stack builds.
        if service.get("build").is_some_and(|build| !build.is_null()) {
            service["build"] = json!({ "context": ".." });
        } else if !service["image"]
            .as_str()
            .is_some_and(|image| image.contains("-local"))
        {
            service["image"] = json!("BUSYBOX");
        }
        let service = service.as_object_mut().expect("a service");
        for key in ["entrypoint", "user", "platform", "pull_policy", "logging"] {
            service.remove(key);
        }
        let mut ports = BTreeSet::new();
        for port in service
            .get("ports")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let number = port["target"].as_u64().expect("a number");
            if port["protocol"] == "tcp" && ports.insert(number) {
                let variable: String = name
                    .chars()
                    .map(|c| {
                        if c.is_ascii_alphanumeric() {
                            c.to_ascii_uppercase()
                        } else {
                            '_'
                        }
                    })
                    .collect();
                let _ = writeln!(looks, "  ask \"$E2E_{variable}_{number}\" {name}");
            }
        }
        let serve: Vec<String> = ports
            .iter()
            .map(|port| format!("httpd -p {port} -h /e2e-www;"))
            .collect();
        let command = if is_done.contains(name) {
            "exit 0".to_owned()
        } else {
            format!(
                "mkdir -p /e2e-www; echo {name} >/e2e-www/index.html; {} exec sleep 600",
                serve.concat()
            )
        };
        service.insert("command".into(), json!(["sh", "-c", command]));
        if let Some(check) = service
            .get_mut("healthcheck")
            .filter(|check| check.is_object())
        {
            check["test"] = json!(["CMD", "true"]);
        }
        if let Some(Value::Array(mounts)) = service.get_mut("volumes") {
            mounts.retain(|mount| {
                mount["type"] != "bind"
                    || mount["source"]
                        .as_str()
                        .is_some_and(|source| source.starts_with(".."))
            });
        }
    }
    (model.to_string(), looks)
}
