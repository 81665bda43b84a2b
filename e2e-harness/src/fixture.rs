//! What tests take as arguments.

use std::any::type_name;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::body::catching;
use crate::chain;
use crate::doing;
use crate::error::BoxError;
use crate::sandbox::Sandbox;

/// How long closing one fixture may take.
const CLOSE: Duration = Duration::from_secs(10);

/// What a test can take as an argument: made for it, and closed after it.
///
/// Take it as `&T`, or as `T` when it is `Clone`; the harness keeps it either way, and closes it
/// after the test, whether that passed, failed, panicked or ran out of time. Fixtures are made in
/// the order of the arguments and closed in the reverse order, once services that the test changed
/// are put back. An error while closing is shown, and fails a test that passed.
///
/// Fixtures are made and closed on the tokio runtime of the test. What the test spawned there runs
/// until they are closed, so a connection pool can be closed as its library asks for.
///
/// ```no_run
/// use e2e_harness::{BoxError, Fixture, Sandbox};
///
/// struct Account {
///     id: u64,
///     api: e2e_harness::Http,
/// }
///
/// impl Fixture for Account {
///     async fn set_up(sandbox: &Sandbox) -> Result<Self, BoxError> {
///         let api = sandbox.http("api").await?;
///         let id = api.post("/accounts").send().await?.error_for_status()?.json().await?;
///         Ok(Self { id, api })
///     }
///
///     async fn close(&self) -> Result<(), BoxError> {
///         self.api.delete(&format!("/accounts/{}", self.id)).send().await?.error_for_status()?;
///         Ok(())
///     }
/// }
///
/// #[e2e_harness::test]
/// async fn an_account_starts_empty(account: &Account) -> anyhow::Result<()> {
///     let path = format!("/accounts/{}/balance", account.id);
///     assert_eq!(account.api.get(&path).send().await?.text().await?, "0");
///     Ok(())
/// }
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a fixture",
    label = "not `Sandbox`, and no `impl e2e_harness::Fixture for {Self}`",
    note = "the arguments of a test are fixtures: `sandbox: Sandbox`, `&T` or a `Clone` `T` that implements `Fixture`; values come from `cases(name(value, …))`"
)]
pub trait Fixture: Sized + Send + Sync + 'static {
    /// Makes it; within the test's timeout.
    fn set_up(sandbox: &Sandbox) -> impl Future<Output = Result<Self, BoxError>> + Send;

    /// Undoes it; within 10 seconds. Not called when `set_up` failed, or when the process is
    /// killed: what must not outlive the run belongs into the sandbox.
    fn close(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        async { Ok(()) }
    }
}

impl Fixture for Sandbox {
    async fn set_up(sandbox: &Sandbox) -> Result<Self, BoxError> {
        Ok(sandbox.clone())
    }
}

/// For an argument `&T`.
#[must_use]
pub fn borrowed<T>(fixture: &Arc<T>) -> &T {
    fixture
}

/// For an argument `T`.
#[must_use]
pub fn owned<T: Clone>(fixture: &Arc<T>) -> T {
    T::clone(fixture)
}

type Closer = Box<dyn FnOnce() -> Closing + Send>;
type Closing = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// The fixtures of one try of a test.
pub struct Fixtures {
    sandbox: Sandbox,
    made: Made,
}

/// What was made and is not closed. A clone is the same, for another thread that has to close it.
#[derive(Clone, Default)]
pub(crate) struct Made(Arc<Mutex<Vec<(&'static str, Closer)>>>);

impl Fixtures {
    pub(crate) fn of(sandbox: Sandbox) -> Self {
        Self {
            sandbox,
            made: Made::default(),
        }
    }

    pub(crate) fn made(&self) -> Made {
        self.made.clone()
    }

    /// Makes one.
    ///
    /// # Errors
    /// Its own, with its name.
    pub async fn make<T: Fixture>(&mut self) -> Result<Arc<T>, String> {
        let name = type_name::<T>();
        let _making = doing::waiting(format!("making fixture {name}"));
        let made = match catching(T::set_up(&self.sandbox)).await {
            Ok(Ok(fixture)) => Arc::new(fixture),
            Ok(Err(error)) => {
                return Err(format!("fixture {name}: {}", chain(error.as_ref())));
            }
            Err(panic) => return Err(format!("fixture {name} panicked: {panic}")),
        };
        let kept = Arc::clone(&made);
        self.made.list().push((
            name,
            Box::new(move || Box::pin(async move { kept.close().await })),
        ));
        Ok(made)
    }
}

impl Made {
    fn list(&self) -> MutexGuard<'_, Vec<(&'static str, Closer)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how long closing all of them may take.
    pub(crate) fn patience(&self) -> Duration {
        CLOSE * u32::try_from(self.list().len()).unwrap_or(u32::MAX)
    }

    /// Closes them, the last one first; returns what went wrong.
    pub(crate) async fn close(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        loop {
            // Not locked while one closes.
            let last = self.list().pop();
            let Some((name, close)) = last else { break };
            let closed = tokio::time::timeout(CLOSE, catching(close())).await;
            let why = match closed {
                Ok(Ok(Ok(()))) => continue,
                Ok(Ok(Err(error))) => chain(error.as_ref()),
                Ok(Err(panic)) => format!("it panicked: {panic}"),
                Err(_) => format!("it took longer than {} s", CLOSE.as_secs()),
            };
            wrong.push(format!("closing fixture {name}: {why}"));
        }
        wrong
    }
}
