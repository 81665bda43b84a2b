//! Where a secret must not be.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::secrets::Secrets;

const SECRET: &str = "hunter2-hunter2";

#[tokio::test]
async fn a_secret_is_in_no_argument_and_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let more = "secrets: [DEPLOY_KEY]\nsetup_command: echo \"$DEPLOY_KEY\"\n";
    let plan = plan(folder.path(), more, Options::default());
    let named = [("DEPLOY_KEY".to_owned(), SECRET.to_owned())];
    let secrets = Secrets::of(&plan.spec.secrets, named).unwrap();
    // The stack, setup and the tests say it, and the model holds it.
    let model = r#"{"services":{"web":{"image":"x","ports":[{"target":80,"published":"8080"}],
        "environment":{"KEY":"hunter2-hunter2"}}}}"#;
    let said = "the key is hunter2-hunter2\n";
    let host = Scripted::with(&[
        ("compose config", Reply::Ends(model, 0)),
        ("up", Reply::Job(said, 0)),
        ("setup", Reply::Job(said, 0)),
        ("test", Reply::Job(said, 3)),
    ]);
    let outcome = Run {
        plan: &plan,
        identity: Identity::new("shop"),
        connector: &To(host.clone()),
        has_slot: false,
        events: &Events::masking(Arc::new(secrets), Vec::new()),
        cancel: &Cancel::never(),
        bundle: folder.path().to_owned(),
        unknown: BTreeMap::new(),
    }
    .run()
    .await;
    assert_eq!(outcome.record.verdict, Verdict::Failed);
    assert!(host.ran().contains(&"setup"), "{:?}", host.ran());
    assert!(!host.arguments().contains(SECRET));
    let record = serde_json::to_string(&outcome.record).unwrap();
    assert!(!record.contains(SECRET), "{record}");
}

#[tokio::test]
async fn what_was_fetched_is_masked_however_the_run_ends() {
    for (script, reply) in [
        ("collect", Reply::Lost),
        ("collect", Reply::Ends("", 1)),
        ("test", Reply::Lost),
        ("compose config", Reply::Ends("", 1)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (plan, bundle) = (plan(folder.path(), "", Options::default()), folder.path());
        let named = [("API_TOKEN".to_owned(), SECRET.to_owned())];
        let secrets = Secrets::of(&[], named).unwrap();
        // As a stage leaves them that is cut short.
        let fetched = bundle.join(".fetched/logs");
        std::fs::create_dir_all(&fetched).unwrap();
        for file in [fetched.join("web.log"), bundle.join("build-output.log")] {
            std::fs::write(file, format!("{SECRET}\n")).unwrap();
        }
        let host = Scripted::with(&[(script, reply)]);
        let _outcome = Run {
            plan: &plan,
            identity: Identity::new("shop"),
            connector: &To(host.clone()),
            has_slot: false,
            events: &Events::masking(Arc::new(secrets), Vec::new()),
            cancel: &Cancel::never(),
            bundle: bundle.to_owned(),
            unknown: BTreeMap::new(),
        }
        .run()
        .await;
        for file in ["logs/web.log", "build-output.log"] {
            let text = std::fs::read_to_string(bundle.join(file)).unwrap();
            assert_eq!(text, "***\n", "{script}: {file}");
        }
        assert!(!bundle.join(".fetched").exists(), "{script}");
    }
}
