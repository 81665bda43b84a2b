//! A compose file that reaches beyond its sandbox: said by default, refused with `--strict`, by
//! `check` and `plan` as by a run.

use std::path::Path;

use e2e_tests::{Ended, Host, Repo};
use indoc::indoc;

/// Each way out, in a service that is not started where this machine may not allow it.
const BOLD: &str = "
services:
  privileged: {image: BUSYBOX, scale: 0, privileged: true}
  network: {image: BUSYBOX, command: [sleep, '600'], network_mode: host}
  process: {image: BUSYBOX, command: [sleep, '600'], pid: host}
  capable: {image: BUSYBOX, command: [sleep, '600'], cap_add: [NET_ADMIN]}
  socket: {image: BUSYBOX, command: [sleep, '600'], volumes: ['/var/run/docker.sock:/docker.sock']}
  bind: {image: BUSYBOX, command: [sleep, '600'], volumes: ['/tmp:/host', 'named:/named']}
  open: {image: BUSYBOX, command: [sleep, '600'], ports: ['0.0.0.0:PORT_A:80']}
volumes: {named: {driver_opts: {type: none, o: bind, device: /tmp}}}
";
const SAID: [&str; 8] = [
    "privileged: it is privileged, so it can change the host itself",
    "network: network_mode is the host's own; all sandboxes share its ports",
    "process: pid is the host's own",
    "capable: cap_add gives it access to the host that containers lack",
    "socket: /var/run/docker.sock gives it root on the host, and teardown does not remove its objects there",
    "bind: it may write /tmp on the host, outside the repo: all sandboxes share it",
    "open: port PORT_A is published on 0.0.0.0, so other machines can reach it",
    "volume named: it is /tmp on the host, outside the repo: all sandboxes share it",
];
const REFUSED: &str = "e2e/compose.yml: it reaches beyond its sandbox, which --strict refuses";

#[test]
fn each_way_out_is_said_and_the_run_goes_on() {
    let repo = Repo::new("bold")
        .compose(BOLD)
        .spec("test_command: 'true'\n");
    let ran = repo.run(Host::Dev, &[]);
    ran.ended(0, "passed");
    let checked = repo.cargo_e2e(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    let planned = repo.cargo_e2e(&["plan"]);
    let said = SAID.map(|said| repo.filled_in(said));
    for said in &said {
        ran.stderr_has(&format!("e2e/compose.yml: {said}"));
        assert!(checked.stderr.contains(said), "{said}\n{checked}");
        let line = format!("not isolated {said}\n");
        assert!(planned.stdout.contains(&line), "{said}\n{planned}");
    }
    let names =
        "privileged, foreign-namespace, host-access, docker-socket, public-port, outside-path";
    let privileged = format!("warning[privileged]: {}", said[0]);
    assert!(checked.stderr.contains(&privileged), "{checked}");
    let accept = "help: `allow: [host-access, foreign-namespace, public-port, ";
    assert!(checked.stderr.contains(accept), "{checked}");
    // What is accepted is not said, and `--strict` takes it.
    let spec = format!("name: SLUG\ntest_command: 'true'\nallow: [{names}]\n");
    let repo = repo.file("e2e/e2e.yml", &spec);
    let ran = repo.run(Host::Dev, &["--strict"]);
    ran.ended(0, "passed");
    let checked = repo.cargo_e2e(&["check", "--strict"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    for said in &said {
        ran.stderr_lacks(said);
        assert!(!checked.stderr.contains(said), "{checked}");
    }
}

/// A host that nobody reaches: who asks for it ends with 97.
const NOWHERE: &str = "nowhere.invalid";

fn with_strict(repo: &Repo, command: &[&str]) -> Ended {
    repo.cargo_e2e(&[command, &["--strict", "--host", NOWHERE]].concat())
}

/// Refused by all three, with this line, and without a host.
#[track_caller]
fn refused(repo: &Repo, said: &str) {
    for command in [&["check"][..], &["plan"], &[]] {
        let ended = with_strict(repo, command);
        assert_eq!(ended.code, Some(96), "{command:?} {said}\n{ended}");
        assert!(ended.stderr.contains(said), "{command:?} {said}\n{ended}");
    }
}

/// A whole file for each way out, and what is said of it.
const WAYS_OUT: [(&str, &str); 37] = [
    (
        "services: {web: {image: x, privileged: true}}",
        "services.web.privileged: ",
    ),
    (
        "services: {web: {image: x, network_mode: host}}",
        "services.web.network_mode: ",
    ),
    (
        "services: {web: {image: x, network_mode: 'container:theirs'}}",
        "services.web.network_mode: ",
    ),
    (
        "services: {web: {image: x, pid: 'container:theirs'}}",
        "services.web.pid: ",
    ),
    (
        "services: {web: {image: x, ipc: host}}",
        "services.web.ipc: ",
    ),
    (
        "services: {web: {image: x, uts: host}}",
        "services.web.uts: ",
    ),
    (
        "services: {web: {image: x, userns_mode: host}}",
        "services.web.userns_mode: ",
    ),
    (
        "services: {web: {image: x, volumes_from: ['container:theirs']}}",
        "services.web.volumes_from: ",
    ),
    (
        "services: {web: {image: x, external_links: [theirs]}}",
        "services.web.external_links: ",
    ),
    (
        "services: {web: {image: x, cap_add: [SYS_PTRACE]}}",
        "services.web.cap_add: ",
    ),
    (
        "services: {web: {image: x, security_opt: ['seccomp:unconfined']}}",
        "services.web.security_opt: ",
    ),
    (
        "services: {web: {image: x, devices: [/dev/fuse]}}",
        "services.web.devices: ",
    ),
    (
        "services: {web: {image: x, device_cgroup_rules: ['c 1:3 mr']}}",
        "services.web.device_cgroup_rules: ",
    ),
    (
        "services: {web: {image: x, runtime: sysbox-runc}}",
        "services.web.runtime: ",
    ),
    (
        "services: {web: {image: x, cgroup_parent: x}}",
        "services.web.cgroup_parent: ",
    ),
    (
        "services: {web: {image: x, annotations: {a: b}}}",
        "services.web.annotations: ",
    ),
    (
        "services: {web: {image: x, volumes: ['/etc/localtime:/etc/localtime:ro']}}",
        "services.web.volumes: /etc/localtime is outside the repo",
    ),
    (
        "services: {web: {image: x, volumes: ['../..:/up']}}",
        "services.web.volumes: ",
    ),
    (
        "services: {web: {image: x, volumes: ['~/.ssh:/keys:ro']}}",
        "services.web.volumes: ",
    ),
    (
        "services: {web: {image: x, volumes: ['../link/x:/x']}}",
        "services.web.volumes: link is a link to /etc, outside the repo",
    ),
    (
        "services: {web: {image: x, volumes: ['${E2E_HOST:+/etc}:/x']}}",
        "services.web.volumes: /etc is outside the repo",
    ),
    (
        "services: {web: {image: x, env_file: /etc/os-release}}",
        "e2e/compose.yml: services.web.env_file: /etc/os-release is outside the repo",
    ),
    (
        "services: {web: {image: x, env_file: ../link/os-release}}",
        "services.web.env_file: link is a link to /etc, outside the repo",
    ),
    (
        "services: {web: {image: x, env_file: '${NOBODY_KNOWS:-.env}'}}",
        "services.web.env_file: `${NOBODY_KNOWS:-.env}` is unknown before Compose resolves it",
    ),
    (
        "x-all: &all {env_file: /etc/os-release}\nservices: {web: {<<: *all, image: x}}",
        "services.web.env_file: /etc/os-release is outside the repo",
    ),
    (
        "services: {web: {image: x, extends: {file: /etc/base.yml, service: x}}}",
        "services.web.extends.file: /etc/base.yml is outside the repo",
    ),
    (
        "include: [/etc/stack.yml]\nservices: {web: {image: x}}",
        "include: /etc/stack.yml is outside the repo",
    ),
    (
        "include: [{path: part.yml, project_directory: /etc}]\nservices: {web: {image: x}}",
        "include.project_directory: /etc is outside the repo",
    ),
    (
        "include: [deep.yml]\nservices: {web: {image: x}}",
        "e2e/deep.yml: services.deep.env_file: /etc/os-release is outside the repo",
    ),
    (
        "services: {web: {build: /usr}}",
        "services.web.build.context: /usr is outside the repo",
    ),
    (
        "services: {web: {build: {context: ., dockerfile: ../../Dockerfile}}}",
        "services.web.build.dockerfile: ",
    ),
    (
        "services: {web: {build: {context: ., additional_contexts: {keys: /root}}}}",
        "services.web.build.additional_contexts.keys: /root is outside the repo",
    ),
    (
        "services: {web: {build: {context: ., ssh: [default]}}}",
        "services.web.build.ssh: ",
    ),
    (
        "services: {web: {image: x, secrets: [s]}}\nsecrets: {s: {file: /var/run/docker.sock}}",
        "secrets.s.file: /var/run/docker.sock gives it root on the host",
    ),
    (
        "services: {web: {image: x, volumes: ['data:/v']}}\nvolumes: {data: {driver_opts: {type: overlay, o: lowerdir=/etc, device: overlay}}}",
        "volumes.data.driver_opts: ",
    ),
    (
        "services: {web: {image: x, networks: [n]}}\nnetworks: {n: {external: true}}",
        "networks.n.external: ",
    ),
    // Compose itself knows it, or refuses it: in both cases before the host is reached.
    (
        "services: {web: {image: x, use_api_socket: true}}",
        "use_api_socket",
    ),
];

#[test]
fn each_way_out_is_refused_by_check_by_plan_and_by_a_run_before_its_host() {
    let mut repo = Repo::new("way-out")
        .spec("test_command: 'true'\n")
        .file("e2e/part.yml", "services: {part: {image: x}}\n")
        .file(
            "e2e/deep.yml",
            "services: {deep: {image: x, env_file: /etc/os-release}}\n",
        )
        .symlink("link", "/etc");
    for (compose, said) in WAYS_OUT {
        repo = repo.compose(compose);
        refused(&repo, said);
    }
}

#[test]
fn what_the_service_that_tests_reaches_is_refused_too() {
    let repo = Repo::new("way-out-tests")
        .compose(
            "services: {web: {image: x}, tests: {image: x, profiles: [tests], privileged: true}}",
        )
        .spec("test_service: tests\n");
    refused(&repo, "services.tests.privileged: ");
}

#[test]
fn all_that_is_refused_is_said_and_nothing_is_made_on_the_host() {
    let repo = Repo::new("strict")
        .compose(BOLD)
        .spec("test_command: 'true'\n");
    let ran = repo.run(Host::Dev, &["--strict"]);
    ran.ended(96, "spec_error")
        .stage("connect", "failed")
        .no_stage("provision")
        .stderr_has(REFUSED);
    for place in [
        "privileged.privileged",
        "network.network_mode",
        "process.pid",
        "capable.cap_add",
        "socket.volumes",
        "bind.volumes",
        "open.ports",
    ] {
        ran.stderr_has(&format!("services.{place}: "));
    }
    ran.stderr_has("volumes.named.driver_opts.device: /tmp is outside the repo");
    let id = ran.run_id();
    let events = format!(
        "docker events --since 5m --until $(date +%s.%N) --filter label=cargo-e2e.run={id}; \
         find \"${{CARGO_E2E_ROOT:-${{XDG_STATE_HOME:-$HOME/.local/state}}/cargo-e2e}}\" -name '*{id}*' 2>/dev/null"
    );
    assert_eq!(Host::Dev.says(&events), "");
}

#[test]
fn where_compose_is_only_on_the_host_it_is_refused_there_before_anything_is_brought_up() {
    let path = std::env::var("PATH").expect("a path");
    let bin = tempfile::tempdir().expect("a folder");
    // All of this machine's programs but docker.
    for folder in std::env::split_paths(&path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name() != "docker" {
                let _ =
                    std::os::unix::fs::symlink(entry.path(), bin.path().join(entry.file_name()));
            }
        }
    }
    let path = bin.path().to_str().expect("text");
    let repo = Repo::new("strict-alone")
        .compose(BOLD)
        .spec("test_command: 'true'\n")
        .env("PATH", path);
    let ran = repo.run(Host::Dev, &["--strict"]);
    ran.ended(96, "spec_error")
        .stage("up", "failed")
        .no_stage("ready")
        .stderr_has(REFUSED)
        .stderr_has("services.process.pid: it is the host's own");
    let checked = with_strict(&repo, &["check"]);
    assert_eq!(checked.code, Some(96), "{checked}");
    assert!(
        checked.stderr.contains("failed to judge the compose file"),
        "{checked}"
    );
    // What Compose opens is seen without it.
    let repo = repo.compose("services: {web: {image: x, env_file: /etc/os-release}}\n");
    refused(
        &repo,
        "services.web.env_file: /etc/os-release is outside the repo",
    );
}

#[test]
fn what_only_a_variable_of_the_run_lets_out_is_refused() {
    // The first reading has no number for it.
    let repo = Repo::new("strict-second")
        .compose(
            "services:\n  web: {image: BUSYBOX, command: [sleep, '600'], ports: ['8080'],\n    \
             pid: '${E2E_WEB_8080:+host}'}\n",
        )
        .spec("test_command: 'true'\nports: isolated\nbuild_command: 'true'\n")
        .env("E2E_WEB_8080", "");
    let ran = repo.run(Host::Dev, &["--strict"]);
    ran.ended(96, "spec_error")
        .stderr_has("services.web.pid: it is the host's own");
}

#[test]
fn a_plain_stack_is_not_refused() {
    let repo = Repo::new("strict-plain")
        .compose(
            indoc! {"
                services:
                  web: {image: BUSYBOX, command: [sleep, '600'], ports: ['PORT_A:80'], env_file: web.env,
                    volumes: ['./data:/data:ro', 'data:/v'], cap_drop: [ALL], cap_add: [CHOWN],
                    security_opt: ['no-new-privileges:true']}
                  tools: {image: BUSYBOX, profiles: [tools], privileged: true}
                volumes: {data: {}}
            "},
        )
        .file("e2e/data/x", "x")
        .file("e2e/web.env", "A=1\n")
        .spec("test_command: 'true'\n");
    repo.run(Host::Dev, &["--strict"]).ended(0, "passed");
    assert_eq!(with_strict(&repo, &["check"]).code, Some(0));
    assert_eq!(with_strict(&repo, &["plan"]).code, Some(0));
}

#[test]
fn the_examples_are_not_refused() {
    let repo = Repo::new("strict-examples");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for example in std::fs::read_dir(examples).expect("it is there").flatten() {
        let path = example.path();
        if !path.join("e2e/e2e.yml").is_file() {
            continue;
        }
        let checked = repo.cargo_e2e(&["check", "--strict", path.to_str().expect("text")]);
        assert_eq!(checked.code, Some(0), "{checked}");
    }
}

#[test]
fn what_compose_would_fetch_is_refused_before_it_does() {
    let repo = Repo::new("fetched")
        .compose("include: ['oci://localhost:1/stack:1']\nservices: {web: {image: BUSYBOX}}\n")
        .spec("test_command: 'true'\n");
    let said = "Compose fetches oci://localhost:1/stack:1";
    refused(&repo, said);
    // Without it, it is Compose that finds nobody there.
    repo.run(Host::Dev, &[])
        .ended(96, "spec_error")
        .stderr_has(&format!("e2e/compose.yml: {said}"))
        .stderr_has("Compose refuses e2e/compose.yml");
    for command in ["check", "plan"] {
        let looked = repo.cargo_e2e(&[command]);
        assert!(looked.to_string().contains(said), "{looked}");
    }
}
