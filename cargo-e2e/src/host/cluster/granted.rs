//! A request at an engine: how it stands, and the node that it gets.

use std::pin::Pin;
use std::time::Duration;

use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
    Lines,
};
use tokio::time::timeout;

use crate::host::{self, Channel, HostError};
use crate::text::printable;

const CONFIRMED: Duration = Duration::from_secs(30);
/// A script that ends says why.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// How a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its place among those that wait: 1 is next, 0 where the engine has no order.
    pub number: u32,
    /// 0 is not known.
    pub waiting: u32,
    /// In the engine's own words.
    pub reason: String,
}

/// Called with how a request stands, each time the engine says it.
pub type Told<'a> = &'a (dyn Fn(Standing) + Send + Sync);

/// Why an engine gives no node.
#[derive(Debug)]
pub enum NotGranted {
    /// It can't be asked.
    Host(HostError),
    /// It says why, and what to do about it.
    Refused {
        why: String,
        help: Option<&'static str>,
    },
}

impl From<HostError> for NotGranted {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

/// What the script says of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Waiting(Standing),
    Placed { id: String, node: String },
    Held,
    Over(String),
    Ended(String),
}

/// The script that asks an engine, as it runs.
pub(super) struct Claim {
    stdin: Pin<Box<dyn AsyncWrite + Send>>,
    lines: Lines<BufReader<Pin<Box<dyn AsyncRead + Send>>>>,
    stderr: Pin<Box<dyn AsyncRead + Send>>,
    done: Pin<Box<dyn Future<Output = Result<(), HostError>> + Send>>,
    words: Words,
}

/// What is said of an engine's request.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// The host that is asked.
    pub(super) host: String,
    /// The request.
    pub(super) request: &'static str,
    /// What goes before the words on a request that the engine ended.
    pub(super) ended: &'static str,
    /// What to do about a status of the script, or about what it says.
    pub(super) help: fn(i32, &str) -> Option<&'static str>,
}

impl Words {
    /// A script that ended with this status and said this.
    pub(super) fn refusal(&self, status: i32, said: &str) -> NotGranted {
        let said = printable(said);
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        let last = last.unwrap_or("no answer").trim();
        NotGranted::Refused {
            why: format!("`{}`: {last}", self.host),
            help: (self.help)(status, last),
        }
    }

    pub(super) fn lost(&self) -> NotGranted {
        let (host, doing) = (self.host.clone(), self.request);
        HostError::Lost { host, doing }.into()
    }
}

/// How a script answers.
pub(super) enum Answer {
    Placed {
        id: String,
        node: String,
    },
    Held,
    No(NotGranted),
    /// The connection to its host was lost.
    Lost,
}

impl Claim {
    pub(super) fn new(channel: Channel, words: Words) -> Self {
        Self {
            stdin: channel.stdin,
            lines: BufReader::new(channel.stdout).lines(),
            stderr: channel.stderr,
            done: channel.done,
            words,
        }
    }

    /// Returns what the script says next, but for how the request stands.
    pub(super) async fn answer(&mut self, told: Told<'_>) -> Answer {
        while let Ok(Some(line)) = self.lines.next_line().await {
            let why = match parse(&line) {
                Some(Said::Waiting(standing)) => {
                    told(standing);
                    continue;
                }
                Some(Said::Placed { id, node }) => return Answer::Placed { id, node },
                Some(Said::Held) => return Answer::Held,
                Some(Said::Over(why)) => why,
                Some(Said::Ended(how)) => format!("{} {how}", self.words.ended),
                None => continue,
            };
            let help = (self.words.help)(0, &why);
            return Answer::No(NotGranted::Refused { why, help });
        }
        let mut said = Vec::new();
        let _ = timeout(LAST_WORDS, self.stderr.read_to_end(&mut said)).await;
        match host::split_status(&said) {
            Some((status, said)) => Answer::No(self.words.refusal(status, &said)),
            None => Answer::Lost,
        }
    }
}

/// A node that was granted. The engine takes it back when this is dropped before it is confirmed, and
/// when the client dies.
pub struct Granted {
    pub node: String,
    /// The name by which the engine knows the slot.
    pub id: String,
    /// Over which it was granted.
    pub(super) claim: Claim,
}

impl Granted {
    /// Waits until the node has taken the slot.
    ///
    /// # Errors
    /// When it refuses it, or the connection to the engine's host is lost, and with it the slot.
    pub async fn held(&mut self, told: Told<'_>) -> Result<(), NotGranted> {
        loop {
            match self.claim.answer(told).await {
                Answer::Held => return Ok(()),
                Answer::Placed { .. } => {}
                Answer::No(why) => return Err(why),
                Answer::Lost => return Err(self.claim.words.lost()),
            }
        }
    }

    /// Keeps the slot: from now on it follows the sandbox.
    pub async fn confirm(self) {
        let Claim {
            mut stdin,
            lines,
            done,
            ..
        } = self.claim;
        let confirmed = async {
            let _ = stdin.write_all(b"taken\n").await;
            let _ = stdin.flush().await;
            // It ends by itself: closed before the word has come, it would take the slot back.
            let _ = lines.into_inner().read_to_end(&mut Vec::new()).await;
            let _ = done.await;
        };
        let _ = timeout(CONFIRMED, confirmed).await;
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
        "held" => Said::Held,
        "refused" => Said::Over(rest.to_owned()),
        "ended" => Said::Ended(rest.to_owned()),
        _ => return None,
    })
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
        assert_eq!(parse("held"), Some(Said::Held));
        let how = "17 CANCELLED".to_owned();
        assert_eq!(parse("ended 17 CANCELLED"), Some(Said::Ended(how)));
        let why = "Requested node configuration is not available".to_owned();
        let line = format!("refused {why}");
        assert_eq!(parse(&line), Some(Said::Over(why)));
        for other in ["", "waiting", "waiting x y", "placed 17", "welcome"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
