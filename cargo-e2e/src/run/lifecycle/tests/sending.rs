//! What can go wrong while the repo is sent.

use super::*;

#[tokio::test]
async fn what_was_sent_over_two_connections_is_sent_again_under_one_lock() {
    let ran = run_failing("copy", Reply::Renews).await;
    ran.is(Verdict::Passed, 0).tore_down();
    let often = |name| ran.scripts.iter().filter(|ran| **ran == name).count();
    assert_eq!((often("the wait for the mirror"), often("copy")), (2, 2));
}

#[tokio::test]
async fn a_mirror_that_can_not_be_had_says_why() {
    for (reply, why) in [
        (Reply::Ends("", 75), "timed out after 600 s"),
        (Reply::Ends("", 1), "failed on `scripted` (exit status 1)"),
        (Reply::Ends("", 76), "the sandbox on `scripted` is lost"),
        (Reply::Lost, "was lost during the wait for the mirror"),
    ] {
        let ran = run_failing("the wait for the mirror", reply).await;
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
