//! A compose file that reaches beyond its sandbox: said by default, refused with `--strict`, and
//! `check` and `plan` say the same.

use e2e_tests::{Host, Repo};

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
    "network: network_mode is the host's own; its ports are the same in every sandbox",
    "process: pid is the host's own",
    "capable: cap_add gives it more of the host than containers have",
    "socket: /var/run/docker.sock makes it root on the host",
    "bind: it may write /tmp of the host, outside the repo: every sandbox has the same one",
    "open: port 80 answers on 0.0.0.0, so to other machines",
    "volume named: it is /tmp of the host, outside the repo: every sandbox has the same one",
];

fn bold(name: &str) -> Repo {
    Repo::new(name).compose(BOLD).spec("test_command: 'true'\n")
}

#[test]
fn each_way_out_is_said_and_the_run_goes_on() {
    let repo = bold("bold");
    let ran = repo.run(Host::Dev, &[]);
    ran.ended(0, "passed");
    let checked = repo.cargo_e2e(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    let planned = repo.cargo_e2e(&["plan"]);
    for said in SAID {
        ran.stderr_has(&format!("e2e/compose.yml: {said}"));
        assert!(checked.stderr.contains(said), "{said}\n{checked}");
        let line = format!("not isolated {said}\n");
        assert!(planned.stdout.contains(&line), "{said}\n{planned}");
    }
}

#[test]
fn strict_refuses_it_before_the_engine_is_asked_for_anything() {
    let repo = bold("strict");
    let ran = repo.run(Host::Dev, &["--strict"]);
    ran.ended(96, "spec_error")
        .stage("up", "failed")
        .no_stage("ready")
        .stderr_has("reaches beyond its sandbox, which --strict refuses")
        .stderr_has("e2e/compose.yml");
    for said in SAID {
        ran.stderr_has(said);
    }
    let events = format!(
        "docker events --since 5m --until $(date +%s.%N) --filter label=cargo-e2e.run={}",
        ran.run_id()
    );
    assert_eq!(Host::Dev.says(&events), "");
}

#[test]
fn what_compose_would_fetch_is_refused_before_it_does() {
    let repo = Repo::new("fetched")
        .compose("include: ['oci://localhost:1/stack:1']\nservices: {web: {image: BUSYBOX}}\n")
        .spec("test_command: 'true'\n");
    let said = "Compose fetches oci://localhost:1/stack:1";
    let refused = repo.run(Host::Dev, &["--strict"]);
    refused
        .ended(96, "spec_error")
        .stderr_has("reaches beyond its sandbox, which --strict refuses")
        .stderr_has(said)
        .stderr_lacks("Compose refuses");
    // Without it, it is Compose that finds nobody there.
    let ran = repo.run(Host::Dev, &[]);
    ran.ended(96, "spec_error")
        .stderr_has(&format!("e2e/compose.yml: {said}"))
        .stderr_has("Compose refuses e2e/compose.yml");
    for command in ["check", "plan"] {
        let looked = repo.cargo_e2e(&[command]);
        let printed = format!("{}{}", looked.stdout, looked.stderr);
        assert!(printed.contains(said), "{looked}");
    }
}
