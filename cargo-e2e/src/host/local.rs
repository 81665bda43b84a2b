//! This machine's own Docker, without ssh.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use async_trait::async_trait;
use tokio::process::Command;

use super::{Channel, Host, HostError, LOCAL, RsyncEnd, Script};

#[derive(Debug, Clone, Copy)]
pub struct Local;

#[async_trait]
impl Host for Local {
    fn name(&self) -> &'static str {
        LOCAL
    }

    fn is_local(&self) -> bool {
        true
    }

    async fn start(&self, script: &Script) -> Result<Channel, HostError> {
        // A group of its own: Ctrl-C on a terminal goes to the whole foreground group, and
        // would end the teardown too.
        let mut child = Command::new("sh")
            .args(["-c", &script.text()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| HostError::Start {
                program: "sh".to_owned(),
                source,
            })?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            unreachable!("all three were asked for");
        };
        Ok(Channel {
            stdin: Box::pin(stdin),
            stdout: Box::pin(stdout),
            stderr: Box::pin(stderr),
            done: Box::pin(async move {
                // The status travels in-band, as over ssh.
                let _ = child.wait().await;
                Ok(())
            }),
        })
    }

    fn rsync_end(&self) -> RsyncEnd {
        RsyncEnd {
            program: "rsync".to_owned(),
            rsh: None,
            prefix: String::new(),
        }
    }

    async fn forward(&self, here: SocketAddr, there: SocketAddr) -> Result<(), HostError> {
        // What a local sandbox publishes answers here already; there is nowhere else to be.
        debug_assert_eq!(here, there, "local ports are never translated");
        Ok(())
    }

    async fn forward_socket(&self, there: &str, here: &Path) -> Result<(), HostError> {
        debug_assert_eq!(Path::new(there), here, "local paths are never translated");
        Ok(())
    }

    async fn reconnect(&self) -> Result<(), HostError> {
        Ok(())
    }

    async fn close(&self) {}
}
