//! What can go wrong while the repo is sent.

use super::*;

#[tokio::test]
async fn a_workspace_that_will_not_be_given_back_is_no_failure() {
    let ran = run_failing("the end of the sync", Reply::Ends("lost its disk\n", 0)).await;
    ran.is(Verdict::Passed, 0).tore_down();
}

#[tokio::test]
async fn a_workspace_that_can_not_be_had_says_why() {
    for (reply, why) in [
        (
            Reply::Ends("", 0),
            "unexpected answer to the request for a workspace",
        ),
        (Reply::Ends("", 1), "failed on `scripted` (exit status 1)"),
        (Reply::Ends("", 76), "the sandbox on `scripted` is lost"),
        (Reply::Lost, "was lost during the request for a workspace"),
    ] {
        let ran = run_failing("the request for a workspace", reply).await;
        let stages = &ran.outcome.record.stages;
        let sync = stages.iter().find(|stage| stage.name == Stage::Sync);
        let detail = sync.map_or("", |sync| sync.detail.as_str());
        assert!(detail.contains(why), "{detail}");
    }
}

#[tokio::test]
async fn a_sync_that_fails_is_followed_by_teardown() {
    let ran = run(Scripted::with(&[]).without_rsync(), "").await;
    ran.is(Verdict::HostError, 97)
        .failed_at(Stage::Sync)
        .tore_down();
}
