//! Where a secret must not be.

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
    let model = r#"{"services":{"web":{"image":"x","environment":{"KEY":"hunter2-hunter2"}}}}"#;
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
        events: &Events::masking(Arc::new(secrets), Vec::new()),
        cancel: &Cancel::never(),
        bundle: folder.path().to_owned(),
        unknown: Vec::new(),
    }
    .run()
    .await;
    assert_eq!(outcome.record.verdict, Verdict::Failed);
    assert!(host.ran().contains(&"setup"), "{:?}", host.ran());
    assert!(!host.arguments().contains(SECRET));
    let record = serde_json::to_string(&outcome.record).unwrap();
    assert!(!record.contains(SECRET), "{record}");
}
