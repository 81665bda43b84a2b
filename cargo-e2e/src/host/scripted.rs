//! A host that is not there: it answers each script as told, and remembers what ran. For tests
//! that fail a stage on purpose; beside them, real hosts are tested.

use std::collections::HashMap;
use std::io::Cursor;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use indoc::indoc;
use tokio::io::AsyncWriteExt as _;

use super::script::STATUS;
use super::{Channel, Host, HostError, RsyncEnd, Script};

/// What a script answers.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// It prints this and ends with a status.
    Ends(&'static str, i32),
    /// A job prints this, and its commands end with a status.
    Job(&'static str, i32),
    /// It prints this and stays.
    Stays(&'static str),
    Lost,
}

#[derive(Clone)]
pub(crate) struct Scripted {
    replies: Arc<HashMap<&'static str, Reply>>,
    rsync: &'static str,
    sockets: bool,
    ran: Arc<Mutex<Vec<&'static str>>>,
    arguments: Arc<Mutex<String>>,
    lost: Arc<AtomicBool>,
    refusals: Arc<AtomicU32>,
}

pub(crate) const PREFLIGHT: &str = indoc! {"
    system=Linux
    arch=x86_64
    libc=gnu
    uid=0
    user=root
    hostname=h
    docker=/d
    rsync=/r
    curl=/c
    flock=/f
    setsid=/s
    tar=/t
    http2=yes
    ipv6=yes
    root=/box
    free_kb=9000000
    engine=20.10.24
    compose=2.26.1
    endpoint=unix:///var/run/docker.sock
"};
const MODEL: &str =
    r#"{"services":{"web":{"image":"x","ports":[{"target":80,"published":"8080"}]}}}"#;
pub(crate) const RUNNING: &str = "{\"id\":\"1\",\"name\":\"/web-1\",\"service\":\"web\",\"state\":{\"Status\":\"running\"}}\nend\n";

impl Scripted {
    /// One on which everything goes well, but for these.
    pub(crate) fn with(faults: &[(&'static str, Reply)]) -> Self {
        let well = [
            ("preflight", Reply::Ends(PREFLIGHT, 0)),
            (
                "the lease",
                Reply::Stays("held\nheld\nheld\nheld\nheld\nheld\nheld\nheld\n"),
            ),
            ("the request for a workspace", Reply::Ends("new\n", 0)),
            ("the end of the sync", Reply::Ends("kept\n", 0)),
            ("compose config", Reply::Ends(MODEL, 0)),
            ("ports", Reply::Ends("claimed\n", 0)),
            ("up", Reply::Job("Container web-1 Started\n", 0)),
            ("inspect", Reply::Ends(RUNNING, 0)),
            ("watch", Reply::Stays(RUNNING)),
            ("probes", Reply::Ends("0 pass 1 HTTP 200\n", 0)),
            ("setup", Reply::Job("", 0)),
            ("test", Reply::Job("1 passed\n", 0)),
            ("collect", Reply::Ends(RUNNING, 0)),
        ];
        Self {
            replies: Arc::new(well.into_iter().chain(faults.iter().cloned()).collect()),
            rsync: "true",
            sockets: true,
            ran: Arc::default(),
            arguments: Arc::default(),
            lost: Arc::default(),
            refusals: Arc::new(AtomicU32::new(u32::MAX)),
        }
    }

    /// It refuses to be connected to once, and then does not answer at all.
    pub(crate) fn refuses_once(self) -> Self {
        self.refusals.store(1, Ordering::Relaxed);
        self
    }

    /// Its rsync fails.
    pub(crate) fn without_rsync(mut self) -> Self {
        self.rsync = "false";
        self
    }

    /// It takes no socket of ours.
    pub(crate) fn without_sockets(mut self) -> Self {
        self.sockets = false;
        self
    }

    /// The same one, on which nothing ran yet.
    pub(crate) fn clone_fresh(&self) -> Self {
        Self {
            ran: Arc::default(),
            arguments: Arc::default(),
            ..self.clone()
        }
    }

    /// What the process list of a host would have shown of all scripts.
    pub(crate) fn arguments(&self) -> String {
        self.arguments.lock().unwrap().clone()
    }

    /// The scripts that ran, in their order.
    pub(crate) fn ran(&self) -> Vec<&'static str> {
        self.ran.lock().unwrap().clone()
    }
}

#[async_trait]
impl Host for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn is_local(&self) -> bool {
        false
    }

    async fn start(&self, script: &Script) -> Result<Channel, HostError> {
        self.ran.lock().unwrap().push(script.name());
        self.arguments.lock().unwrap().push_str(&script.text());
        if script.name() == "provision" && !self.replies.contains_key("provision") {
            return Ok(provisioned(script));
        }
        let reply = self.replies.get(script.name()).cloned();
        let (text, status) = match reply.unwrap_or(Reply::Ends("", 0)) {
            Reply::Ends(text, status) => (text, format!("{STATUS}{status}\n")),
            Reply::Job(text, status) => (text, format!("status {status}\n{STATUS}0\n")),
            Reply::Lost => {
                self.lost.store(true, Ordering::Relaxed);
                ("", String::new())
            }
            Reply::Stays(text) => {
                let (mut writer, reader) = tokio::io::duplex(64 << 10);
                writer.write_all(text.as_bytes()).await.expect("it fits");
                return Ok(Channel {
                    stdin: Box::pin(tokio::io::sink()),
                    stdout: Box::pin(reader),
                    stderr: Box::pin(tokio::io::empty()),
                    done: Box::pin(async move {
                        std::future::pending::<()>().await;
                        drop(writer);
                        Ok(())
                    }),
                });
            }
        };
        Ok(Channel {
            stdin: Box::pin(tokio::io::sink()),
            stdout: Box::pin(Cursor::new(text.as_bytes().to_vec())),
            stderr: Box::pin(Cursor::new(status.into_bytes())),
            done: Box::pin(std::future::ready(Ok(()))),
        })
    }

    fn rsync_end(&self) -> RsyncEnd {
        RsyncEnd {
            program: self.rsync.to_owned(),
            rsh: None,
            prefix: String::new(),
        }
    }

    async fn forward(&self, _: SocketAddr, _: SocketAddr) -> Result<(), HostError> {
        Ok(())
    }

    async fn forward_socket(&self, _: &str, _: &Path) -> Result<(), HostError> {
        if self.sockets {
            return Ok(());
        }
        Err(HostError::ForwardSocket {
            host: self.name().to_owned(),
            reason: "refused".to_owned(),
        })
    }

    async fn reconnect(&self) -> Result<(), HostError> {
        if !self.lost.load(Ordering::Relaxed) {
            return Ok(());
        }
        if self.refusals.load(Ordering::Relaxed) == 0 {
            std::future::pending::<()>().await;
        }
        self.refusals.fetch_sub(1, Ordering::Relaxed);
        Err(HostError::Lost {
            host: "scripted".to_owned(),
            doing: "reconnect",
        })
    }

    async fn close(&self) {
        self.ran.lock().unwrap().push("close");
    }
}

/// The guard answers with what only it was told.
fn provisioned(script: &Script) -> Channel {
    let nonce = script.value("nonce");
    let text = format!("armed={nonce}\nexpires=4102444800\n");
    Channel {
        stdin: Box::pin(tokio::io::sink()),
        stdout: Box::pin(Cursor::new(text.into_bytes())),
        stderr: Box::pin(Cursor::new(format!("{STATUS}0\n").into_bytes())),
        done: Box::pin(std::future::ready(Ok(()))),
    }
}
