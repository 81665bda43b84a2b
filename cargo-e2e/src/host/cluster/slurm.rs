//! Slurm, asked by its own commands: `host/sh/slurm.sh` has them, `host/sh/slot.sh` is what it runs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::time::timeout;

use crate::host::{self, Host, HostError, Script};
use crate::text::printable;

use super::engine::{Engine, Granted, NodeRequest, NotGranted, Slot, Standing};

const SLOT: &str = include_str!("../sh/slot.sh");
/// Slurm's commands try a controller that does not answer for some time.
const ANSWER: Duration = Duration::from_secs(30);
/// A request over a connection that breaks is made again, so often.
const TRIES: u32 = 5;

pub(super) struct Slurm {
    pub(super) login: Arc<dyn Host>,
    pub(super) partition: String,
}

/// What the script says of a request.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Waiting(Standing),
    Placed { id: String, node: String },
    Over(String),
}

impl Slurm {
    fn script(&self, verb: &str) -> Script {
        Script::new("the question to Slurm", include_str!("../sh/slurm.sh"))
            .var("verb", verb)
            .var("partition", &self.partition)
    }

    fn request(&self, request: &NodeRequest, again: bool) -> Script {
        self.script("place")
            .var("again", if again { "yes" } else { "" })
            .var("stays", if request.stays { "yes" } else { "" })
            .var("run", &request.run_id)
            .var("name", &request.name)
            .var("slot", SLOT)
            .var("grace", request.grace.as_secs().to_string())
            .var("cpus", request.cpus.to_string())
            .var("memory", request.memory.to_string())
            .var("minutes", request.time.as_secs().div_ceil(60).to_string())
            .var("exclude", request.exclude.join(","))
            .long()
    }

    async fn ask(&self, script: Script) -> Result<String, NotGranted> {
        let output = host::run(self.login.as_ref(), &script, b"", ANSWER).await?;
        if output.status == 0 {
            return Ok(output.text());
        }
        Err(self.refused(output.status, &output.stderr))
    }

    fn refused(&self, status: i32, said: &str) -> NotGranted {
        let said = printable(said);
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        let last = last.unwrap_or("no answer").trim();
        NotGranted::Refused {
            why: format!("`{}`: {last}", self.login.name()),
            help: match status {
                3 => Some("install Slurm's commands there: `sudo apt-get install slurm-client`"),
                4 => Some("`sinfo` there lists partitions"),
                _ => None,
            },
        }
    }

    /// Makes a request once; none where the connection was lost.
    async fn try_to_place(
        &self,
        request: &NodeRequest,
        again: bool,
        told: &(dyn Fn(Standing) + Send + Sync),
    ) -> Result<Option<Granted>, NotGranted> {
        let mut channel = self.login.start(&self.request(request, again)).await?;
        let mut lines = BufReader::new(&mut channel.stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            match parse(&line) {
                Some(Said::Waiting(standing)) => told(standing),
                Some(Said::Placed { id, node }) => {
                    return Ok(Some(Granted {
                        node,
                        id,
                        claim: channel,
                    }));
                }
                Some(Said::Over(why)) => return Err(NotGranted::Refused { why, help: None }),
                None => {}
            }
        }
        let mut said = Vec::new();
        let _ = timeout(ANSWER, channel.stderr.read_to_end(&mut said)).await;
        match host::split_status(&said) {
            Some((status, said)) => Err(self.refused(status, &said)),
            None => Ok(None),
        }
    }
}

#[async_trait]
impl Engine for Slurm {
    async fn place(
        &self,
        request: &NodeRequest,
        told: &(dyn Fn(Standing) + Send + Sync),
    ) -> Result<Granted, NotGranted> {
        for tried in 0..TRIES {
            match self.try_to_place(request, tried > 0, told).await {
                Ok(Some(granted)) => return Ok(granted),
                Ok(None) | Err(NotGranted::Host(HostError::Lost { .. })) => {}
                Err(error) => return Err(error),
            }
            self.login.reconnect().await?;
        }
        let host = self.login.name().to_owned();
        let doing = "the request to Slurm";
        Err(HostError::Lost { host, doing }.into())
    }

    async fn nodes(&self) -> Result<Vec<String>, NotGranted> {
        let text = self.ask(self.script("nodes")).await?;
        Ok(text.lines().filter_map(node).collect())
    }

    async fn holds(&self) -> Result<Vec<Slot>, NotGranted> {
        let text = self.ask(self.script("holds")).await?;
        Ok(text.lines().filter_map(slot).collect())
    }

    async fn end(&self, id: &str, node: &str) -> Result<String, NotGranted> {
        let script = self.script("end").var("job", id).var("node", node);
        let text = printable(&self.ask(script).await?);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Ok(lines.join(", "))
    }
}

fn parse(line: &str) -> Option<Said> {
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
        "ended" => Said::Over(format!("Slurm ended job {rest}")),
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
        let (id, node) = ("17".to_owned(), "n2".to_owned());
        assert_eq!(parse("placed 17 n2"), Some(Said::Placed { id, node }));
        let why = "Slurm ended job 17 CANCELLED".to_owned();
        assert_eq!(parse("ended 17 CANCELLED"), Some(Said::Over(why)));
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
