//! One run at a time is in a sandbox: what the next one is told meanwhile.

use std::fmt;

use crate::host::HostError;

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
    /// No run may enter it: it is gone, or ends with the run that made it.
    Nothing,
    /// Another run is in it, and did not leave in time.
    Occupied(Occupant),
    /// The host did not answer.
    Host(HostError),
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
