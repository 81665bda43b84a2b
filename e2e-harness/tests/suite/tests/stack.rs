//! Tests of a stack that the harness's own tests play: a web service `web` and a control socket.

use std::time::Duration;

use e2e_harness::{BoxError, Error, Poll, Sandbox, eventually};

#[e2e_harness::test(needs = ["web"])]
async fn talks_to_the_service(sandbox: Sandbox) -> anyhow::Result<()> {
    let web = sandbox.http("web").await?;
    assert_eq!(web.get("/hello").send().await?.text().await?, "GET /hello");
    assert_eq!(
        web.delete("hello").send().await?.text().await?,
        "DELETE /hello"
    );
    assert_eq!(
        web.url("/x"),
        format!("http://{}/x", sandbox.addr("web", 80)?)
    );
    assert_eq!(sandbox.run_id(), "01run");
    Ok(())
}

#[e2e_harness::test(needs = ["web"])]
async fn sends_what_it_is_told(sandbox: Sandbox) -> anyhow::Result<()> {
    let web = sandbox.http("web").await?.header("x-tenant", "7")?;
    let web = web.bearer("t0ken")?;
    assert!(!format!("{web:?}").contains("t0ken"), "{web:?}");
    let sent = web.get("/headers").send().await?.text().await?;
    assert_eq!(sent, "authorization: Bearer t0ken\nx-tenant: 7\n");
    let sent = web.get("/headers").header("X-Tenant", "8").send().await?;
    assert_eq!(
        sent.text().await?,
        "authorization: Bearer t0ken\nx-tenant: 8\n"
    );
    let error = web.clone().header("a b", "").expect_err("a space");
    assert_eq!(error.to_string(), "header `a b` is not valid");
    for _ in 0..3 {
        web.get("/poll?key=s3cret").expect_status(200).await?;
    }
    let inside = sandbox.step("inside", web.get("/in").send()).await?;
    assert_eq!(inside.status(), 200);
    let error = web.post("/broken?key=s3cret").expect_status(201).await;
    assert_eq!(
        error.expect_err("no tea").to_string(),
        "POST /broken: status 500, expected 201; its body: no tea, only coffee"
    );
    let error = web.get("/long").expect_status(201).await;
    let error = error.expect_err("another status").to_string();
    assert!(error.ends_with("x…") && error.len() < 2100, "{error}");
    let gone = sandbox.http("silent").await?;
    let error = gone
        .get("/in?key=s3cret")
        .timeout(Duration::from_millis(50))
        .expect_status(200)
        .await;
    let error = e2e_harness::chain(&error.expect_err("no answer"));
    assert!(error.starts_with("GET /in has no answer: "), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    Ok(())
}

#[e2e_harness::test(needs = [])]
fn has_an_id_of_its_own(sandbox: &Sandbox, _same: &Same) {
    let id = sandbox.unique_id();
    assert!(id.starts_with("has_an_id_of_its_own_"), "{id}");
    assert_eq!(id, sandbox.clone().unique_id());
}

/// Sees the id that its test sees.
struct Same(Sandbox);

impl e2e_harness::Fixture for Same {
    async fn set_up(sandbox: &Sandbox) -> Result<Self, BoxError> {
        let database = sandbox.artifacts()?.join(sandbox.unique_id());
        std::fs::create_dir(database)?;
        Ok(Self(sandbox.clone()))
    }

    async fn close(&self) -> Result<(), BoxError> {
        let database = self.0.artifacts()?.join(self.0.unique_id());
        Ok(std::fs::remove_dir(database)?)
    }
}

#[e2e_harness::test(needs = ["web"])]
async fn knows_what_there_is(sandbox: Sandbox) -> anyhow::Result<()> {
    let error = sandbox.addr("web", 81).expect_err("there is no such port");
    assert_eq!(
        error.to_string(),
        "service `web` publishes no port 81; there are: dead:90, silent:70, web:80"
    );
    assert!(sandbox.http("nope").await.is_err());
    assert!(sandbox.env("E2E_NOPE").is_err());
    assert!(sandbox.artifacts()?.ends_with("knows_what_there_is"));
    Ok(())
}

/// Something accepts and hangs up, as forwarders do.
#[e2e_harness::test(needs = ["nothing behind it"])]
fn needs_what_does_not_come() {}

#[e2e_harness::test(needs = ["wbe"])]
fn needs_what_is_not_there() {}

#[e2e_harness::test(needs = [])]
async fn waits_in_vain() -> Result<(), Error> {
    eventually("a third row", || async {
        Ok::<_, BoxError>(Poll::<()>::NotYet("2 rows".into()))
    })
    .timeout(Duration::from_millis(50))
    .interval(Duration::from_millis(5))
    .await
}

#[e2e_harness::test(timeout = 0.2, needs = [])]
async fn waits_longer_than_it_may() -> Result<(), Error> {
    eventually("a fourth row", || async {
        Ok::<_, BoxError>(Poll::<()>::NotYet("3 rows".into()))
    })
    .await
}

/// A service that takes its time.
#[e2e_harness::test(exclusive, timeout = 0.2, needs = [])]
async fn stops_in_vain(sandbox: Sandbox) -> Result<(), Error> {
    sandbox.service("slow").stop().await
}

#[e2e_harness::test(timeout = 2, needs = [])]
async fn asks_in_vain(sandbox: Sandbox) -> anyhow::Result<()> {
    let silent = sandbox.http("silent").await?;
    sandbox.step("say hello", async { anyhow::Ok(()) }).await?;
    silent.get("/hello").send().await?;
    Ok(())
}

#[e2e_harness::test(needs = [])]
async fn controls_without_asking(sandbox: Sandbox) -> Result<(), Error> {
    sandbox.service("web").stop().await
}

#[e2e_harness::test(exclusive, needs = ["web"])]
async fn controls(sandbox: Sandbox) -> anyhow::Result<()> {
    let web = sandbox.service("web");
    web.stop().await?;
    web.start().await?;
    web.restart().await?;
    web.pause().await?;
    web.unpause().await?;
    web.kill().await?;
    web.signal("HUP").await?;
    assert_eq!(web.logs().since_test_start().await?, "since the start\n");
    assert_eq!(web.logs().await?, "all\n");
    let cat = web.exec(["cat", "-"]).stdin("tea").await?;
    assert_eq!(cat.success()?, "tea");
    let error = web.exec(["false"]).await?.success().expect_err("it fails");
    assert_eq!(error.to_string(), "`false` in web ended with 1: no luck");
    assert_eq!(web.state().await?[0].state, "running");
    let refused = sandbox
        .service("nope")
        .stop()
        .await
        .expect_err("no such service");
    assert_eq!(
        refused.to_string(),
        "stop of nope failed: no service `nope`"
    );
    Ok(())
}

/// Leaves a service as it was, through the service.
struct Tidy(Sandbox);

impl e2e_harness::Fixture for Tidy {
    async fn set_up(sandbox: &Sandbox) -> Result<Self, BoxError> {
        Ok(Self(sandbox.clone()))
    }

    async fn close(&self) -> Result<(), BoxError> {
        self.0.service("web").exec(["tidy"]).await?.success()?;
        Ok(())
    }
}

#[e2e_harness::test(exclusive, needs = [])]
async fn kills_what_a_fixture_needs(sandbox: Sandbox, _tidy: &Tidy) -> anyhow::Result<()> {
    sandbox.service("web").kill().await?;
    anyhow::bail!("no answer")
}

/// Changes the stack while it is closed.
struct Restarter(Sandbox);

impl e2e_harness::Fixture for Restarter {
    async fn set_up(sandbox: &Sandbox) -> Result<Self, BoxError> {
        Ok(Self(sandbox.clone()))
    }

    async fn close(&self) -> Result<(), BoxError> {
        Ok(self.0.service("web").restart().await?)
    }
}

#[e2e_harness::test(exclusive, needs = [])]
fn changes_what_is_put_back_too(_restarter: &Restarter) {}

e2e_harness::main!();
