//! Small stacks and probes that many scenarios begin with.

use std::fs;

use crate::Repo;

/// A web server that is up within a second, and answers `/` with `hello`.
pub const WEB: &str = r#"
services:
  web:
    image: BUSYBOX
    command: [sh, -c, "mkdir -p /www && echo hello >/www/index.html && echo web is here && exec httpd -f -p 8080 -h /www"]
    ports: ["PORT_A:8080"]
"#;

/// The same, but it answers a second after what it prints: that line is never among those of the
/// stages after `ready`.
#[must_use]
pub fn quiet_web() -> String {
    WEB.replace("echo web is here &&", "echo web is here && sleep 1 &&")
}

/// The health check of [`WEB`], to begin a spec with.
pub const WEB_IS_HEALTHY: &str = "
health_checks:
  - name: web
    url: http://localhost:PORT_A/
    timeout: 120
";

/// A repo of 10,000 files: a run makes its containers while rsync compares them.
#[track_caller]
pub fn many_files(name: &str) -> Repo {
    let repo = Repo::new(name);
    for folder in 0..100 {
        let folder = repo.path(&format!("files/{folder}"));
        fs::create_dir_all(&folder).expect("it is the test's own");
        for file in 0..100 {
            fs::write(folder.join(file.to_string()), "").expect("it is the test's own");
        }
    }
    repo
}

/// A repo whose stack has something of every kind: containers, one of which comes back and does
/// not want to end, networks, named and anonymous volumes, an image of its own, files of root.
#[track_caller]
pub fn all_kinds(name: &str) -> Repo {
    Repo::new(name)
        .compose(ALL_KINDS)
        .file("data/.gitkeep", "")
        .file("Dockerfile", "FROM BUSYBOX\nRUN echo built >/built\n")
}

const ALL_KINDS: &str = r#"
services:
  web:
    image: BUSYBOX
    restart: always
    volumes: [/anonymous, "named:/named", "../data:/data"]
    networks: [inner, default]
    command: [sh, -c, "trap '' TERM; mkdir -p -m 0700 /data/x; touch /data/x/y; while :; do sleep 1; done"]
  built:
    build: {context: .., dockerfile: Dockerfile}
    command: [sleep, "600"]
networks: {inner: {}}
volumes: {named: {}}
"#;
