//! A host that ssh reaches, over one multiplexed connection.
//!
//! The openssh crate speaks to the master itself (native-mux): with one `ssh` process a command,
//! Ctrl-C on a terminal would end a running teardown. What the crate leaves open is closed
//! here: every wait has a deadline, fewer channels are open at once than sshd allows (ten, where
//! nobody has set `MaxSessions`; rsync has one of its own), and the master is ours, so that it is ended for sure: one that
//! lingers keeps the pipes of `cargo e2e | tail` open.

mod control;
mod master;

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use openssh::{ForwardType, Session, Socket, Stdio};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

use super::{Channel, Host, HostError, RsyncEnd, Script, stream};
pub(super) use control::end_orphan;
use master::Master;

const OPEN_CHANNEL: Duration = Duration::from_secs(15);
const CHANNELS: usize = 8;
/// At most this many of them are used by commands without a known end: the
/// lease and short questions always find one.
const LONG: usize = CHANNELS - 2;
/// What ssh says of a session that sshd did not open.
pub(super) const NO_MORE: &str = "Session open refused by peer";
/// sshd counts a session that has just ended for a moment longer.
const REFUSED: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(200);

/// One connection to a remote host.
pub struct Ssh {
    name: String,
    config: Option<PathBuf>,
    link: RwLock<Arc<Link>>,
    connections: AtomicU32,
    /// Whether everything was brought to the connection as it is now.
    renewed: AtomicBool,
    ends_with_client: AtomicBool,
    /// One at a time connects anew.
    reconnecting: Mutex<()>,
    channels: Arc<Semaphore>,
    long: Arc<Semaphore>,
    /// To bring here again after the connection was lost.
    forwards: Mutex<Vec<(SocketAddr, SocketAddr)>>,
    /// The same of sockets: where on the host, and where here.
    sockets: Mutex<Vec<(PathBuf, PathBuf)>>,
}

/// The connection as it is now.
struct Link {
    session: Arc<Session>,
    master: Master,
}

impl Ssh {
    /// Connects, with the user's own ssh config, agent and known hosts. `CARGO_E2E_SSH_CONFIG`
    /// names another config file, as `ssh -F` does.
    pub async fn connect(destination: &str) -> Result<Self, HostError> {
        check_destination(destination)?;
        let config = super::kind::ssh_config();
        let link = link(destination, config.as_deref()).await?;
        Ok(Self {
            name: destination.to_owned(),
            config,
            link: RwLock::new(Arc::new(link)),
            connections: AtomicU32::new(1),
            renewed: AtomicBool::new(true),
            ends_with_client: AtomicBool::new(false),
            reconnecting: Mutex::new(()),
            channels: Arc::new(Semaphore::new(CHANNELS)),
            long: Arc::new(Semaphore::new(LONG)),
            forwards: Mutex::default(),
            sockets: Mutex::default(),
        })
    }

    fn link(&self) -> Arc<Link> {
        Arc::clone(&self.link.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn lost(&self, doing: &'static str) -> HostError {
        HostError::Lost {
            host: self.name.clone(),
            doing,
        }
    }

    async fn request(&self, here: SocketAddr, there: SocketAddr) -> Result<(), HostError> {
        let refused = |reason: String| HostError::Forward {
            host: self.name.clone(),
            port: here.port(),
            reason,
        };
        let link = self.link();
        let request =
            link.session
                .request_port_forward(ForwardType::Local, socket(here), socket(there));
        Self::asked(&link, request).await.map_err(refused)
    }

    async fn request_socket(&self, there: &Path, here: &Path) -> Result<(), HostError> {
        let link = self.link();
        let request = link
            .session
            .request_port_forward(ForwardType::Remote, there, here);
        Self::asked(&link, request)
            .await
            .map_err(|reason| HostError::ForwardSocket {
                host: self.name.clone(),
                reason,
            })
    }

    /// Brings the sockets to the host again. sshd leaves the old ones behind, and makes none where
    /// one is.
    async fn renew_sockets(&self) {
        for (there, here) in self.sockets.lock().await.iter() {
            let script = Script::new("the old socket's end", "rm -f \"$there\"")
                .var("there", there.to_string_lossy());
            let _ = stream(self, &script, b"", OPEN_CHANNEL, &mut |_| {}).await;
            // Where the sandbox is gone, so is the folder that it was in; tests that miss their
            // socket say so.
            let _ = self.request_socket(there, here).await;
        }
    }

    /// Waits for the answer to a request to forward something; an error is why not.
    async fn asked(
        link: &Link,
        request: impl Future<Output = Result<(), openssh::Error>>,
    ) -> Result<(), String> {
        let Ok(answer) = timeout(OPEN_CHANNEL, request).await else {
            return Err("no response".to_owned());
        };
        let Err(error) = answer else {
            return Ok(());
        };
        // The crate says only "failed"; why is in the master's log.
        let log = tokio::fs::read_to_string(link.master.log()).await;
        let last = log
            .ok()
            .and_then(|log| Some(log.lines().last()?.to_owned()));
        Err(last.unwrap_or_else(|| reason(&error)))
    }
}

async fn link(destination: &str, config: Option<&std::path::Path>) -> Result<Link, HostError> {
    let master = Master::launch(destination, config)
        .await
        .map_err(|refused| HostError::Connect {
            host: destination.to_owned(),
            reason: refused.reason,
            help: refused.help,
        })?;
    // `resume`, because the crate's own close leaves a master with open channels behind.
    let session = Session::resume_mux(master.control().into(), Some(master.log().into()));
    Ok(Link {
        session: Arc::new(session),
        master,
    })
}

#[async_trait]
impl Host for Ssh {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_local(&self) -> bool {
        false
    }

    async fn start(&self, script: &Script) -> Result<Channel, HostError> {
        let lost = || self.lost(script.name());
        // As long as it takes: that all are in use does not mean that the connection is lost, and
        // the caller has a deadline of its own.
        let long = if script.is_long() {
            let permit = Arc::clone(&self.long).acquire_owned().await;
            Some(permit.map_err(|_| lost())?)
        } else {
            None
        };
        let permit = Arc::clone(&self.channels).acquire_owned().await;
        let permit = (permit.map_err(|_| lost())?, long);
        let mut command = Arc::clone(&self.link().session).arc_command("sh");
        command
            .args(script.sh_arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let asked = Instant::now();
        let mut child = loop {
            match timeout(OPEN_CHANNEL, command.spawn()).await {
                Ok(Ok(child)) => break child,
                Ok(Err(error)) if reason(&error).contains(NO_MORE) => {
                    if asked.elapsed() > REFUSED {
                        return Err(HostError::Sessions {
                            host: self.name.clone(),
                        });
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                _ => return Err(lost()),
            }
        };
        let pipes = (
            child.stdin().take(),
            child.stdout().take(),
            child.stderr().take(),
        );
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(lost());
        };
        Ok(Channel {
            stdin: Box::pin(stdin),
            stdout: Box::pin(stdout),
            stderr: Box::pin(stderr),
            done: Box::pin(async move {
                // Whether it ended well is in the script's own status line.
                let _ = child.wait().await;
                drop(permit);
                Ok(())
            }),
        })
    }

    fn rsync_end(&self) -> RsyncEnd {
        // ProxyCommand=false: without its master, ssh would dial anew and ask for a password.
        let control = crate::shell::quote(&self.link().master.control().to_string_lossy());
        RsyncEnd {
            program: "rsync".to_owned(),
            rsh: Some(format!(
                "ssh -F none -S {control} -o ProxyCommand=false -o BatchMode=yes"
            )),
            prefix: "cargo-e2e:".to_owned(),
        }
    }

    async fn forward(&self, here: SocketAddr, there: SocketAddr) -> Result<(), HostError> {
        self.request(here, there).await?;
        self.forwards.lock().await.push((here, there));
        Ok(())
    }

    async fn forward_socket(&self, there: &str, here: &Path) -> Result<(), HostError> {
        let there = Path::new(there);
        self.request_socket(there, here).await?;
        let mut sockets = self.sockets.lock().await;
        sockets.push((there.to_owned(), here.to_owned()));
        Ok(())
    }

    async fn end_with_client(&self) {
        self.ends_with_client.store(true, Ordering::Relaxed);
        self.link().master.end_with_client().await;
    }

    async fn reconnect(&self) -> Result<(), HostError> {
        let _turn = self.reconnecting.lock().await;
        let before = self.link();
        // Of a half-written file, ssh would say that it is there.
        if self.renewed.load(Ordering::Relaxed) && before.master.runs().await {
            // Another caller has connected anew, or only one channel broke.
            return Ok(());
        }
        before.master.end().await;
        let after = link(&self.name, self.config.as_deref()).await?;
        if self.ends_with_client.load(Ordering::Relaxed) {
            after.master.end_with_client().await;
        }
        self.renewed.store(false, Ordering::Relaxed);
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        self.connections.fetch_add(1, Ordering::Relaxed);
        let mut renewed = Ok(());
        for (here, there) in self.forwards.lock().await.iter() {
            renewed = renewed.and(self.request(*here, *there).await);
        }
        self.renew_sockets().await;
        self.renewed.store(true, Ordering::Relaxed);
        renewed
    }

    fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }

    async fn close(&self) {
        self.link().master.end().await;
    }
}

/// Returns an address as the master wants it: the crate's own conversion puts IPv6 in brackets,
/// which the master takes for a name.
fn socket(address: SocketAddr) -> Socket<'static> {
    Socket::new(address.ip().to_string(), address.port())
}

/// ssh takes a destination without `--`, so one that starts with `-` would be an option.
fn check_destination(given: &str) -> Result<(), HostError> {
    let reason = if given.is_empty() {
        "it is empty"
    } else if given.starts_with('-') {
        "it starts with `-`"
    } else if given.chars().any(|c| c.is_control() || c.is_whitespace()) {
        "it contains a space or a control character"
    } else if given.contains(['\'', '"', '\\', '$', '`', ';', '|', '&', '<', '>', '(', ')']) {
        "it contains a shell metacharacter"
    } else if given.contains("://") && !given.starts_with("ssh://") {
        "only ssh:// addresses are supported; give `local`, an ssh alias, user@name or ssh://user@name:port"
    } else if given.split(['@', '/']).any(|part| part.starts_with('-')) {
        "a part of it starts with `-`"
    } else {
        return Ok(());
    };
    Err(HostError::NotAHost {
        given: given.escape_debug().to_string(),
        reason,
    })
}

fn reason(error: &openssh::Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        text = error.to_string();
        next = error.source();
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_would_take_for_an_option_is_no_destination() {
        for bad in [
            "",
            "-oProxyCommand=reboot",
            "ssh://-oProxyCommand=x",
            "user@-host",
            "a b",
            "a\nb",
            "a\0b",
            "a\u{1b}[31m",
            "a\u{9b}31m",
            "-",
            "ssh://me@-oProxyCommand=x:22",
            "ssh://-lroot@host",
            "$(reboot)",
            "a;b",
            "tcp://x:2375",
        ] {
            assert!(check_destination(bad).is_err(), "{bad:?}");
        }
        for good in [
            "railiance01",
            "me@railiance01",
            "ssh://me@railiance01:2222",
            "ssh://[::1]:22",
        ] {
            assert!(check_destination(good).is_ok(), "{good:?}");
        }
    }
}
