//! The queue of a host: sandboxes for which it has no slots wait for their turn.

use std::time::Duration;

use crate::host::{Host, HostError};
use crate::spec::Need;

use super::{Sandbox, succeed_within, unexpected};

/// A look at the queue ends after ten seconds; a host that is busy needs some more.
const LOOK: Duration = Duration::from_mins(1);

/// How a sandbox stands in its host's queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// 0 when its turn has come, else its place among those who wait: 1 is next.
    pub number: u32,
    /// How many wait.
    pub waiting: u32,
    /// How many slots the host has.
    pub slots: u32,
    /// How many of them the sandbox takes.
    pub asked: u32,
}

/// What a run asks of the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Request {
    pub need: Need,
    /// The number of slots, where the host's own count is set aside.
    pub slots: Option<u32>,
}

impl Request {
    /// Returns the number of slots for a script.
    pub(super) fn most(self) -> String {
        self.slots.as_ref().map(u32::to_string).unwrap_or_default()
    }
}

impl Place {
    /// Returns whether its turn has come.
    pub fn is_turn(&self) -> bool {
        self.number == 0
    }

    pub(super) fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut number = || words.next()?.parse().ok();
        Some(Self {
            number: number()?,
            waiting: number()?,
            slots: number()?,
            asked: number()?,
        })
    }
}

impl Sandbox {
    /// Waits until the sandbox's turn has come or its place has changed, at most some seconds, and
    /// returns its place.
    pub async fn turn(
        &self,
        host: &dyn Host,
        before: Place,
        request: Request,
    ) -> Result<Place, HostError> {
        let script = self
            .bind(script!("turn", "arm", "queue", "turn"))
            .var("place_before", before.number.to_string())
            .var("most", request.most());
        let output = succeed_within(host, &script, b"", LOOK).await?;
        let text = output.text();
        Place::parse(text.split_whitespace())
            .ok_or_else(|| unexpected(host, &script, format!("it said: {text}")))
    }
}
