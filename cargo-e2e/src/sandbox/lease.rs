//! The client's side of the lease: the sandbox is this run's, and is held and renewed as long as
//! this process lives, and reaches the host. Its end is told to who runs the stages.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};

use crate::cancel::Cancel;
use crate::host::{Channel, Host, HostError, Script};

use super::Sandbox;
use super::turn::{Answer, Turn};

/// The longest between two heartbeats.
const BEAT: Duration = Duration::from_secs(5);
/// The same once the client was told to end: its lease is 5 s from then on, as guard.sh has it.
const LEAVING_BEAT: Duration = Duration::from_secs(1);
/// The same while another run is in the sandbox: then each asks whether it still is.
const WAITING_BEAT: Duration = Duration::from_millis(500);
/// An answer that takes longer does not come.
const ANSWER: Duration = Duration::from_secs(15);
const NO_ANSWER: &str = "no response";
/// For one more try, when the lease has run out already: the guard does the rest.
const LAST_TRY: Duration = Duration::from_secs(3);
/// Between two tries to reach the host again.
const BETWEEN: Duration = Duration::from_secs(1);

/// A lease that is being renewed; not any more when it is dropped.
#[derive(Debug)]
pub struct Lease {
    _task: JoinSet<()>,
    stop: watch::Sender<bool>,
    lost: watch::Receiver<Option<LeaseLost>>,
    pub(super) turn: watch::Receiver<Turn>,
}

/// The sandbox is the run's no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseLost {
    host: String,
    why: String,
    /// The host said so itself.
    pub(super) by_host: bool,
}

impl From<LeaseLost> for HostError {
    fn from(LeaseLost { host, why, .. }: LeaseLost) -> Self {
        Self::Lease { host, why }
    }
}

impl Lease {
    /// Renews a sandbox's lease from now on. After the first signal of `cancel` it is a short one,
    /// so that the host finishes soon what a killed client can't.
    pub fn hold(host: Arc<dyn Host>, sandbox: &Sandbox, cancel: Cancel) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (tell, lost) = watch::channel(None);
        let (take, turn) = watch::channel(Turn::Asking);
        let script = sandbox
            .bind(script!("the lease", "arm", "hold", "lease"))
            .var("who", &sandbox.visitor.who)
            .var("patience", sandbox.lease.as_secs().to_string())
            .var("sure", if host.is_local() { "yes" } else { "no" });
        let mut holder = Holder {
            turn: take,
            unanswered: Vec::new(),
            host,
            script,
            lease: sandbox.lease,
            over: if sandbox.visitor.run == sandbox.identity.run_id {
                "its guard takes the sandbox down"
            } else {
                "another run may be in the sandbox"
            },
            cancel,
            beats: 0,
            answered: Instant::now(),
            answered_at: jiff::Timestamp::now(),
        };
        let mut task = JoinSet::new();
        task.spawn(async move {
            // Who waits for a turn reads why it is lost as soon as the holder is gone.
            if let Some(why) = holder.hold(stopped).await {
                tell.send_replace(Some(why));
            }
        });
        Self {
            _task: task,
            stop,
            lost,
            turn,
        }
    }

    /// Tells when the lease has ended without having been given back.
    pub fn lost(&self) -> watch::Receiver<Option<LeaseLost>> {
        self.lost.clone()
    }

    /// Gives it back: the sandbox is kept, or about to be taken down.
    pub async fn give_back(self) {
        self.stop.send_replace(true);
        let _ = timeout(Duration::from_secs(1), self.stop.closed()).await;
    }
}

type Input = Pin<Box<dyn AsyncWrite + Send>>;
type Done = Pin<Box<dyn Future<Output = Result<(), HostError>> + Send>>;

/// How one channel ended.
enum Over {
    GivenBack,
    Said(String),
    Broken(String),
}

struct Holder {
    turn: watch::Sender<Turn>,
    /// Channels on which no answer came: closed only when one comes on another, because the end of a
    /// channel whose connection lives is taken for the client's.
    unanswered: Vec<(Input, Done)>,
    host: Arc<dyn Host>,
    script: Script,
    lease: Duration,
    /// What comes of it when it is over.
    over: &'static str,
    cancel: Cancel,
    beats: u64,
    answered: Instant,
    /// The same by the clock.
    answered_at: jiff::Timestamp,
}

impl Holder {
    /// Returns how long an answer is worth waiting for.
    fn patience(&self) -> Duration {
        self.lease
            .saturating_sub(self.answered.elapsed())
            .max(LAST_TRY)
    }

    fn lost(&self, why: String, by_host: bool) -> LeaseLost {
        LeaseLost {
            host: self.host.name().to_owned(),
            why,
            by_host,
        }
    }

    /// Until it is given back (none), or has ended.
    async fn hold(&mut self, mut stopped: watch::Receiver<bool>) -> Option<LeaseLost> {
        let mut tried_since = false;
        let mut refused = None;
        loop {
            let last = match self.channel(&mut stopped).await {
                Over::GivenBack => return None,
                Over::Said(why) => return Some(self.lost(why, true)),
                // A better reason than that there is no answer.
                Over::Broken(last) => refused.clone().unwrap_or(last),
            };
            // After a long sleep of this machine, it must have asked once before it judges.
            if self.answered.elapsed() > self.lease {
                if tried_since {
                    let why = format!(
                        "no response for {} s, since {:.0} ({last}): the lease has expired, and {}",
                        self.lease.as_secs(),
                        self.answered_at,
                        self.over
                    );
                    return Some(self.lost(why, false));
                }
                tried_since = true;
            } else {
                tried_since = false;
            }
            let again = async {
                sleep(BETWEEN).await;
                self.host.reconnect().await
            };
            tokio::select! {
                // A try without an answer takes nothing back of what an earlier one was told.
                again = timeout(self.patience(), again) => if let Ok(again) = again {
                    refused = again.err().map(|error| error.to_string());
                },
                () = given_back(&mut stopped) => return None,
            }
        }
    }

    async fn channel(&mut self, stopped: &mut watch::Receiver<bool>) -> Over {
        let opened = tokio::select! {
            opened = timeout(self.patience(), self.host.start(&self.script)) => opened,
            () = given_back(stopped) => return Over::GivenBack,
        };
        let Channel {
            mut stdin,
            stdout,
            stderr,
            done,
        } = match opened {
            Ok(Ok(channel)) => channel,
            Ok(Err(error)) => return Over::Broken(error.to_string()),
            Err(_) => return Over::Broken(NO_ANSWER.to_owned()),
        };
        // Nobody reads what it complains of; it must not stop over it.
        let mut complaints = JoinSet::new();
        complaints.spawn(async move {
            let mut stderr = stderr;
            tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await
        });
        let mut answers = BufReader::new(stdout).lines();
        let mut ticks = every(self.pause(false));
        let mut leaving = false;
        let cancel = self.cancel.clone();
        loop {
            let line = tokio::select! {
                _ = ticks.tick() => {
                    self.beats += 1;
                    format!("beat {:08}\n", self.beats)
                }
                () = cancel.reached(1), if !leaving => {
                    leaving = true;
                    ticks = every(self.pause(true));
                    "leaving\n".to_owned()
                }
                () = given_back(stopped) => {
                    let bye = async {
                        let _ = stdin.write_all(b"bye\n").await;
                        let _ = stdin.flush().await;
                        // Closing it before the word has arrived would look like a death.
                        let _ = answers.next_line().await;
                    };
                    let _ = timeout(Duration::from_millis(500), bye).await;
                    return Over::GivenBack;
                }
            };
            let asked = async {
                stdin.write_all(line.as_bytes()).await?;
                stdin.flush().await?;
                answers.next_line().await
            };
            match timeout(ANSWER.min(self.patience()), asked).await {
                Ok(Ok(Some(answer))) => {
                    self.unanswered.clear();
                    let was_in = self.turn.borrow().is_in();
                    match self.take(&answer) {
                        Some(over) => return over,
                        None if was_in => {}
                        None => ticks = every(self.pause(leaving)),
                    }
                    self.answered = Instant::now();
                    self.answered_at = jiff::Timestamp::now();
                }
                Ok(Ok(None)) => return Over::Broken("the connection was lost".to_owned()),
                Ok(Err(error)) => return Over::Broken(error.to_string()),
                Err(_) => {
                    self.unanswered.push((stdin, done));
                    return Over::Broken(NO_ANSWER.to_owned());
                }
            }
        }
    }

    /// Takes what the host answered to a heartbeat; says how that ends it.
    fn take(&self, answer: &str) -> Option<Over> {
        let turn = match Answer::parse(answer) {
            Answer::Ended(why) => return Some(Over::Said(why)),
            Answer::Turn(turn) => turn,
        };
        if self.turn.borrow().is_in() {
            return match turn {
                Turn::Waiting(other) => Some(Over::Said(format!("{other} is using it now"))),
                _ => None,
            };
        }
        self.turn.send_replace(turn);
        None
    }

    fn pause(&self, leaving: bool) -> Duration {
        if matches!(*self.turn.borrow(), Turn::Waiting(_)) {
            return WAITING_BEAT;
        }
        pause(self.lease, leaving)
    }
}

/// Returns the time between two heartbeats of who is in: several fit into a lease, the short one
/// too.
fn pause(lease: Duration, leaving: bool) -> Duration {
    let longest = if leaving { LEAVING_BEAT } else { BEAT };
    longest.min(lease / 4)
}

fn every(pause: Duration) -> Interval {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn given_back(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests {
    use super::super::{Identity, Visitor};
    use super::*;
    use crate::host::scripted::{Reply, Scripted};

    #[tokio::test]
    async fn the_last_refusal_is_the_reason_though_later_tries_had_no_answer() {
        let host = Scripted::with(&[("the lease", Reply::Lost)]).refuses_once();
        let identity = Identity::new("hello");
        let visitor = Visitor {
            run: identity.run_id.clone(),
            who: "nobody".to_owned(),
        };
        let sandbox = Sandbox {
            identity,
            root: "/box".to_owned(),
            expires: 0,
            lease: Duration::from_millis(100),
            visitor,
        };
        let lease = Lease::hold(Arc::new(host), &sandbox, Cancel::never());
        let mut lost = lease.lost();
        let lost = timeout(Duration::from_mins(1), lost.wait_for(Option::is_some));
        let why = lost.await.unwrap().unwrap().clone().unwrap().why;
        assert!(why.contains("reconnect"), "{why}");
    }

    #[test]
    fn several_heartbeats_fit_into_each_lease() {
        let lease = Duration::from_mins(1);
        assert_eq!(pause(lease, false), BEAT);
        // Of the guard's 5 s.
        assert!(pause(lease, true) * 4 <= Duration::from_secs(5));
        let short = Duration::from_secs(2);
        assert_eq!(pause(short, true), short / 4);
    }
}
