//! One run at a time is in a sandbox: how the next one enters, and what it is told meanwhile.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::cancel::Cancel;
use crate::host::{Host, HostError};

use super::{Lease, Sandbox};

/// Whether a run is in its sandbox, as far as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// It has asked.
    Asking,
    /// Another one is.
    Waiting(Occupant),
    /// It is.
    In(Predecessor),
    /// It has no business there: the sandbox ends with the run that made it.
    Unkept,
}

impl Turn {
    pub(super) fn is_in(&self) -> bool {
        matches!(self, Self::In(_))
    }
}

/// How the run before ended that was in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predecessor {
    /// It left, or there was none.
    Left,
    /// It was killed or cut off: what it ran may still run.
    Vanished,
}

/// A run that is in a sandbox, as others are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupant {
    run: String,
    /// Seconds since 1970, by the host's clock.
    since: i64,
    who: String,
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, who, .. } = self;
        write!(f, "run {run} of {who}")?;
        match jiff::Timestamp::from_second(self.since) {
            Ok(since) if self.since > 0 => write!(f, ", since {since}"),
            _ => Ok(()),
        }
    }
}

/// What the host answers to a heartbeat.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// There is nothing to hold any more.
    Ended(String),
    /// As lease.sh says it.
    Turn(Turn),
}

impl Answer {
    pub(super) fn parse(line: &str) -> Self {
        let line = crate::text::printable(line);
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "ended" => Self::Ended(rest.to_owned()),
            "waiting" => {
                let mut words = rest.splitn(3, ' ');
                let mut next = || words.next().unwrap_or_default().to_owned();
                Self::Turn(Turn::Waiting(Occupant {
                    run: next(),
                    since: next().parse().unwrap_or_default(),
                    who: next(),
                }))
            }
            "unkept" => Self::Turn(Turn::Unkept),
            _ if rest.is_empty() => Self::Turn(Turn::In(Predecessor::Left)),
            _ => Self::Turn(Turn::In(Predecessor::Vanished)),
        }
    }
}

/// Why a run did not enter a sandbox.
#[derive(Debug)]
pub enum NotEntered {
    /// It is nobody's to enter: it is gone, or ends with the run that made it.
    Nothing,
    /// Another run is in it, and did not leave in time.
    Occupied(Occupant),
    /// The host did not answer.
    Host(HostError),
}

impl Lease {
    /// Enters a sandbox that is kept, when nobody else is in it any more. `told` hears for whom it
    /// waits; with a limit of zero it does not.
    ///
    /// # Errors
    /// When another run stays in it for longer than `limit`, or there is nothing to enter.
    pub async fn enter(
        host: Arc<dyn Host>,
        sandbox: &Sandbox,
        limit: Duration,
        told: &(dyn Fn(&Occupant) + Sync),
    ) -> Result<(Self, Predecessor), NotEntered> {
        // A kept sandbox has no lease that a signal could shorten.
        let mut lease = Self::hold(host, sandbox, Cancel::never());
        let deadline = tokio::time::Instant::now() + limit;
        let mut occupant: Option<Occupant> = None;
        loop {
            let turn = lease.turn.borrow_and_update().clone();
            match turn {
                Turn::In(before) => return Ok((lease, before)),
                Turn::Unkept => return Err(NotEntered::Nothing),
                Turn::Waiting(other) if limit.is_zero() => return Err(NotEntered::Occupied(other)),
                Turn::Waiting(other) => {
                    if occupant.as_ref() != Some(&other) {
                        told(&other);
                    }
                    occupant = Some(other);
                }
                Turn::Asking => {}
            }
            // The host answers the first time, or the lease says that it does not.
            let until = async {
                match occupant {
                    Some(_) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = lease.turn.changed() => {
                    if changed.is_err() {
                        return Err(lease.not_entered());
                    }
                }
                () = until => {
                    if let Some(other) = occupant {
                        return Err(NotEntered::Occupied(other));
                    }
                }
            }
        }
    }

    fn not_entered(&self) -> NotEntered {
        match self.lost().borrow().clone() {
            Some(lost) if lost.by_host => NotEntered::Nothing,
            Some(lost) => NotEntered::Host(lost.into()),
            None => NotEntered::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occupant_has_a_run_a_name_and_a_time() {
        let parsed = Answer::parse("waiting 01abc 1795365660 ann@laptop, pid 7");
        let Answer::Turn(Turn::Waiting(other)) = parsed else {
            panic!("{parsed:?}");
        };
        let text = "run 01abc of ann@laptop, pid 7, since 2026-11-22T16:41:00Z";
        assert_eq!(other.to_string(), text);
        let is_in = |before| Answer::Turn(Turn::In(before));
        assert_eq!(Answer::parse("held"), is_in(Predecessor::Left));
        assert_eq!(Answer::parse("held 01abc"), is_in(Predecessor::Vanished));
        let why = "it was taken down";
        assert_eq!(
            Answer::parse(&format!("ended {why}")),
            Answer::Ended(why.to_owned())
        );
    }
}
