//! Hosts that can't be used, and what a person is told to do about it.

use std::fs;
use std::process::Command;
use std::time::Duration;

use e2e_tests::stacks::WEB;
use e2e_tests::{Account, Host, Ran, Repo, Running, ssh_config};

const NO_TESTS: &str = "test_command: 'true'\n";

fn repo(name: &str) -> Repo {
    Repo::new(name).compose(WEB).spec(NO_TESTS)
}

/// The run ended in its first stage, before anything was made.
#[track_caller]
fn unusable(ran: &Ran) {
    ran.ended(97, "host_error")
        .stage("connect", "failed")
        .no_stage("provision");
}

#[test]
fn an_unknown_key_is_refused_with_the_command_that_adds_it() {
    let known = fs::read_to_string(ssh_config()).expect("readable");
    let repo = repo("key");
    let empty = repo.path("known_hosts");
    fs::write(&empty, "").expect("writable");
    let line = known
        .lines()
        .find(|line| line.contains(" UserKnownHostsFile "))
        .expect("the lab's config has it");
    let config = repo.path("ssh_config");
    let own = format!("  UserKnownHostsFile \"{}\"", empty.display());
    fs::write(&config, known.replace(line, &own)).expect("writable");
    let repo = repo.env("CARGO_E2E_SSH_CONFIG", &config.to_string_lossy());

    let ran = repo.run(Host::Root, &[]);
    unusable(&ran);
    ran.stderr_has("does not know the host's key");
    let (_, advice) = ran
        .output()
        .stderr
        .split_once("then add it: ")
        .expect("it says how");
    let advice = advice.lines().next().expect("a line");

    let mut command = Command::new("sh");
    command.args(["-c", advice]);
    let added = Running::start(command, None).finish(Duration::from_secs(30));
    assert_eq!(added.code, Some(0), "{advice}\n{added}");
    repo.run(Host::Root, &[]).ended(0, "passed");
}

#[test]
fn a_changed_key_is_refused() {
    let repo = repo("changed");
    let known = ssh_config().with_file_name("known_hosts");
    let swapped = fs::read_to_string(known)
        .expect("readable")
        .replace("railiance01 ", "swap ")
        .replace("railiance02 ", "railiance01 ")
        .replace("swap ", "railiance02 ");
    fs::write(repo.path("known_hosts"), swapped).expect("writable");
    let config = fs::read_to_string(ssh_config()).expect("readable");
    let line = config
        .lines()
        .find(|line| line.contains(" UserKnownHostsFile "))
        .expect("the lab's config has it");
    let own = format!(
        "  UserKnownHostsFile \"{}\"",
        repo.path("known_hosts").display()
    );
    fs::write(repo.path("ssh_config"), config.replace(line, &own)).expect("writable");
    let config = repo.path("ssh_config");
    let repo = repo.env("CARGO_E2E_SSH_CONFIG", &config.to_string_lossy());
    let ran = repo.run(Host::Root, &[]);
    unusable(&ran);
    ran.stderr_has("the host's key has changed")
        .stderr_has("ssh-keygen -R");
}

#[test]
fn a_name_that_nobody_knows_is_a_host_error() {
    let repo = repo("nowhere");
    let ran = repo.run(Host::Named("no-such-host.invalid"), &[]);
    unusable(&ran);
    ran.stderr_has("no-such-host.invalid")
        .stderr_has("check the name")
        .within(40);
}

#[test]
fn a_host_without_sshd_is_a_host_error() {
    let repo = repo("closed");
    let ran = repo.run(Host::Named("ssh://root@127.0.0.1:1"), &[]);
    unusable(&ran);
    ran.stderr_has("Connection refused")
        .stderr_has("sshd answers")
        .within(40);
}

#[test]
fn all_that_a_host_lacks_is_said_at_once() {
    // A login shell with a PATH on which rsync, curl and flock are not.
    let account = Account::new(
        "bare",
        "docker",
        "mkdir bin; ln -s /usr/bin/* /usr/sbin/* bin/ 2>/dev/null || :\n\
         rm bin/rsync bin/curl bin/flock\n\
         printf '#!/bin/sh\\nPATH=/home/bare/bin exec /bin/sh \"$@\"\\n' >shell; chmod 755 shell\n\
         usermod -s /home/bare/shell bare",
    );
    let repo = repo("bare");
    let ran = repo.run(account.host(), &[]);
    unusable(&ran);
    ran.stderr_has("`bare@railiance02` can't run sandboxes yet")
        .stderr_has("rsync is not installed")
        .stderr_has("curl is not installed")
        .stderr_has("flock is not installed")
        .stderr_has("sudo apt-get install rsync")
        .stderr_lacks("`docker` is not");
}

#[test]
fn a_user_who_may_not_use_docker_is_told_how_to_be_let_in() {
    let account = Account::new("nodocker", "", ":");
    let repo = repo("nodocker");
    let ran = repo.run(account.host(), &[]);
    unusable(&ran);
    ran.stderr_has("user nodocker may not use Docker")
        .stderr_has("usermod -aG docker");
}

#[test]
fn a_host_without_docker_is_told_so() {
    let account = Account::new(
        "dockerless",
        "",
        "mkdir bin; ln -s /usr/bin/* /usr/sbin/* bin/ 2>/dev/null || :\nrm bin/docker\n\
         printf '#!/bin/sh\\nPATH=/home/dockerless/bin exec /bin/sh \"$@\"\\n' >shell; chmod 755 shell\n\
         usermod -s /home/dockerless/shell dockerless",
    );
    let repo = repo("dockerless");
    let ran = repo.run(account.host(), &[]);
    unusable(&ran);
    ran.stderr_has("`docker` is not on the PATH");
}

/// An account whose part of the disk is this big.
fn with_disk(user: &'static str, size: &str) -> Account {
    let state = ".local/state/cargo-e2e";
    Account::new(
        user,
        "docker",
        &format!(
            "mkdir -p {state}; chown -R {user} .local; mount -t tmpfs -o size={size},uid=$(id -u {user}),mode=700 none {state}"
        ),
    )
}

#[test]
fn a_disk_that_is_nearly_full_is_refused_before_anything_begins() {
    let account = with_disk("tiny", "2m");
    let repo = repo("tiny");
    let ran = repo.run(account.host(), &[]);
    unusable(&ran);
    ran.stderr_has("MB are free in /home/tiny/.local/state/cargo-e2e")
        .stderr_has("512 MB are needed");
}

#[test]
fn a_disk_that_fills_up_later_is_a_host_error_and_all_is_removed() {
    let account = with_disk("filling", "600m");
    let fill = "docker exec e2e-lab-railiance02 fallocate -l 597m /home/filling/.local/state/cargo-e2e/filler";
    let repo = Repo::new("filling")
        .compose(WEB)
        .spec(&format!("{NO_TESTS}build_command: {fill}\n"));
    // Bigger than what is left there.
    let bytes = fs::read("/proc/self/exe").expect("readable");
    fs::write(repo.path("big"), &bytes[..bytes.len().min(8 << 20)]).expect("writable");
    let ran = repo.run(account.host(), &[]);
    ran.ended(97, "host_error")
        .stage("sync", "failed")
        .no_stage("up");
    ran.stderr_has("No space left on device")
        .stderr_has("the disk is full");
}

#[test]
fn a_crowd_gets_in_where_sshd_has_its_defaults() {
    let sshd = Host::Root.says("/usr/sbin/sshd -T");
    assert!(sshd.contains("maxstartups 10:30:100"), "{sshd}");
    std::thread::scope(|scope| {
        let one = || repo("crowd").cargo_e2e(&["list", "--host", &Host::Root.name()]);
        let crowd: Vec<_> = (0..32).map(|_| scope.spawn(one)).collect();
        for listed in crowd {
            let listed = listed.join().expect("it does not panic");
            assert_eq!(listed.code, Some(0), "{listed}");
        }
    });
}
