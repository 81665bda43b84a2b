//! The running stack, as a test sees it.

use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::{Client, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::environment::{env, env_is, file_name, run_folder};
use crate::error::{BoxError, Error, list};
use crate::health;
use crate::http::Http;
use crate::once;
use crate::protocol::{self, Check, Endpoint, Endpoints, Probe};
use crate::recorder::Recorder;
use crate::service::Service;
use crate::stack::Stack;
use crate::step::Steps;
use crate::unique;

/// The running stack: addresses, waiting, steps and control.
///
/// It is a [`Fixture`](crate::Fixture), so a test takes it as an argument; a clone is the same
/// sandbox.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    stack: Stack,
    folder: PathBuf,
    steps: Arc<Steps>,
    client: Client,
    unique_id: String,
}

impl Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sandbox")
            .field("run_id", &self.run_id())
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Returns the sandbox that the environment describes, for code that is not an
    /// `#[e2e_harness::test]`: steps are printed and not recorded, services can't be controlled.
    ///
    /// # Errors
    /// [`Error::NoSandbox`] outside of one, [`Error::Variable`] when a variable is damaged.
    pub fn from_env() -> Result<Self, Error> {
        let test = std::thread::current().name().unwrap_or("main").to_owned();
        Self::of_test(&test, false, Recorder::default())
    }

    /// Returns the sandbox for one try of a test.
    pub(crate) fn of_test(test: &str, exclusive: bool, recorder: Recorder) -> Result<Self, Error> {
        if !env_is(protocol::E2E, "1") {
            return Err(Error::NoSandbox(protocol::E2E));
        }
        let json = env(protocol::ENDPOINTS).ok_or(Error::NoSandbox(protocol::ENDPOINTS))?;
        let endpoints = serde_json::from_str(&json).map_err(|source| Error::Variable {
            name: protocol::ENDPOINTS,
            source,
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                stack: Stack::new(test, exclusive, endpoints),
                folder: run_folder(),
                steps: Arc::new(Steps::of(test, recorder)),
                unique_id: unique::id(test),
                client: Client::new(),
            }),
        })
    }

    /// Returns every published port and every health check.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        self.inner.stack.endpoints()
    }

    /// Returns the run's id: 26 lower-case characters that sort by time.
    #[must_use]
    pub fn run_id(&self) -> String {
        env(protocol::RUN_ID).unwrap_or_default()
    }

    /// Returns an id of this try of the test, for what it must not share: a database, a tenant, a
    /// queue. It is the same as long as the test runs, and another one for each retry.
    ///
    /// It has at most 40 characters, lower-case letters, digits and `_`, and begins with a letter:
    /// the end of the test's name, and 13 characters that are random.
    ///
    /// ```no_run
    /// # async fn f(sandbox: e2e_harness::Sandbox) -> anyhow::Result<()> {
    /// let tenant = sandbox.unique_id(); // an_order_is_shipped_k3vq2m7xw5d4a
    /// let api = sandbox.http("api").await?.header("x-tenant", tenant)?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn unique_id(&self) -> &str {
        &self.inner.unique_id
    }

    /// Returns a variable that `env:` of e2e.yml or `cargo e2e` sets.
    ///
    /// # Errors
    /// [`Error::Unknown`] when it is not set, or is not Unicode.
    pub fn env(&self, name: &str) -> Result<String, Error> {
        env(name).ok_or_else(|| Error::Unknown {
            what: format!("the variable {name} is not set"),
            known: std::env::vars_os()
                .filter_map(|(name, _)| name.into_string().ok())
                .filter(|name| name.starts_with("E2E_"))
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// `host:port` at which a service's port answers, `port` being the one inside the container.
    ///
    /// # Errors
    /// [`Error::Unknown`] when the compose file does not publish it.
    pub fn addr(&self, service: &str, port: u16) -> Result<String, Error> {
        let ports = &self.endpoints().ports;
        let found = ports
            .iter()
            .filter(|at| at.service == service && at.container_port == port)
            .min_by_key(|at| (at.transport, at.port));
        let known = |at: &Endpoint| format!("{}:{}", at.service, at.container_port);
        found.map(Endpoint::address).ok_or_else(|| Error::Unknown {
            what: format!("service `{service}` publishes no port {port}"),
            known: list(ports.iter().map(known)),
        })
    }

    /// Returns a client for a service, once its health checks pass.
    ///
    /// Its base is the health check whose port the service publishes, without the path; else
    /// `http://` and the service's first port.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a service without a published port, [`Error::TimedOut`] when it does
    /// not become healthy.
    pub async fn http(&self, service: &str) -> Result<Http, Error> {
        let base = self.base(service)?;
        health::service(self.stack(), service).await?;
        let (client, steps) = (self.inner.client.clone(), Arc::clone(&self.inner.steps));
        Ok(Http::new(client, &base, steps))
    }

    /// Waits until a service is healthy, or a health check passes: after a restart, say. A service
    /// without a health check is ready when its containers run, or its first port answers.
    ///
    /// # Errors
    /// [`Error::TimedOut`] with the last answer, [`Error::Unknown`] for a name that is neither.
    pub async fn ready(&self, name: &str) -> Result<(), Error> {
        health::needs(self.stack(), Some(&[name])).await
    }

    fn base(&self, service: &str) -> Result<String, Error> {
        let stack = self.stack();
        let url = |check: &Check| match &check.probe {
            Probe::Http { url, .. } => Url::parse(url).ok(),
            _ => None,
        };
        if let Some(url) = stack.checks_of(service).find_map(url) {
            return Ok(url.origin().ascii_serialization());
        }
        let port = stack.first_port(service).ok_or_else(|| Error::Unknown {
            what: format!("service `{service}` publishes no tcp port"),
            known: list(stack.endpoints().ports.iter().map(|at| at.service.clone())),
        })?;
        Ok(format!("http://{}", port.address()))
    }

    /// Returns a folder for this test alone, whose files are kept with the run's result. It exists.
    ///
    /// # Errors
    /// [`Error::File`] when it can't be made.
    pub fn artifacts(&self) -> Result<PathBuf, Error> {
        let all = env(protocol::ARTIFACTS)
            .map_or_else(|| self.inner.folder.join("artifacts"), PathBuf::from);
        let folder = all.join(file_name(&self.inner.steps.test().replace("::", ".")));
        std::fs::create_dir_all(&folder)
            .map_err(|error| Error::file(format!("folder {}", folder.display()), error))?;
        Ok(folder)
    }

    /// Awaits a part of the test under a name: prints a line with its time, records it, and gives
    /// what the part gives. A test that fails says at which step. Steps can be inside steps.
    ///
    /// A part gives a `Result`; an `async` block without one ends with `Ok::<_, anyhow::Error>(())`.
    ///
    /// ```no_run
    /// # async fn f(sandbox: e2e_harness::Sandbox) -> anyhow::Result<()> {
    /// let api = sandbox.http("api").await?;
    /// sandbox.step("place an order", api.post("/orders").send()).await?;
    /// sandbox
    ///     .step("pay it", async {
    ///         let answer = sandbox.step("charge", api.post("/charge").send()).await?;
    ///         anyhow::ensure!(answer.status().is_success(), "{}", answer.status());
    ///         Ok(())
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The part's own.
    pub async fn step<T, E: Display>(
        &self,
        name: &str,
        part: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.inner.steps.run(name, part).await
    }

    /// Makes something once for all tests of the run, however many processes they are; every
    /// other test gets the value that the first one kept, as JSON.
    ///
    /// Values travel between processes, objects don't: keep an id or a token, not a connection.
    /// Nothing is closed: what was made lives in the sandbox and ends with it. When `make` fails,
    /// the next test tries again. A sandbox that is used again (`--reuse`) starts a new run, so
    /// `make` must bear being done twice.
    ///
    /// ```no_run
    /// # async fn f(sandbox: e2e_harness::Sandbox) -> anyhow::Result<()> {
    /// let tenant: u64 = sandbox
    ///     .once("tenant", async {
    ///         let api = sandbox.http("api").await?;
    ///         let tenant = api.post("/tenants").send().await?.json().await?;
    ///         Ok::<_, anyhow::Error>(tenant)
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Failed`] with what `make` said, [`Error::File`] when the value can't be kept.
    pub async fn once<T, E>(
        &self,
        name: &str,
        make: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned,
        E: Into<BoxError>,
    {
        once::once(&self.inner.folder, name, make).await
    }

    /// Returns a service of the stack, to be stopped, looked into and used from inside. Only for
    /// tests that say `exclusive`; the stack is put back as it was when the test ends.
    ///
    /// ```no_run
    /// use e2e_harness::{Sandbox, eventually};
    ///
    /// #[e2e_harness::test(exclusive)]
    /// async fn orders_survive_a_database_restart(sandbox: Sandbox) -> anyhow::Result<()> {
    ///     let api = sandbox.http("api").await?;
    ///     let db = sandbox.service("db");
    ///     db.stop().await?;
    ///     assert_eq!(api.get("/orders").send().await?.status(), 503);
    ///     db.start().await?;
    ///     eventually("orders again", || async {
    ///         let answer = api.get("/orders").send().await?;
    ///         Ok::<_, anyhow::Error>(answer.status().is_success())
    ///     })
    ///     .await?;
    ///     let rows = db.exec(["psql", "-Atc", "select count(*) from orders"]).await?.success()?;
    ///     assert_eq!(rows.trim(), "0");
    ///     assert!(!sandbox.service("api").logs().since_test_start().await?.contains("panicked"));
    ///     Ok(())
    /// }
    /// # fn main() {}
    /// ```
    #[must_use]
    pub fn service(&self, name: &str) -> Service {
        Service::new(self.stack().clone(), name)
    }

    pub(crate) fn stack(&self) -> &Stack {
        &self.inner.stack
    }

    /// Completes the record of the steps.
    pub(crate) fn finish(&self) {
        self.inner.steps.finish();
    }

    pub(crate) fn failed_step(&self) -> Option<String> {
        self.inner.steps.at()
    }
}
