//! Each kind of repo, and what init makes of it. Compose reads the files where it is installed.

use indoc::indoc;

use super::*;

mod shapes;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

const SHOP: &str = indoc! {"
    services:
      web:
        image: x
        ports: ['18080:8080', '18081:9090']
        healthcheck:
          test: [CMD, curl, -fsS, 'http://localhost:8080/healthz']
      db:
        image: y
        ports: ['15432:5432']
      dns:
        image: z
        ports: ['1053:53/udp']
      worker:
        image: w
"};

async fn made(files: &[(&str, &str)]) -> (tempfile::TempDir, Written, String) {
    let folder = tree(files);
    let written = init(folder.path()).await.unwrap();
    let text = std::fs::read_to_string(folder.path().join("e2e/e2e.yml")).unwrap();
    (folder, written, text)
}

#[tokio::test]
async fn published_ports_become_health_checks_and_a_first_test() {
    let (folder, written, text) = made(&[("docker-compose.yml", SHOP)]).await;
    assert_eq!(written.files, ["e2e/tests/smoke.sh", "e2e/e2e.yml"]);
    let spec = spec::parse(Path::new("e2e.yml"), &text).unwrap();
    assert_eq!(spec.compose_file, ["docker-compose.yml"]);
    assert_eq!(spec.ports, Some(spec::Ports::Isolated));
    let names: Vec<_> = spec.health_checks.iter().map(|check| &check.name).collect();
    assert_eq!(names.len(), 3, "{text}");
    assert!(
        text.contains("url: http://localhost:18080/healthz"),
        "{text}"
    );
    assert!(
        text.contains("name: web-9090\n    tcp: localhost:18081"),
        "{text}"
    );
    assert!(
        text.contains("name: db\n    tcp: localhost:15432"),
        "{text}"
    );
    let smoke = std::fs::read_to_string(folder.path().join("e2e/tests/smoke.sh")).unwrap();
    for line in [
        "http web \"$E2E_HEALTH_WEB\"",
        "tcp web \"$E2E_WEB_9090\"",
        "tcp db \"$E2E_DB_5432\"",
        "${E2E_DNS_53_UDP}/udp",
    ] {
        assert!(smoke.contains(line), "{line} in {smoke}");
    }
    let sound = std::process::Command::new("sh")
        .arg("-n")
        .arg(folder.path().join("e2e/tests/smoke.sh"))
        .status();
    assert!(sound.unwrap().success());
}

#[tokio::test]
async fn what_is_there_stays_as_it_is() {
    let folder = tree(&[("compose.yml", SHOP), ("e2e/e2e.yml", "mine")]);
    let refused = init(folder.path()).await.unwrap_err();
    assert!(matches!(refused, InitError::Exists(_)));
    let text = std::fs::read_to_string(folder.path().join("e2e/e2e.yml")).unwrap();
    assert_eq!(text, "mine");
    // A link to nowhere is somebody's too.
    let folder = tree(&[("compose.yml", SHOP), ("e2e/x", "")]);
    std::os::unix::fs::symlink("nowhere", folder.path().join("e2e/e2e.yml")).unwrap();
    assert!(matches!(
        init(folder.path()).await,
        Err(InitError::Exists(_))
    ));
}

#[tokio::test]
async fn without_a_stack_there_is_one_to_begin_with() {
    let (folder, written, text) = made(&[("README", "")]).await;
    assert_eq!(
        written.files,
        ["e2e/compose.yml", "e2e/tests/smoke.sh", "e2e/e2e.yml"]
    );
    assert!(text.contains("url: http://localhost:8080/"), "{text}");
    assert!(folder.path().join("e2e/compose.yml").is_file());
}

#[tokio::test]
async fn what_compose_refuses_is_named_and_nothing_is_written() {
    let folder = tree(&[("compose.yml", "services: {web: {imaje: x}}")]);
    let refused = init(folder.path()).await.unwrap_err();
    assert!(refused.to_string().contains("compose.yml"), "{refused}");
    assert!(!folder.path().join("e2e").exists());
}

#[tokio::test]
async fn nothing_stays_of_a_stack_that_compose_refuses_with_its_profiles() {
    let stack = "services: {web: {image: 'x:${TAG}', profiles: [e2e], depends_on: [nope]}}";
    let recipe = "test:\n\tTAG=1 docker compose --profile e2e up -d\n\tpytest tests\n";
    let files = [
        ("compose.yml", stack),
        ("Makefile", recipe),
        ("tests/test_x.py", ""),
    ];
    let folder = tree(&files);
    for _ in 0..2 {
        let refused = init(folder.path()).await.unwrap_err();
        assert!(matches!(refused, InitError::Refused { .. }), "{refused}");
        assert!(!folder.path().join("e2e").exists());
    }
}

#[tokio::test]
async fn tests_that_are_there_are_run() {
    const WEB: &str = "services: {web: {image: x, ports: ['8080:80']}}";
    for (file, text, command) in [
        ("e2e/tests/test_x.py", "", "python3 -m pytest e2e/tests"),
        (
            "tests/e2e/deep/x_test.py",
            "",
            "python3 -m pytest tests/e2e",
        ),
        (
            "e2e/tests/run.sh",
            "#!/usr/bin/env bash\n",
            "bash e2e/tests/run.sh",
        ),
        ("e2e/run.sh", "", "sh e2e/run.sh"),
        (
            "package.json",
            r#"{"scripts": {"test:e2e": "playwright test"}}"#,
            "npm run test:e2e --",
        ),
        ("go.mod", "module x", "sh e2e/tests/smoke.sh"),
        ("package.json", "{}", "sh e2e/tests/smoke.sh"),
    ] {
        let (_folder, written, text) = made(&[("e2e/compose.yml", WEB), (file, text)]).await;
        assert_eq!(written.tests, command, "{file}");
        let spec = spec::parse(Path::new("e2e.yml"), &text).unwrap();
        assert_eq!(spec.test_command.as_deref(), Some(command), "{text}");
        // Tests of which nothing is known may say localhost:8080.
        let isolated = command.contains("smoke");
        assert_eq!(spec.ports.is_some(), isolated, "{text}");
        assert!(!text.contains("compose_file"), "{text}");
    }
}

#[tokio::test]
async fn the_override_that_compose_would_merge_counts() {
    let (_folder, written, text) = made(&[
        ("docker-compose.yml", "services: {web: {image: x}}"),
        (
            "docker-compose.override.yml",
            "services: {web: {ports: ['8080:80']}}",
        ),
    ])
    .await;
    assert_eq!(
        written.compose_files,
        ["docker-compose.yml", "docker-compose.override.yml"]
    );
    assert_eq!(written.health_checks, 1, "{text}");
}

#[tokio::test]
async fn odd_names_make_a_sound_file() {
    for (folder, name) in [
        ("123", "\"123\""),
        ("Shop & Co", "shop-co"),
        ("on", "\"on\""),
    ] {
        let parent = tree(&[(
            &format!("{folder}/compose.dev.yml"),
            "services: {no: {image: x, ports: ['8080:80']}, a.b: {image: x, ports: ['8081:80']}, a_b: {image: x, ports: ['8082:80']}}",
        )]);
        init(&parent.path().join(folder)).await.unwrap();
        let text = std::fs::read_to_string(parent.path().join(folder).join("e2e/e2e.yml")).unwrap();
        assert!(text.contains(&format!("\nname: {name}\n")), "{text}");
        assert!(text.contains("compose_file: compose.dev.yml"), "{text}");
    }
}

#[tokio::test]
async fn test_targets_need_no_command() {
    const WEB: &str = "services: {web: {image: x, ports: ['8080:80']}}";
    let manifest = indoc! {r#"
        [package]
        name = "shop"
        version = "0.1.0"
        [dev-dependencies]
        e2e-harness = "0.1"
        [[test]]
        name = "e2e"
        harness = false
        [workspace]
    "#};
    let (folder, written, text) = made(&[
        ("e2e/compose.yml", WEB),
        ("Cargo.toml", manifest),
        ("src/lib.rs", ""),
        ("tests/e2e.rs", ""),
    ])
    .await;
    assert_eq!(written.files, ["e2e/e2e.yml"]);
    assert_eq!(written.tests, "the test target `e2e`");
    assert!(!text.contains("\ntest_command"), "{text}");
    assert!(text.contains("tcp: localhost:8080"), "{text}");
    assert!(!folder.path().join("e2e/tests").exists());
}
