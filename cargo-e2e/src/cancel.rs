//! Signals, as a ladder: the first stops the tests and tears down, the second skips collecting,
//! the third leaves teardown to be finished by hand.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// A signal that asks the run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Int,
    /// What `kill` and CI systems send.
    Term,
    /// The terminal is gone.
    Hup,
    /// Ctrl-\.
    Quit,
}

impl Signal {
    pub fn number(self) -> u8 {
        match self {
            Self::Hup => 1,
            Self::Int => 2,
            Self::Quit => 3,
            Self::Term => 15,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Hup => "SIGHUP",
            Self::Int => "SIGINT",
            Self::Quit => "SIGQUIT",
            Self::Term => "SIGTERM",
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Received {
    first: Option<Signal>,
    count: u32,
}

/// Tells how far up the ladder the run is. Clones see the same ladder.
#[derive(Debug, Clone)]
pub struct Cancel {
    received: watch::Receiver<Received>,
}

/// A second signal this soon after the first is the same key press, sent twice over (by a
/// terminal to the group and by a parent to the child).
const SAME_PRESS: Duration = Duration::from_millis(200);

impl Cancel {
    /// Listens for SIGINT, SIGTERM, SIGHUP and SIGQUIT from now on.
    pub fn listen() -> std::io::Result<Self> {
        let (sender, received) = watch::channel(Received::default());
        let mut int = signal(SignalKind::interrupt())?;
        let mut term = signal(SignalKind::terminate())?;
        let mut hup = signal(SignalKind::hangup())?;
        let mut quit = signal(SignalKind::quit())?;
        tokio::spawn(async move {
            let mut last = None;
            loop {
                let signal = tokio::select! {
                    _ = int.recv() => Signal::Int,
                    _ = term.recv() => Signal::Term,
                    _ = hup.recv() => Signal::Hup,
                    _ = quit.recv() => Signal::Quit,
                };
                let now = tokio::time::Instant::now();
                if last.is_some_and(|last| now - last < SAME_PRESS) {
                    continue;
                }
                last = Some(now);
                sender.send_modify(|received| {
                    received.first.get_or_insert(signal);
                    received.count += 1;
                });
            }
        });
        Ok(Self { received })
    }

    /// Makes a ladder that nobody climbs.
    pub fn never() -> Self {
        Self {
            received: watch::channel(Received::default()).1,
        }
    }

    /// Returns the first signal, if there was one.
    pub fn signal(&self) -> Option<Signal> {
        self.received.borrow().first
    }

    /// Returns how many have come.
    pub fn count(&self) -> u32 {
        self.received.borrow().count
    }

    /// Resolves when `count` signals have come.
    pub async fn reached(&self, count: u32) {
        let mut received = self.received.clone();
        if received.wait_for(|now| now.count >= count).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns a ladder and the hand that climbs it.
    #[cfg(test)]
    pub(crate) fn by_hand() -> (Self, impl Fn(Signal)) {
        let (sender, received) = watch::channel(Received::default());
        let press = move |signal| {
            sender.send_modify(|received| {
                received.first.get_or_insert(signal);
                received.count += 1;
            });
        };
        (Self { received }, press)
    }
}
