//! Canaries: secrets of every shape, said in every way that is known, and looked for in all that
//! runs print, keep, send and leave behind. `make canaries` prints the table.

mod forms;
pub(crate) mod places;
mod said;
mod shapes;
mod values;
mod whereabouts;

use std::fmt::Write as _;
use std::fs;

use e2e_tests::{Host, Repo, here_and_over_ssh, hub_for_one};
use indoc::formatdoc;

use places::Sink;
use shapes::{Shape, Source};

/// Decodes a file in which every byte has its first bit flipped: what is said must not stand in
/// the repo, which is sent to the host.
const DECODE: &str = r"LC_ALL=C tr '\000-\377' '\200-\377\000-\177'";

/// A repo whose stack, build, setup and tests say all of them.
fn repo(shapes: &[Shape]) -> Repo {
    let named: Vec<&str> = shapes.iter().filter_map(Shape::named).collect();
    let spec = formatdoc!(
        "
            secrets: [{}]
            env_files: [more.env]
            build_command: {DECODE} <e2e/said.bin; {DECODE} <e2e/said.bin >&2
            setup_command: {DECODE} <e2e/said.bin; test ! -e fails
            test_command: sh test.sh
            junit: out.xml
        ",
        named.join(", ")
    );
    let lines_of = |source| {
        let of = shapes.iter().filter(move |shape| shape.source == source);
        of.fold(String::new(), |lines, shape| {
            lines + &format!("{}='{}'\n", shape.variable, shape.value)
        })
    };
    let mut repo = Repo::new("canaries")
        .compose(&stack(shapes))
        .spec(&spec)
        .file("e2e/.env", &lines_of(Source::Dotenv))
        .file("more.env", &lines_of(Source::EnvFile))
        .gitignore("e2e/.env\nmore.env\nsummary.md\nout.xml\n")
        .file(
            "e2e/image/Dockerfile",
            "FROM BUSYBOX\nARG A\nRUN echo \"it is $A\"\n",
        )
        .file(
            "test.sh",
            &formatdoc!(
                r#"
                    {DECODE} <e2e/said.bin
                    {DECODE} <e2e/said.bin >&2
                    case $(ls kinds) in
                      junit) {DECODE} <junit.bin >out.xml ;;
                      *) {DECODE} <told.bin >>"$E2E_EVENTS" ;;
                    esac
                    exit 3
                "#
            ),
        )
        .file("kinds/junit", "")
        .file("summary.md", "");
    let said = said::everything(shapes);
    for (name, text) in [
        ("e2e/said.bin", said),
        ("told.bin", said::events(shapes)),
        ("junit.bin", said::junit(shapes)),
    ] {
        let flipped: Vec<u8> = text.bytes().map(|byte| byte ^ 0x80).collect();
        fs::write(repo.path(name), flipped).expect("writable");
    }
    for shape in shapes {
        if matches!(shape.source, Source::Named | Source::Environment) {
            repo = repo.env(&shape.variable, &shape.value);
        }
    }
    repo.git(&[
        "checkout",
        "-q",
        "-b",
        &format!("fix/{}", value(shapes, "branch")),
    ]);
    repo.git(&["add", "--all"]);
    repo.git(&["commit", "-q", "-m", "all"]);
    repo
}

fn stack(shapes: &[Shape]) -> String {
    let decode = DECODE.replace('$', "$$");
    let own: String = shapes
        .iter()
        .map(|shape| match shape.source {
            // Its name there says what it is; a copy has an ordinary one.
            Source::Compose => format!(
                "      {}: '{2}'\n      {}: '{2}'\n",
                shape.variable,
                shape.ordinary(),
                shape.value
            ),
            _ => format!("      {}: \"${{{}}}\"\n", shape.ordinary(), shape.variable),
        })
        .collect();
    let variable = |context: &str| {
        let of = shapes.iter().find(|shape| shape.name.contains(context));
        of.unwrap_or_else(|| panic!("no shape for {context}"))
    };
    formatdoc!(
        r#"
            services:
              web:
                image: BUSYBOX
                init: true
                command:
                  - sh
                  - -c
                  - |
                    {decode} </said.bin; {decode} </said.bin >&2
                    printf '%s%s\n' "$$(head -c 16374 /dev/zero | tr '\0' x)" "$${long}"
                    sleep 600
                  - "${{{argv}}}"
                environment:
            {own}    labels:
                  canary: "${{{label}}}"
                healthcheck:
                  test: [CMD-SHELL, "head -c 4088 /dev/zero | tr '\\0' x; echo $${cut}; : '${{{health}}}'"]
                  interval: 1s
                volumes: ["./said.bin:/said.bin:ro", "data:/data/${{{path}}}"]
              built:
                build:
                  context: ./image
                  args: {{A: "${{{build}}}"}}
                command: [sleep, '600']
                init: true
            volumes: {{data: }}
        "#,
        argv = variable("argument of a service").variable,
        label = variable("label").variable,
        health = variable("command of a health check").variable,
        cut = variable("4 KiB").ordinary(),
        long = variable("16 KiB").ordinary(),
        path = variable("path in a container").variable,
        build = variable("build argument").variable,
    )
}

fn value<'s>(shapes: &'s [Shape], name: &str) -> &'s str {
    let shape = shapes.iter().find(|shape| shape.name.contains(name));
    &shape.expect("there is one").value
}

/// Three runs: tests that fail by a JUnit file and are told to a hub; by what they tell
/// themselves, in JSON, with nobody to take the record; and a setup that fails.
fn sinks(repo: Repo, host: Host) -> Vec<Sink> {
    let (url, hub) = hub_for_one();
    let summary = repo.path("summary.md");
    let repo = repo
        .env("STATE_HUB_URL", &url)
        .env("GITHUB_ACTIONS", "true")
        .env(
            "GITHUB_STEP_SUMMARY",
            summary.to_str().expect("a plain path"),
        );
    let ran = repo.run(host, &["-v"]);
    ran.ended(100, "failed")
        .file_has("logs/web.log", "said:")
        .file_has("setup-output.log", "said:");
    let mut all = places::of(&ran, "");
    all.push(Sink::new(
        "state-hub",
        hub.join().expect("it took the record"),
    ));
    let summary = fs::read_to_string(&summary).expect("it was written");
    assert!(summary.contains(repo.slug()), "{summary}");
    all.push(Sink::new("GitHub summary", summary));

    fs::remove_file(repo.path("kinds/junit")).expect("it is there");
    let ran = repo.run(host, &["--message-format", "json"]);
    ran.ended(100, "failed").file_has("events.jsonl", "said:");
    all.extend(places::of(&ran, ", JSON"));

    fs::write(repo.path("fails"), "").expect("writable");
    let ran = repo.run(host, &[]);
    ran.ended(105, "setup_failed");
    all.extend(places::of(&ran, ", setup failed"));

    all.push(places::folder("store and outbox", &repo.state()));
    let told = repo.cargo_e2e(&["history"]);
    all.push(Sink::new(
        "history",
        format!("{}{}", told.stdout, told.stderr),
    ));
    all.push(places::left_on(host, repo.slug()));
    all
}

/// The table, and how many shapes were found.
fn table(shapes: &[Shape], sinks: &[Sink], host: Host) -> (String, usize) {
    let mut text = format!(
        "| shape, {} | from | seen in |\n|---|---|---|\n",
        host.name()
    );
    let mut found = 0;
    for shape in shapes {
        let seen: Vec<&str> = sinks
            .iter()
            // The repo's own files are in its workspace.
            .filter(|sink| !(sink.has_repo && shape.source == Source::Compose))
            .filter(|sink| shape.needles.iter().any(|needle| sink.holds(needle)))
            .map(|sink| sink.name.as_str())
            .collect();
        found += usize::from(!seen.is_empty());
        let seen = if seen.is_empty() {
            "nothing".to_owned()
        } else {
            seen.join(", ")
        };
        let _ = writeln!(
            text,
            "| {} | {} | {seen} |",
            shape.name,
            shape.source.name()
        );
    }
    let names: Vec<&str> = sinks.iter().map(|sink| sink.name.as_str()).collect();
    let _ = writeln!(text, "\nLooked in: {}.", names.join(", "));
    (text, found)
}

here_and_over_ssh! {
    fn a_canary_is_seen_nowhere(host) {
        let shapes = shapes::all();
        let sinks = sinks(repo(&shapes), host);
        let (table, found) = table(&shapes, &sinks, host);
        println!("{table}");
        assert_eq!(found, 0, "{found} of {} shapes are seen\n{table}", shapes.len());
    }
}
