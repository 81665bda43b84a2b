//! Waiting until services and health checks are as a test needs them.

use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::net::TcpStream;

use crate::chain;
use crate::control::PATIENCE;
use crate::error::{Error, list};
use crate::eventually::wait;
use crate::protocol::control::{Answer, ContainerState, Request};
use crate::protocol::{Check, Probe};
use crate::stack::Stack;
use crate::wait::Poll;

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(5);
/// How long a forwarder whose target is not there may take to hang up.
const HANG_UP: Duration = Duration::from_millis(150);
/// For services without a health check of their own.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Waits for what a test needs: the named services and health checks, or all health checks.
pub(crate) async fn needs(stack: &Stack, names: Option<&[&str]>) -> Result<(), Error> {
    let checks = &stack.endpoints().checks;
    let Some(names) = names else {
        for check in checks {
            wait_for(stack, check).await?;
        }
        return Ok(());
    };
    for name in names {
        if let Some(check) = checks.iter().find(|check| check.name == *name) {
            wait_for(stack, check).await?;
        } else if stack.checks_of(name).next().is_some()
            || stack.first_port(name).is_some()
            || stack.any_session().is_some()
        {
            service(stack, name).await?;
        } else {
            let known = checks.iter().map(|check| check.name.clone());
            let ports = stack.endpoints().ports.iter();
            let known = list(known.chain(ports.map(|at| at.service.clone())));
            let what =
                format!("`{name}` is neither a health check nor a service with a published port");
            return Err(Error::Unknown { what, known });
        }
    }
    Ok(())
}

/// Waits for a service: its health checks, or its containers, or its first port.
pub(crate) async fn service(stack: &Stack, name: &str) -> Result<(), Error> {
    let mut checked = false;
    for check in stack.checks_of(name) {
        wait_for(stack, check).await?;
        checked = true;
    }
    if checked {
        return Ok(());
    }
    if stack.any_session().is_some() {
        let what = format!("service {name}, running and healthy,");
        let running = wait(what, || containers(stack, name));
        running.timeout(TIMEOUT).await?;
    }
    if let Some(port) = stack.first_port(name) {
        let address = port.address();
        let what = format!("an answer of service {name} at {address}");
        wait(what, || tcp(&address)).timeout(TIMEOUT).await?;
    }
    Ok(())
}

async fn wait_for(stack: &Stack, check: &Check) -> Result<(), Error> {
    let what = match check.probe.address() {
        Some(address) => format!("health check {} ({address})", check.name),
        None => format!("health check {}", check.name),
    };
    let client = Client::builder()
        .redirect(Policy::none())
        .timeout(LOOK)
        .build()
        .map_err(|source| Error::Failed {
            what: what.clone(),
            source: source.into(),
        })?;
    wait(what, || look(stack, check, &client))
        .timeout(Duration::from_millis(check.timeout_ms))
        .await
}

async fn look(stack: &Stack, check: &Check, client: &Client) -> Result<Poll<()>, Error> {
    match &check.probe {
        Probe::Http { url, expect_status } if !url.starts_with("https:") => {
            Ok(http(client, url, expect_status).await)
        }
        Probe::Tcp { address } => Ok(tcp(address).await),
        // No TLS is built in, and gRPC and containers are the tool's to speak with.
        Probe::Http { .. } | Probe::Grpc { .. } | Probe::Exec => {
            let Some(session) = stack.any_session() else {
                return Ok(match &check.probe {
                    Probe::Grpc { address, .. } => tcp(address).await,
                    // `cargo e2e` made it before the tests; nobody here can make it again.
                    _ => Poll::Ready(()),
                });
            };
            let request = Request::Check {
                name: check.name.clone(),
            };
            let asked = format!("health check {}", check.name);
            match session.ask(&asked, &request, PATIENCE).await? {
                Answer::Checked { passed: true, .. } => Ok(Poll::Ready(())),
                Answer::Checked { said, .. } => Ok(Poll::NotYet(said)),
                other => Ok(Poll::NotYet(format!("{other:?}"))),
            }
        }
    }
}

async fn http(client: &Client, url: &str, expected: &[u16]) -> Poll<()> {
    let status = match client.get(url).send().await {
        Ok(answer) => answer.status().as_u16(),
        Err(error) => return Poll::NotYet(chain(&error)),
    };
    match expected {
        [] if (200..400).contains(&status) => Poll::Ready(()),
        expected if expected.contains(&status) => Poll::Ready(()),
        _ => Poll::NotYet(format!("status {status}")),
    }
}

/// Docker's and ssh's forwarders accept, and hang up when nothing listens behind them.
async fn tcp(address: &str) -> Poll<()> {
    let stream = match tokio::time::timeout(LOOK, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Poll::NotYet(error.to_string()),
        Err(_) => return Poll::NotYet(format!("no connection within {} s", LOOK.as_secs())),
    };
    let mut byte = [0];
    match tokio::time::timeout(HANG_UP, stream.peek(&mut byte)).await {
        Ok(Ok(0)) => Poll::NotYet("it accepted and closed the connection".to_owned()),
        Ok(Err(error)) => Poll::NotYet(error.to_string()),
        Ok(Ok(_)) | Err(_) => Poll::Ready(()),
    }
}

async fn containers(stack: &Stack, service: &str) -> Result<Poll<()>, Error> {
    let Some(session) = stack.any_session() else {
        return Ok(Poll::Ready(()));
    };
    let request = Request::State {
        service: service.to_owned(),
    };
    let asked = format!("the state of {service}");
    let Answer::States { containers } = session.ask(&asked, &request, PATIENCE).await? else {
        return Ok(Poll::NotYet("no states in the answer".to_owned()));
    };
    let Some(unready) = containers.iter().find(|one| !is_ready(one)) else {
        return Ok(Poll::Ready(()));
    };
    Ok(Poll::NotYet(match &unready.health {
        Some(health) => format!("{}, {health}", unready.state),
        None => unready.state.clone(),
    }))
}

/// Running and not known to be unhealthy, or done, as one-shots are.
fn is_ready(container: &ContainerState) -> bool {
    match container.state.as_str() {
        "running" => matches!(container.health.as_deref(), None | Some("healthy")),
        "exited" => container.exit_code == Some(0),
        _ => false,
    }
}
