//! The host on which an engine is asked, and what its script says there. The same for all engines.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::time::timeout;

use crate::host::{self, Host, HostError, Script};
use crate::text::printable;

use super::engine::{Granted, NotGranted, Slot, Standing};

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

/// What the script says of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Waiting(Standing),
    Placed { id: String, node: String },
    Over(String),
    Ended(String),
}

impl Login {
    pub(super) async fn ask(&self, script: Script) -> Result<String, NotGranted> {
        let output = host::run(self.host.as_ref(), &script, b"", ANSWER).await?;
        if output.status == 0 {
            return Ok(output.text());
        }
        Err(self.refused(output.status, &output.stderr))
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

    fn refused(&self, status: i32, said: &str) -> NotGranted {
        let said = printable(said);
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        let last = last.unwrap_or("no answer").trim();
        NotGranted::Refused {
            why: format!("`{}`: {last}", self.host.name()),
            help: (self.help)(status, last),
        }
    }

    /// Asks for a node and waits until one is granted. `script` makes the request, by whether it was made
    /// before over a connection that broke; `ended` has the words for one that the engine ended.
    pub(super) async fn place(
        &self,
        script: impl Fn(bool) -> Script + Send + Sync,
        ended: &str,
        told: &(dyn Fn(Standing) + Send + Sync),
    ) -> Result<Granted, NotGranted> {
        for tried in 0..TRIES {
            match self.try_to_place(&script(tried > 0), ended, told).await {
                Ok(Some(granted)) => return Ok(granted),
                Ok(None) | Err(NotGranted::Host(HostError::Lost { .. })) => {}
                Err(error) => return Err(error),
            }
            self.host.reconnect().await?;
        }
        let host = self.host.name().to_owned();
        let doing = self.request;
        Err(HostError::Lost { host, doing }.into())
    }

    /// Makes a request once; none where the connection was lost.
    async fn try_to_place(
        &self,
        script: &Script,
        ended: &str,
        told: &(dyn Fn(Standing) + Send + Sync),
    ) -> Result<Option<Granted>, NotGranted> {
        let mut channel = self.host.start(script).await?;
        let mut lines = BufReader::new(&mut channel.stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let why = match parse(&line) {
                Some(Said::Waiting(standing)) => {
                    told(standing);
                    continue;
                }
                Some(Said::Placed { id, node }) => {
                    return Ok(Some(Granted {
                        node,
                        id,
                        claim: channel,
                    }));
                }
                Some(Said::Over(why)) => why,
                Some(Said::Ended(how)) => format!("{ended} {how}"),
                None => continue,
            };
            let help = (self.help)(0, &why);
            return Err(NotGranted::Refused { why, help });
        }
        let mut said = Vec::new();
        let _ = timeout(ANSWER, channel.stderr.read_to_end(&mut said)).await;
        match host::split_status(&said) {
            Some((status, said)) => Err(self.refused(status, &said)),
            None => Ok(None),
        }
    }
}

pub(super) fn parse(line: &str) -> Option<Said> {
    let line = printable(line);
    let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
    Some(match word {
        "waiting" => {
            let mut words = rest.splitn(3, ' ');
            Said::Waiting(Standing {
                number: words.next()?.parse().ok()?,
                waiting: words.next()?.parse().ok()?,
                reason: words.next().unwrap_or_default().to_owned(),
            })
        }
        "placed" => {
            let (id, node) = rest.split_once(' ')?;
            Said::Placed {
                id: id.to_owned(),
                node: node.to_owned(),
            }
        }
        "refused" => Said::Over(rest.to_owned()),
        "ended" => Said::Ended(rest.to_owned()),
        _ => return None,
    })
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
    fn the_script_says_how_a_request_stands() {
        let standing = Standing {
            number: 3,
            waiting: 12,
            reason: "Resources".to_owned(),
        };
        assert_eq!(
            parse("waiting 3 12 Resources"),
            Some(Said::Waiting(standing))
        );
        let standing = Standing {
            number: 0,
            waiting: 13,
            reason: "no suitable node (insufficient resources on 2 nodes)".to_owned(),
        };
        let line = format!("waiting 0 13 {}", standing.reason);
        assert_eq!(parse(&line), Some(Said::Waiting(standing)));
        let (id, node) = ("17".to_owned(), "n2".to_owned());
        assert_eq!(parse("placed 17 n2"), Some(Said::Placed { id, node }));
        let how = "17 CANCELLED".to_owned();
        assert_eq!(parse("ended 17 CANCELLED"), Some(Said::Ended(how)));
        let why = "Requested node configuration is not available".to_owned();
        let line = format!("refused {why}");
        assert_eq!(parse(&line), Some(Said::Over(why)));
        for other in ["", "waiting", "waiting x y", "placed 17", "welcome"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

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
