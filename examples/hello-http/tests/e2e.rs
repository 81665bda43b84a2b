//! End-to-end tests of the running service: `cargo e2e` starts it and runs them.

use e2e_harness::Sandbox;
use tokio::task::JoinSet;

#[e2e_harness::test(cases(
    the_root("GET", "/", 200, "Hello from a container!\n"),
    its_health("GET", "/healthz", 200, "ok\n"),
    nothing("GET", "/nowhere", 404, "nothing here\n"),
    a_post("POST", "/", 405, "only GET\n"),
))]
async fn a_request_is_answered(
    sandbox: Sandbox,
    method: &str,
    path: &str,
    status: u16,
    text: &str,
) -> anyhow::Result<()> {
    let web = sandbox.http("web").await?;
    let answer = web.request(method.parse()?, path).send().await?;
    assert_eq!(answer.status(), status);
    assert_eq!(answer.text().await?, text);
    Ok(())
}

#[e2e_harness::test]
async fn twenty_at_once_are_all_greeted(sandbox: Sandbox) -> anyhow::Result<()> {
    let web = sandbox.http("web").await?;
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        requests.spawn(web.get("/").send());
    }
    let mut greeted = 0;
    while let Some(answer) = requests.join_next().await {
        greeted += usize::from(answer??.status() == 200);
    }
    assert_eq!(greeted, 20);
    Ok(())
}

e2e_harness::main!();
