//! Disks that take nothing, and the order in which a record reaches one that does.

use std::path::Path;

use e2e_tests::{Host, Repo, as_published, hub_for_one};

fn idle(name: &str) -> Repo {
    Repo::new(name)
        .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
        .spec("test_command: exit\n")
}

/// A run that sees other disks than everybody else, and its record as it was printed.
#[cfg_attr(not(target_os = "linux"), ignore = "needs mount namespaces")]
#[test]
fn a_record_that_no_disk_takes_is_printed() {
    let full = "mount -t tmpfs -o size=1m none";
    for (given, code, verdict, state) in [
        (
            "3",
            100,
            "failed",
            format!("{full} \"$state\"; head -c 2m /dev/zero >\"$state/full\""),
        ),
        (
            "0",
            70,
            "internal_error",
            "mount --bind \"$state\" \"$state\"; mount -o remount,ro,bind \"$state\"".to_owned(),
        ),
    ] {
        let repo = idle("no-store");
        std::fs::create_dir_all(repo.state()).expect("a folder");
        let script = format!("state=$XDG_STATE_HOME; {state} 2>/dev/null; exec \"$@\"");
        // Whoever is not root is it in a namespace of their own.
        let program = ["unshare", "-m", "sh", "-c", &script, "sh"];
        let program: Vec<&str> = if rustix::process::getuid().is_root() {
            program.to_vec()
        } else {
            [&["unshare", "-r"], &program[1..]].concat()
        };
        let ran = repo
            .start_under(Host::Local, &program, &["--", given])
            .finish();
        ran.leaves_nothing();
        assert_eq!(ran.output().code, Some(code), "{}", ran.output());
        let printed = ran.output().stdout.lines().last().expect("a line");
        let record: serde_json::Value = serde_json::from_str(printed).expect("a record");
        as_published(&record);
        assert_eq!(record["verdict"], verdict);
        // All of it is there, and what is in the bundle says the same of the tests.
        assert_eq!(record["run_id"], ran.run_id());
        assert_eq!(
            record["stages"].as_array().map(Vec::len),
            ran.record()["stages"].as_array().map(Vec::len)
        );
        let why = if code == 70 {
            "Read-only file system"
        } else {
            "No space left on device"
        };
        ran.stderr_has("failed to store the record").stderr_has(why);
    }
}

/// The calls of a trace that name a path of the state, or the hub, in their order.
fn calls(trace: &Path, state: &str, hub: &str) -> Vec<String> {
    let text = std::fs::read_to_string(trace).expect("strace wrote it");
    let port = hub.rsplit_once(':').expect("a port").1;
    text.lines()
        .filter_map(|line| Some(line.split_once(' ')?.1.trim_start()))
        .filter(|call| {
            !call.starts_with("openat") && !call.contains(" = -1 E") || call.contains("EINPROGRESS")
        })
        .filter(|call| call.contains(state) || call.contains(&format!("htons({port})")))
        .map(|call| call.replace(state, ""))
        .collect()
}

#[cfg_attr(not(target_os = "linux"), ignore = "needs strace")]
#[test]
fn a_record_is_on_the_disk_before_anybody_is_told_of_it() {
    let (url, hub) = hub_for_one();
    let repo = idle("order").env("STATE_HUB_URL", &url);
    let trace = repo.path("trace");
    let program = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-y",
        "-s",
        "4096",
        "-e",
        "trace=fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,connect",
        "-o",
        trace.to_str().expect("a plain path"),
    ];
    let ran = repo
        .start_under(Host::Local, &program, &["--", "0"])
        .finish();
    ran.leaves_nothing();
    ran.ended(0, "passed");
    hub.join().expect("it took the record");

    let state = repo.state().join("cargo-e2e");
    let state = state.to_str().expect("a plain path");
    let calls = calls(&trace, state, &url);
    let id = ran.run_id();
    let record = format!("/runs/{id}.json");
    let mut rest = calls.iter().enumerate();
    let mut next = |what: &str, is_it: &dyn Fn(&str) -> bool| {
        let found = rest.find(|(_, call)| is_it(call));
        found.map_or_else(
            || panic!("no {what} in its place in\n{}", calls.join("\n")),
            |(at, call)| (at, call.clone()),
        )
    };
    let folder = |name: &'static str| {
        move |call: &str| call.starts_with("fsync(") && call.contains(&format!("<{name}>"))
    };
    // The journal: its header, its name, and each stage.
    next("journal's header", &|call| {
        call.starts_with("fsync(") && call.contains(".new>")
    });
    next("journal's name", &|call| {
        call.starts_with("rename") && call.contains(".partial\"")
    });
    next("journal's folder", &folder("/runs"));
    next("stage", &|call| {
        call.starts_with("fdatasync(") && call.contains(".partial>")
    });
    // The record: its bytes, its name, its folder.
    let renamed = calls
        .iter()
        .find(|call| call.starts_with("rename") && call.contains(&record));
    let renamed = renamed.unwrap_or_else(|| panic!("no record in\n{}", calls.join("\n")));
    let temporary = renamed.split('"').nth(1).expect("a name").to_owned();
    next("record's bytes", &|call| {
        call.starts_with("fsync(") && call.contains(&format!("<{temporary}>"))
    });
    next("record's name", &|call| call == renamed);
    next("record's folder", &folder("/runs"));
    // Then what waits for the hub.
    next("waiting entry's bytes", &|call| {
        call.starts_with("fsync(") && call.contains("</outbox/")
    });
    next("waiting entry's name", &|call| {
        call.starts_with("rename") && call.contains(&format!("/outbox/{id}.json"))
    });
    next("waiting entry's folder", &folder("/outbox"));
    // Only then the journal goes, and only then the hub hears of it.
    next("end of the journal", &|call| {
        call.starts_with("unlink") && call.contains(".partial")
    });
    next("journal's folder", &folder("/runs"));
    let (told, _) = next("hub", &|call| call.starts_with("connect("));
    next("end of the waiting", &|call| {
        call.starts_with("unlink") && call.contains("/outbox/")
    });
    let earlier = |what: &str| calls[..told].iter().any(|call| call.starts_with(what));
    assert!(!earlier("connect("), "{}", calls.join("\n"));
}

#[test]
fn a_record_that_could_not_wait_for_the_hub_is_sent_by_the_next_command() {
    let (url, hub) = hub_for_one();
    let repo = idle("no-outbox").env("STATE_HUB_URL", &url);
    let outbox = repo.state().join("cargo-e2e/outbox");
    std::fs::create_dir_all(repo.state().join("cargo-e2e")).expect("a folder");
    std::fs::write(&outbox, "no folder").expect("a file");
    let ran = repo.run(Host::Local, &["--", "0"]);
    assert_eq!(ran.output().code, Some(0), "{}", ran.output());
    ran.stderr_has("failed to remove old results: ")
        .stderr_has("the state-hub: ");
    std::fs::remove_file(&outbox).expect("it is there");
    let sent = repo.cargo_e2e(&["report"]);
    assert!(
        sent.stdout.contains(&format!("{}  sent", ran.run_id())),
        "{sent}"
    );
    hub.join().expect("it took the record");
}
