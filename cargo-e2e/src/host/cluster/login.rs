//! The host on which an engine is asked, and what its script says there. The same for all engines.

use std::sync::Arc;
use std::time::Duration;

use crate::host::{self, Host, HostError, Script};
use crate::text::printable;

use super::engine::Slot;
use super::granted::{Answer, Claim, Granted, NotGranted, Told, Words};

/// What holds a slot on its node.
pub(super) const SLOT: &str = include_str!("../sh/slot.sh");
/// Engines' commands try a controller that does not answer for some time.
const ANSWER: Duration = Duration::from_secs(30);
/// A request over a connection that breaks is made again, so often.
const TRIES: u32 = 5;

pub(super) struct Login {
    pub(super) host: Arc<dyn Host>,
    /// What the request is, for messages.
    pub(super) request: &'static str,
    /// What to do about a status of the script, or about what it says.
    pub(super) help: fn(i32, &str) -> Option<&'static str>,
}

impl Login {
    pub(super) async fn ask(&self, script: Script) -> Result<String, NotGranted> {
        let output = host::run(self.host.as_ref(), &script, b"", ANSWER).await?;
        if output.status == 0 {
            return Ok(output.text());
        }
        Err(self.words("").refusal(output.status, &output.stderr))
    }

    pub(super) async fn nodes(&self, script: Script) -> Result<Vec<String>, NotGranted> {
        Ok(self.ask(script).await?.lines().filter_map(node).collect())
    }

    pub(super) async fn holds(&self, script: Script) -> Result<Vec<Slot>, NotGranted> {
        Ok(self.ask(script).await?.lines().filter_map(slot).collect())
    }

    /// Returns what the engine says of a slot that it gives back, in one line.
    pub(super) async fn end(&self, script: Script) -> Result<String, NotGranted> {
        let text = printable(&self.ask(script).await?);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Ok(lines.join(", "))
    }

    /// Asks for a node and waits until one is granted. `script` makes the request, by whether it was made
    /// before over a connection that broke; `ended` has the words for one that the engine ended.
    pub(super) async fn place(
        &self,
        script: impl Fn(bool) -> Script + Send + Sync,
        ended: &'static str,
        told: Told<'_>,
    ) -> Result<Granted, NotGranted> {
        for tried in 0..TRIES {
            match self.host.start(&script(tried > 0)).await {
                Ok(channel) => {
                    let mut claim = Claim::new(channel, self.words(ended));
                    match claim.answer(told).await {
                        Answer::Placed { id, node } => return Ok(Granted { node, id, claim }),
                        Answer::No(why) => return Err(why),
                        Answer::Held | Answer::Lost => {}
                    }
                }
                Err(HostError::Lost { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            self.host.reconnect().await?;
        }
        Err(self.words(ended).lost())
    }

    fn words(&self, ended: &'static str) -> Words {
        Words {
            host: self.host.name().to_owned(),
            request: self.request,
            ended,
            help: self.help,
        }
    }
}

fn node(line: &str) -> Option<String> {
    let name = line.strip_prefix("node ")?.split_whitespace().next()?;
    Some(name.to_owned())
}

fn slot(line: &str) -> Option<Slot> {
    let words = line.strip_prefix("slot ")?;
    let mut words = words.split_whitespace().map(str::to_owned);
    let slot = Slot {
        id: words.next()?,
        node: words.next()?,
        run_id: words.next()?,
        name: words.next()?,
    };
    // Other jobs of this user.
    slot.name.starts_with("e2e-").then_some(slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_jobs_and_greetings_are_no_slots() {
        let line = "slot 17 n2 01m82gw0ed951hbcac07wrdmrd e2e-shop-07wrdmrd";
        let slot_there = slot(line).unwrap();
        assert_eq!(
            (slot_there.id.as_str(), slot_there.node.as_str()),
            ("17", "n2")
        );
        assert_eq!(slot("slot 18 n2 (null) train"), None);
        assert_eq!(slot("welcome to login"), None);
        assert_eq!(node("node n2 mix"), Some("n2".to_owned()));
        assert_eq!(node("welcome to login"), None);
    }
}
