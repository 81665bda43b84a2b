//! The stack under a test: its addresses, and the session that changes it. The sandbox, its
//! services and waiting all have it.

use std::fmt::{self, Debug};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::control::Session;
use crate::environment::env;
use crate::error::Error;
use crate::protocol::{self, Check, Endpoint, Endpoints, Transport};

/// A handle; a clone is the same stack.
#[derive(Clone)]
pub(crate) struct Stack {
    inner: Arc<Inner>,
}

struct Inner {
    test: String,
    exclusive: bool,
    endpoints: Endpoints,
    session: OnceLock<Session>,
    /// A test asked for a session, and there is no `cargo e2e` to have one with.
    lacks_control: AtomicBool,
}

impl Debug for Stack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stack").finish_non_exhaustive()
    }
}

impl Stack {
    pub(crate) fn new(test: &str, exclusive: bool, endpoints: Endpoints) -> Self {
        Self {
            inner: Arc::new(Inner {
                test: test.to_owned(),
                exclusive,
                endpoints,
                session: OnceLock::new(),
                lacks_control: AtomicBool::new(false),
            }),
        }
    }

    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.inner.endpoints
    }

    pub(crate) fn checks_of(&self, service: &str) -> impl Iterator<Item = &Check> {
        let checks = self.inner.endpoints.checks.iter();
        checks.filter(move |check| check.service.as_deref() == Some(service))
    }

    pub(crate) fn first_port(&self, service: &str) -> Option<&Endpoint> {
        let ports = self.inner.endpoints.ports.iter();
        let mut tcp = ports.filter(|at| at.transport == Transport::Tcp);
        tcp.find(|at| at.service == service)
    }

    /// Returns the session, for a test that may use it.
    pub(crate) fn session(&self, service: &str) -> Result<&Session, Error> {
        if !self.inner.exclusive {
            return Err(Error::NotExclusive {
                test: self.inner.test.clone(),
                service: service.to_owned(),
            });
        }
        self.any_session().ok_or_else(|| {
            self.inner.lacks_control.store(true, Ordering::Relaxed);
            Error::NoControl
        })
    }

    /// Returns whether the test asked for what `cargo e2e` alone can do, where it does not run.
    pub(crate) fn lacks_control(&self) -> bool {
        self.inner.lacks_control.load(Ordering::Relaxed)
    }

    /// Returns the session, for the harness itself.
    pub(crate) fn any_session(&self) -> Option<&Session> {
        self.inner.session.get()
    }

    /// Opens the session, where `cargo e2e` listens.
    pub(crate) async fn begin(&self) -> Result<(), Error> {
        let Some(socket) = env(protocol::CONTROL) else {
            return Ok(());
        };
        let session = Session::begin(Path::new(&socket), &self.inner.test).await?;
        // Begun once, by the harness; a second one would only be dropped.
        let _ = self.inner.session.set(session);
        Ok(())
    }
}
