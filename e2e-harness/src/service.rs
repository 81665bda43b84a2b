//! A service of the stack, to be stopped, looked into and used from inside.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use crate::control::PATIENCE;
use crate::doing;
use crate::error::Error;
use crate::protocol::control::{Answer, Change, ContainerState, Request};
use crate::stack::Stack;

type Asked<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// A service of the stack; see [`Sandbox::service`].
#[derive(Debug, Clone)]
pub struct Service {
    stack: Stack,
    name: String,
}

impl Service {
    pub(crate) fn new(stack: Stack, name: &str) -> Self {
        Self {
            stack,
            name: name.to_owned(),
        }
    }

    /// Stops its containers, as `docker stop` does: a process that does not heed `SIGTERM` is killed
    /// after its grace period, 10 seconds unless the compose file has a `stop_grace_period`. The
    /// test's timeout goes on meanwhile; [`Service::kill`] does not wait.
    ///
    /// # Errors
    /// [`Error::NotExclusive`], [`Error::NoControl`], or what `cargo e2e` said.
    pub async fn stop(&self) -> Result<(), Error> {
        self.change(Change::Stop).await
    }

    /// Starts its containers; returns before they are healthy.
    ///
    /// # Errors
    /// As [`Service::stop`].
    pub async fn start(&self) -> Result<(), Error> {
        self.change(Change::Start).await
    }

    /// Stops and starts its containers; stopping can take as long as with [`Service::stop`].
    ///
    /// # Errors
    /// As [`Service::stop`].
    pub async fn restart(&self) -> Result<(), Error> {
        self.change(Change::Restart).await
    }

    /// Freezes its processes: connections stay open and nothing answers.
    ///
    /// # Errors
    /// As [`Service::stop`].
    pub async fn pause(&self) -> Result<(), Error> {
        self.change(Change::Pause).await
    }

    /// Lets its processes go on.
    ///
    /// # Errors
    /// As [`Service::stop`].
    pub async fn unpause(&self) -> Result<(), Error> {
        self.change(Change::Unpause).await
    }

    /// Kills its containers with SIGKILL.
    ///
    /// # Errors
    /// As [`Service::stop`].
    pub async fn kill(&self) -> Result<(), Error> {
        self.signal("KILL").await
    }

    /// Sends a signal, such as `TERM` or `HUP`, to its containers' first processes.
    ///
    /// # Errors
    /// As [`Service::stop`].
    pub async fn signal(&self, signal: &str) -> Result<(), Error> {
        self.change(Change::Kill {
            signal: signal.to_owned(),
        })
        .await
    }

    /// Returns what its containers print; await it, or narrow it first.
    pub fn logs(&self) -> Logs {
        Logs {
            service: self.clone(),
            since_begin: false,
        }
    }

    /// Runs a command in its first container, not read by a shell; await it, or add input first.
    pub fn exec<S: Into<String>>(&self, command: impl IntoIterator<Item = S>) -> Exec {
        Exec {
            service: self.clone(),
            command: command.into_iter().map(Into::into).collect(),
            stdin: String::new(),
            timeout: PATIENCE,
        }
    }

    /// Returns the states of its containers.
    ///
    /// # Errors
    /// As [`Service::stop`].
    pub async fn state(&self) -> Result<Vec<ContainerState>, Error> {
        let request = Request::State {
            service: self.name.clone(),
        };
        let doing = format!("reading the state of service {}", self.name);
        match self.ask("the state", doing, &request, PATIENCE).await? {
            Answer::States { containers } => Ok(containers),
            other => Err(self.unexpected(&other)),
        }
    }

    async fn change(&self, change: Change) -> Result<(), Error> {
        let (what, doing) = match &change {
            Change::Stop => ("stop".to_owned(), "stopping"),
            Change::Start => ("start".to_owned(), "starting"),
            Change::Restart => ("restart".to_owned(), "restarting"),
            Change::Pause => ("pause".to_owned(), "pausing"),
            Change::Unpause => ("unpause".to_owned(), "unpausing"),
            Change::Kill { signal } => (format!("kill ({signal})"), "signalling"),
        };
        let doing = format!("{doing} service {}", self.name);
        let request = Request::Change {
            service: self.name.clone(),
            change,
        };
        self.ask(&what, doing, &request, PATIENCE).await.map(drop)
    }

    async fn ask(
        &self,
        what: &str,
        doing: String,
        request: &Request,
        patience: Duration,
    ) -> Result<Answer, Error> {
        let session = self.stack.session(&self.name)?;
        let _waiting = doing::waiting(doing);
        session
            .ask(&format!("{what} of {}", self.name), request, patience)
            .await
    }

    fn unexpected(&self, answer: &Answer) -> Error {
        Error::Control {
            what: format!("a request about {}", self.name),
            why: format!("unexpected answer from `cargo e2e`: {answer:?}"),
        }
    }
}

/// What a service prints, made by [`Service::logs`].
#[derive(Debug, Clone)]
#[must_use = "it asks only when it is awaited"]
pub struct Logs {
    service: Service,
    since_begin: bool,
}

impl Logs {
    /// Only what it printed since this test began, by the host's clock.
    pub fn since_test_start(mut self) -> Self {
        self.since_begin = true;
        self
    }
}

impl IntoFuture for Logs {
    type Output = Result<String, Error>;
    type IntoFuture = Asked<String>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let request = Request::Logs {
                service: self.service.name.clone(),
                since_begin: self.since_begin,
            };
            let service = self.service;
            let doing = format!("reading the logs of service {}", service.name);
            match service.ask("the logs", doing, &request, PATIENCE).await? {
                Answer::Logs { text } => Ok(text),
                other => Err(service.unexpected(&other)),
            }
        })
    }
}

/// A command for a service, made by [`Service::exec`].
#[derive(Debug, Clone)]
#[must_use = "it runs only when it is awaited"]
pub struct Exec {
    service: Service,
    command: Vec<String>,
    stdin: String,
    timeout: Duration,
}

impl Exec {
    /// Returns what the command reads on its standard input.
    pub fn stdin(mut self, text: impl Into<String>) -> Self {
        self.stdin = text.into();
        self
    }

    /// Returns how long to wait for its end; 120 seconds unless said otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl IntoFuture for Exec {
    type Output = Result<Output, Error>;
    type IntoFuture = Asked<Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let what = self.command.join(" ");
            let request = Request::Exec {
                service: self.service.name.clone(),
                command: self.command,
                stdin: self.stdin,
            };
            let asked = format!("`{what}`, in a container");
            let doing = format!("running `{what}` in service {}", self.service.name);
            let answer = self.service.ask(&asked, doing, &request, self.timeout);
            match answer.await? {
                Answer::Output {
                    status,
                    stdout,
                    stderr,
                } => Ok(Output {
                    status,
                    stdout,
                    stderr,
                    service: self.service.name,
                    command: what,
                }),
                other => Err(self.service.unexpected(&other)),
            }
        })
    }
}

/// How a command in a service ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Output {
    /// Its exit status.
    pub status: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    service: String,
    command: String,
}

impl Output {
    /// Returns the standard output of a command that ended with 0.
    ///
    /// # Errors
    /// [`Error::Exec`] with the status and the standard error.
    pub fn success(self) -> Result<String, Error> {
        if self.status == 0 {
            return Ok(self.stdout);
        }
        Err(Error::Exec {
            service: self.service,
            command: self.command,
            status: self.status,
            stderr: self.stderr,
        })
    }
}
