//! Forwards the stack's ports to the machine where the tests run.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use e2e_harness::protocol::Transport;

use crate::host::client::Ended;
use crate::record::outcome::Verdict;
use crate::run::{Context, Stack, StageError};
use crate::spec::Side;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Forwards the sandbox's ports to the same numbers on this machine.
pub(super) async fn forward(context: &Context<'_>, stack: &Stack) -> Result<(), StageError> {
    if context.host.is_local() {
        return Ok(());
    }
    let tcp = stack
        .published
        .iter()
        .filter(|one| one.transport == Transport::Tcp);
    let mut done = BTreeSet::new();
    let loopbacks = loopbacks();
    for (one, port) in tcp.filter_map(|one| Some((one, one.port?))) {
        if !done.insert(port) {
            continue;
        }
        let there = SocketAddr::new(one.address.parse().unwrap_or(LOOPBACK), port);
        for here in &loopbacks {
            let forwarded = context.host.forward(SocketAddr::new(*here, port), there);
            forwarded.await.map_err(|error| {
                StageError::from(error).help(format!(
                    "port {port} must be free on this machine, because the tests run here: stop what uses it \
                     (`ss -ltnp` shows it)"
                ))
            })?;
        }
    }
    let udp = stack
        .published
        .iter()
        .filter(|one| one.transport == Transport::Udp);
    for one in udp {
        context.events.warn(format!(
            "{}: ssh can't forward UDP port {}; tests that need it must run on the host",
            one.service, one.container_port
        ));
    }
    Ok(())
}

/// Returns both addresses of `localhost`: where a program of this machine uses the port on one of
/// them, tests would reach that program instead of the sandbox.
fn loopbacks() -> Vec<IpAddr> {
    let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let has_v6 = TcpListener::bind(SocketAddr::new(v6, 0)).is_ok();
    let mut all = vec![LOOPBACK];
    all.extend(has_v6.then_some(v6));
    all
}

/// Returns the tests' result, if their ports were forwarded all the time. `connections` is the
/// host's number of connections before they began.
pub(super) async fn held(
    context: &Context<'_>,
    connections: u32,
    ended: Vec<Ended>,
) -> Result<Vec<Ended>, StageError> {
    let passed = ended.iter().all(|one| *one == Ended::Status(0));
    if passed || context.plan.tests_on == Side::Host {
        return Ok(ended);
    }
    // Without their ports tests fail, which proves nothing.
    context.host.reconnect().await?;
    if context.host.connections() == connections {
        return Ok(ended);
    }
    let message = format!(
        "the connection to `{}` was lost during the tests, which lost their ports",
        context.host.name()
    );
    Err(StageError::new(Verdict::HostError, message).help("run them again"))
}
