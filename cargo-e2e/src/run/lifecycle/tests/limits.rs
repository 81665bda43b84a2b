//! Every stage has a limit of its own, and says which it was.

use super::*;

#[track_caller]
fn ended_at(ran: &Ran, stage: Stage, limit: &str) {
    ran.failed_at(stage);
    let stages = &ran.outcome.record.stages;
    let detail = stages.iter().find(|record| record.name == stage);
    let detail = detail.map_or("", |record| &record.detail);
    let summary = detail.lines().next().unwrap_or_default();
    assert!(summary.contains(limit), "{limit:?} is not in {summary:?}");
}

#[tokio::test]
async fn stages_that_hang_end_at_their_limits() {
    let hangs = |script| Some((script, Reply::Stays("")));
    for (fault, more, stage, verdict, code, says) in [
        (
            None,
            "build_command: sleep 60\ntimeouts: {build: 0.2}\n",
            Stage::Build,
            Verdict::BuildFailed,
            101,
            "`build_command` exceeded `timeouts.build` (0.2 s) and was terminated",
        ),
        (
            hangs("the end of the sync"),
            "timeouts: {sync: 0.2}\n",
            Stage::Sync,
            Verdict::HostError,
            97,
            "the end of the sync on `scripted` timed out after",
        ),
        (
            hangs("up"),
            "timeouts: {up: 0.2}\n",
            Stage::Up,
            Verdict::UpFailed,
            98,
            "`docker compose up` exceeded `timeouts.up` (0.2 s) and was terminated",
        ),
        (
            hangs("setup"),
            "setup_command: x\ntimeouts: {setup: 0.2}\n",
            Stage::Setup,
            Verdict::SetupFailed,
            105,
            "`setup_command` exceeded `timeouts.setup` (0.2 s) and was terminated",
        ),
        (
            hangs("test"),
            "timeout: 0.2\n",
            Stage::Test,
            Verdict::TimedOut,
            100,
            "tests exceeded `timeout` (0.2 s) and were terminated",
        ),
        // The evidence is not worth the verdict.
        (
            hangs("collect"),
            "timeouts: {collect: 0.2}\n",
            Stage::Collect,
            Verdict::Passed,
            0,
            "collect on `scripted` timed out after",
        ),
    ] {
        eprintln!("{more}");
        let faults: Vec<_> = fault.into_iter().collect();
        let ran = run(Scripted::with(&faults), more).await;
        ran.is(verdict, code).tore_down();
        ended_at(&ran, stage, says);
    }
}

#[tokio::test]
async fn tests_that_hang_are_stopped_on_the_host() {
    let host = Scripted::with(&[("test", Reply::Stays(""))]);
    let ran = run(host, "timeout: 0.2\n").await;
    assert!(ran.scripts.contains(&"stop"), "{:?}", ran.scripts);
}

#[tokio::test]
async fn a_teardown_that_hangs_leaves_a_sandbox_that_is_named() {
    let host = Scripted::with(&[("teardown", Reply::Stays(""))]);
    let ran = run(host, "timeouts: {teardown: 0.2}\n").await;
    ended_at(
        &ran,
        Stage::Teardown,
        "teardown on `scripted` timed out after",
    );
    assert_eq!(ran.outcome.record.leftovers.len(), 1);
}
