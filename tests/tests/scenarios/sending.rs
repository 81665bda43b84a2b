//! What travels to the host, and what the tests see there.

use std::fs;

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Repo, here_and_over_ssh};
use indoc::indoc;

/// A stack that needs nothing of the repo.
const IDLE: &str = "services: {web: {image: BUSYBOX, command: [sleep, '600']}}\n";
const NO_TESTS: &str = "test_command: 'true'\n";

here_and_over_ssh! {
    fn the_tests_see_the_documented_variables(host) {
        let repo = Repo::new("variables").compose(WEB).spec(&format!(
            "{WEB_IS_HEALTHY}env: {{TARGET: 'http://${{E2E_WEB_8080}}/', PRICE: '5$$'}}\n\
             test_command: env | grep -E '^(E2E|TARGET|PRICE|no_proxy)' | sort\n"
        ));
        let ran = repo.run(host, &[]);
        let port = repo.port('A');
        ran.ended(0, "passed");
        let printed: Vec<&str> = ran.output().stdout.lines().collect();
        let slug = repo.slug();
        let run_id = ran.run_id();
        for line in [
            "E2E=1".to_owned(),
            "E2E_HOST=127.0.0.1".to_owned(),
            format!("E2E_RUN_ID={run_id}"),
            format!("E2E_PROJECT=e2e-{slug}-{}", &run_id[18..]),
            format!("E2E_REPO={slug}"),
            format!("E2E_WEB_8080=127.0.0.1:{port}"),
            "E2E_WEB_HOST=127.0.0.1".to_owned(),
            format!("E2E_WEB_PORT={port}"),
            format!("E2E_HEALTH_WEB=http://localhost:{port}/"),
            format!("TARGET=http://127.0.0.1:{port}/"),
            "PRICE=5$".to_owned(),
            format!("E2E_ARTIFACTS={}/collected/artifacts", ran.sandbox()),
            format!("E2E_CACHE={}/cache/{slug}", host.root()),
        ] {
            assert!(printed.contains(&line.as_str()), "{line}\n{}", ran.output());
        }
        assert!(printed.iter().any(|line| line.starts_with("no_proxy=") && line.ends_with("127.0.0.1,localhost")));
    }

    fn arguments_reach_the_tests_as_they_were_typed(host) {
        let repo = Repo::new("arguments").compose(IDLE).spec("test_command: printf '<%s>\\n' fixed\n");
        let arguments = ["--", "-k", "a b", "it's \"$HOME\"", "", "*", "new\nline", "\\"];
        repo.run(host, &arguments)
            .ended(0, "passed")
            .stdout_has("<fixed>\n<-k>\n<a b>\n<it's \"$HOME\">\n<>\n<*>\n<new\nline>\n<\\>\n");
    }

    fn what_git_ignores_stays_here_unless_compose_needs_it(host) {
        let repo = Repo::new("ignored")
            .gitignore(".env\n*.env\n*.jar\nsecret.txt\n")
            .file("e2e/.env", "GREETING=from dotenv\n")
            .file("e2e/app.env", "COLOUR=green\n")
            .file("build/app.jar", "the jar\n")
            .file("secret.txt", "stay")
            .file("tracked.txt", "travels")
            .compose(
                indoc! {"
                    services:
                      web:
                        image: BUSYBOX
                        env_file: app.env
                        environment: {GREETING: '${GREETING:-unset}'}
                        volumes: ['../build/app.jar:/app.jar:ro']
                        command: [sh, -c, 'echo $$GREETING $$COLOUR; cat /app.jar; exec sleep 600']
                "},
            )
            .spec("test_command: ls tracked.txt && ! ls secret.txt\n");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed");
        ran.file_has("logs/web.log", "from dotenv green").file_has("logs/web.log", "the jar");
        for sent in ["e2e/.env", "e2e/app.env", "build/app.jar"] {
            ran.stderr_has(sent);
        }
        ran.stderr_has("sent too").stderr_lacks("secret.txt");
    }

    fn artifacts_come_back_also_from_tests_that_fail(host) {
        let repo = Repo::new("artifacts").compose(IDLE).spec(
            indoc! {r#"
                artifacts: ['reports/*.xml', shots, missing/*]
                test_command: |
                  mkdir -p reports shots/deep
                  echo one >reports/one.xml
                  echo no >reports/no.txt
                  echo png >shots/deep/a.png
                  echo trace >"$E2E_ARTIFACTS/trace.log"
                  exit 1
            "#},
        );
        let ran = repo.run(host, &[]);
        ran.ended(100, "failed");
        ran.file_has("artifacts/reports/one.xml", "one")
            .file_has("artifacts/shots/deep/a.png", "png")
            .file_has("artifacts/trace.log", "trace");
        assert!(!ran.bundle().join("artifacts/reports/no.txt").exists());
    }

    fn the_cache_lives_on_and_the_sandbox_does_not(host) {
        let repo = Repo::new("cache").compose(IDLE).spec(
            "test_command: |\n  cat \"$E2E_CACHE/seen\" written 2>/dev/null || :\n  \
             echo before >\"$E2E_CACHE/seen\"; echo before >written\n",
        );
        let first = repo.run(host, &[]);
        first.ended(0, "passed");
        assert_eq!(first.output().stdout, "");
        let second = repo.run(host, &[]);
        second.ended(0, "passed");
        assert_eq!(second.output().stdout, "before\n");
        assert!(!repo.path("written").exists());
    }

    fn a_file_that_is_gone_here_is_gone_there_in_the_next_run(host) {
        let repo = Repo::new("gone-here")
            .file("old.txt", "1")
            .compose(IDLE)
            .spec("test_command: ls; touch made-by-the-tests\n");
        repo.run(host, &[]).ended(0, "passed").stdout_has("old.txt");
        fs::rename(repo.path("old.txt"), repo.path("new.txt")).expect("it is there");
        let second = repo.run(host, &[]);
        second.ended(0, "passed");
        assert_eq!(second.output().stdout, "e2e\nnew.txt\n");
    }
}

here_and_over_ssh! {
    fn a_compose_file_that_is_a_link_has_its_paths_where_it_really_is(host) {
        let repo = Repo::new("link")
            .symlink("e2e/compose.yml", "../docker-compose.dev.yml")
            .file(
                "docker-compose.dev.yml",
                "services: {web: {image: BUSYBOX, volumes: ['./data:/data:ro'], command: [sh, -c, 'cat /data/seed; exec sleep 600']}}\n",
            )
            .file("data/seed", "seeded\n")
            .spec(&format!(
                "{NO_TESTS}health_checks: [{{name: seed, exec: [test, -e, /data/seed], service: web, timeout: 20}}]\n"
            ));
        repo.run(host, &[]).ended(0, "passed").file_has("logs/web.log", "seeded");
    }

    fn what_sync_excludes_does_not_travel_and_what_it_includes_does(host) {
        let repo = Repo::new("exclude")
            .gitignore("target/\n")
            .file("fixtures/huge.bin", "x")
            .file("fixtures/small.bin", "x")
            .file("target/out/app", "the build's")
            .file("target/out/cache", "not this")
            .compose(IDLE)
            .spec(
                "sync: {exclude: [fixtures/huge.bin], include: [target/out/app]}\n\
                 test_command: find fixtures target -type f | sort\n",
            );
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed");
        assert_eq!(ran.output().stdout, "fixtures/small.bin\ntarget/out/app\n");
    }

    fn profiles_and_env_files_are_compose_s_own(host) {
        let repo = Repo::new("profiles")
            .file("e2e/first.env", "ONE=1\nTWO=1\n")
            .file("e2e/second.env", "TWO=2\n")
            .compose(
                "services:\n  web: {image: BUSYBOX, command: [sh, -c, 'echo one ${ONE} two ${TWO}; exec sleep 600']}\n  \
                 tools: {image: BUSYBOX, profiles: [tools], command: [sleep, '600']}\n  \
                 other: {image: BUSYBOX, profiles: [other], command: [sleep, '600']}\n",
            )
            .spec(&format!("{NO_TESTS}profiles: [tools]\nenv_files: [e2e/first.env, e2e/second.env]\n"));
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed").file_has("logs/web.log", "one 1 two 2");
        assert_eq!(ran.recorded_as("services", "tools")["state"], "running");
        let services = ran.record()["services"].as_array().map(Vec::len);
        assert_eq!(services, Some(2), "{}", ran.record());
    }

    fn a_folder_that_git_does_not_know_can_be_run_too(host) {
        let repo = Repo::without_git("no-git")
            .gitignore("*.log\n")
            .file("noise.log", "x")
            .compose(IDLE)
            .spec("test_command: ls -A\n");
        let ran = repo.run(host, &[]);
        ran.ended(0, "passed");
        assert_eq!(ran.output().stdout, ".gitignore\ne2e\n");
    }

    fn the_commit_is_recorded(host) {
        let repo = Repo::new("commit").compose(IDLE).spec(NO_TESTS);
        repo.git(&["add", "--all"]);
        repo.git(&["commit", "--quiet", "--message", "first"]);
        let clean = repo.run(host, &[]);
        clean.ended(0, "passed");
        let git = &clean.record()["git"];
        assert_eq!((&git["branch"], &git["dirty"]), (&"main".into(), &false.into()), "{git}");
        assert_eq!(git["sha"].as_str().map(str::len), Some(40), "{git}");
    }
}

#[test]
fn compose_sees_variables_of_this_machine_and_its_own_endpoints() {
    let repo = Repo::new("interpolate").compose(
        indoc! {r#"
            services:
              web:
                image: BUSYBOX
                ports: ['PORT_A:8080']
                environment: {SAID: '${MY_GREETING:-unset} at ${E2E_WEB_8080:-unset} for ${MY_NOTHING:-nobody}'}
                command: [sh, -c, 'echo "$$SAID"; exec sleep 600']
        "#},
    );
    let repo = repo.spec(NO_TESTS).env("MY_GREETING", "it's \"me\" $HOME");
    let ran = repo.run(Host::Root, &[]);
    let said = format!("at 127.0.0.1:{} for nobody", repo.port('A'));
    ran.ended(0, "passed")
        .file_has("compose.json", "me")
        .file_has("logs/web.log", &said);
}

#[test]
fn a_variable_of_the_tests_that_means_nothing_is_refused() {
    let repo = Repo::new("unset")
        .compose(WEB)
        .spec("env: {URL: 'http://${E2E_WEBB_8080}/'}\ntest_command: echo never\n");
    let ran = repo.run(Host::Root, &[]);
    ran.ended(96, "spec_error")
        .no_stage("test")
        .stderr_has("`env` sets `URL` from `${E2E_WEBB_8080}`, which is not set");
}

#[test]
fn odd_names_travel_and_links_out_of_the_repo_do_not() {
    let repo = Repo::new("odd")
        .gitignore("*.tmp\n")
        .file("a b/it's [x] \"y\" $z.txt", "1")
        .file("[x]", "2")
        .file("-n", "3")
        .file("ünïcode", "4")
        .file("x.tmp", "ignored")
        .executable("run.sh", "#!/bin/sh\nfind . -type f ! -path './e2e/*' | LC_ALL=C sort; ls -l inside; ls outside\n")
        .symlink("inside", "a b")
        .symlink("outside", "/etc/hostname")
        .compose(IDLE)
        .spec("test_command: ./run.sh || true\n");
    let ran = repo.run(Host::Dev, &[]);
    ran.ended(0, "passed")
        .stderr_has("outside")
        .stdout_has("-> a b");
    let files = indoc! {r#"
        ./-n
        ./.gitignore
        ./[x]
        ./a b/it's [x] "y" $z.txt
        ./run.sh
        ./ünïcode
    "#};
    ran.stdout_has(files).stdout_has("cannot access 'outside'");
}

#[test]
fn submodules_travel() {
    let module = Repo::new("module")
        .file("inner.txt", "x")
        .gitignore("*.o\n");
    module.git(&["add", "--all"]);
    module.git(&["commit", "--quiet", "--message", "first"]);
    let repo = Repo::new("outer")
        .compose(IDLE)
        .spec("test_command: find vendor -type f | sort\n");
    let from = module.root().to_str().expect("a plain path");
    repo.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        from,
        "vendor/module",
    ]);
    let repo = repo.file("vendor/module/left.o", "ignored there");
    let ran = repo.run(Host::Root, &[]);
    ran.ended(0, "passed");
    let files = "vendor/module/.gitignore\nvendor/module/inner.txt\n";
    assert_eq!(ran.output().stdout, files, "{}", ran.output());
}
