//! Images that come from a registry, as registries are: they limit, break off, refuse and want a login.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e_tests::registry::{PASSWORD, USER};
use e2e_tests::{Fault, Host, Ran, Registry, Repo, ssh_config};

use crate::canaries::places::{self, Sink};

/// A stack of one service for each image.
fn stack(images: &[&str]) -> String {
    let services = images.iter().enumerate().map(|(number, image)| {
        format!("  s{number}: {{image: '{image}', init: true, command: [sleep, '600']}}\n")
    });
    "services:\n".to_owned() + &services.collect::<String>()
}

/// What people see first of why it failed.
fn first_lines(ran: &Ran<'_>) -> String {
    let said = ran
        .stderr()
        .lines()
        .skip_while(|line| !line.contains("FAIL up failed"));
    said.take(10).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_registry_that_stumbles_is_asked_again_and_what_is_there_is_not_asked_for() {
    // This machine has the layers that it pushed.
    let host = Host::Root;
    let mut registry = Registry::open();
    registry.forward_to(host, &ssh_config());
    let images = [registry.image("limited"), registry.image("cut")];
    registry.fails("GET /v2/limited/manifests/", Fault::Status(429), 2);
    // The image's description, which is too small to be cut, and two layers.
    registry.fails("/v2/cut/blobs/", Fault::Cut, 3);
    let stack = stack(&[&images[0], &images[1], &images[0]]);
    let repo = Repo::new("stumbles")
        .compose(&stack)
        .spec("test_command: 'true'\n");
    let ran = repo.run(host, &[]);
    ran.ended(0, "passed")
        .stage_says("up", "3 services, pulled 2 images")
        .stderr_has(
            "limited:1: toomanyrequests: You have reached your pull rate limit; try 2 begins in ",
        )
        .stderr_has("try 3 begins in ")
        .stderr_has("cut:1: a layer was cut off");
    assert_eq!(
        ran.stderr().matches("toomanyrequests").count(),
        2,
        "{}",
        ran.stderr()
    );

    let asked = registry.asked().len();
    repo.run(host, &[])
        .ended(0, "passed")
        .stderr_lacks("pulled");
    assert_eq!(registry.asked().len(), asked, "what is there was asked for");

    // All but what its own policy keeps from it.
    let never = images[0].replace("limited", "never");
    let never = format!("  never: {{image: '{never}', pull_policy: never}}\n");
    let repo = repo
        .spec("pull: always\ntest_command: 'true'\n")
        .compose(&(stack + &never));
    let ran = repo.run(host, &[]);
    ran.ended(98, "up_failed");
    let asked = registry.asked().split_off(asked);
    for (name, is_asked) in [("limited", true), ("cut", true), ("never", false)] {
        let path = format!("/v2/{name}/manifests/");
        assert_eq!(
            asked.iter().any(|line| line.contains(&path)),
            is_asked,
            "{asked:?}"
        );
    }
}

#[test]
fn a_registry_that_fails_and_an_image_that_is_not_there_are_told_apart() {
    let host = Host::Dev;
    let mut registry = Registry::open();
    registry.forward_to(host, &ssh_config());
    let (failing, base) = (registry.image("failing"), registry.image("base"));
    registry.fails("/v2/failing/manifests/", Fault::Status(500), usize::MAX);
    let repo = Repo::new("fails")
        .compose(&stack(&[&failing]))
        .spec("timeouts: {up: 5}\ntest_command: 'true'\n");
    let ran = repo.run(host, &[]);
    ran.ended(98, "up_failed").stderr_has("try 2 begins in ");
    let first = first_lines(&ran);
    for words in [
        &*format!("up: failed to pull {failing} (s0): "),
        "500 Internal Server Error",
        " tries)",
        "`timeouts.up`",
    ] {
        assert!(first.contains(words), "{words}\n{first}");
    }

    let absent = failing.replace("failing:1", "base:9");
    let repo = repo.compose(&stack(&[&absent]));
    let ran = repo.run(host, &[]);
    ran.ended(98, "up_failed").stderr_lacks("try 2");
    let first = first_lines(&ran);
    for words in [
        &*format!(
            "failed to pull {absent} (s0): {} has no such tag or repository",
            registry.address()
        ),
        &format!("docker save {absent} | "),
        " docker load`",
        "`images:`",
    ] {
        assert!(first.contains(words), "{words}\n{first}");
    }

    registry.fails("/v2/base/manifests/", Fault::Status(503), 1);
    let repo = Repo::new("fails-base")
        .compose("services: {web: {build: ., init: true, command: [sleep, '600']}}")
        .file("e2e/Dockerfile", &format!("FROM {base}\nRUN echo built\n"))
        .spec("test_command: 'true'\n");
    repo.run(host, &[])
        .ended(0, "passed")
        .stderr_has("the registry failed a build: ")
        .stderr_has("try 2 begins in ");
}

#[test]
fn the_clients_login_is_used_on_the_host_and_stays_nowhere() {
    let host = Host::Dev;
    let mut registry = Registry::with_login();
    registry.forward_to(host, &ssh_config());
    let (image, base) = (registry.image("private"), registry.image("base"));
    let stack = format!(
        "{}  built: {{build: ., init: true, command: [sleep, '600']}}\n",
        stack(&[&image])
    );
    // As desktops keep it: with a program that is asked.
    let helper = format!(
        "#!/bin/sh\nread -r address\n[ \"$1 $address\" = 'get {}' ] || {{ echo credentials not found; exit 1; }}\n\
         printf '{{\"Username\":\"{USER}\",\"Secret\":\"%s\"}}' \"$LAB_GIVES\"\n",
        registry.address()
    );
    let path = std::env::var("PATH").expect("a path");
    let repo = Repo::new("private")
        .compose(&stack)
        .file("e2e/Dockerfile", &format!("FROM {base}\nRUN echo built\n"))
        .spec("test_command: 'true'\n")
        .executable("bin/docker-credential-lab", &helper)
        .file("login/config.json", r#"{"credsStore": "lab", "auths": {}}"#);
    let config = repo.path("login").display().to_string();
    let path = format!("{}:{path}", repo.path("bin").display());
    let repo = repo
        .env("PATH", &path)
        .env("DOCKER_CONFIG", &config)
        .env("LAB_GIVES", PASSWORD);

    let ran = repo.run(host, &[]);
    ran.ended(98, "up_failed").stderr_lacks("try 2");
    let first = first_lines(&ran);
    for words in [
        &*format!(
            "failed to pull {image} (s0): {} has no such image, or wants a login",
            registry.address()
        ),
        &format!(" -t {} docker login {}`", host.name(), registry.address()),
        "`registry_auth: client`",
        " docker load`",
    ] {
        assert!(first.contains(words), "{words}\n{first}");
    }

    // Plugins are the account's still, and the credentials are gone before the tests begin.
    let repo = repo.spec(
        "registry_auth: client\ntest_command: |\n  test ! -e ../registry-auth\n  docker compose version\n  \
         echo the phrase is $(printf '%s-' lab registry; echo pa55-Zq81)\n",
    );
    let ran = repo.run(host, &["-v"]);
    ran.ended(0, "passed")
        .stage_says("up", "pulled 1 image")
        .stdout_has("the phrase is ***");
    let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let mut sinks = places::of(&ran, "");
    sinks.push(places::folder("store and outbox", &repo.state()));
    sinks.push(places::left_on(host, repo.slug()));
    let home = host
        .says("cd /home/dev; find . -name config.json -path '*docker*' -exec cat {} +; env; true");
    sinks.push(Sink::new("the account", home));
    for sink in &sinks {
        for needle in [PASSWORD, &auth] {
            assert!(!sink.holds(needle), "{} holds {needle}", sink.name);
        }
    }
}
