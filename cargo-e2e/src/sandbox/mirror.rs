//! The repo's mirror on the host: one run at a time writes it, and copies it.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use crate::host::{self, Host, HostError};

use super::{SOON, Sandbox, check};

/// The status of a wait for a turn that did not come.
const BUSY: i32 = 75;

/// Holds a repo's mirror until it is dropped.
#[derive(Debug)]
pub struct MirrorGuard {
    _channel: host::Channel,
}

impl Sandbox {
    /// Takes the mirror of a repo for as long as the guard lives.
    pub async fn hold_mirror(
        &self,
        host: &dyn Host,
        mirror: &str,
        patience: Duration,
    ) -> Result<MirrorGuard, HostError> {
        let script = self
            .bind(script!("the wait for the mirror", "mirror"))
            .var("mirror", mirror)
            .var("patience", patience.as_secs().to_string());
        let mut channel = host.start(&script).await?;
        let mut word = [0; 4];
        let held = channel.stdout.read_exact(&mut word);
        let took_too_long = || HostError::TimedOut {
            host: host.name().to_owned(),
            doing: script.name(),
            after: patience,
        };
        match tokio::time::timeout(patience + SOON, held).await {
            Ok(Ok(_)) if &word == b"held" => return Ok(MirrorGuard { _channel: channel }),
            Ok(_) => {}
            Err(_) => return Err(took_too_long()),
        }
        let output = host::ending(host, &script, channel, SOON).await?;
        if output.status == BUSY {
            return Err(took_too_long());
        }
        let status = output.status;
        check(host, &script, output)?;
        Err(HostError::Script {
            host: host.name().to_owned(),
            doing: script.name(),
            status,
            stderr: "it said something else than that it has it".to_owned(),
        })
    }

    /// Gives the sandbox its private copy of a mirror.
    pub async fn copy_mirror(
        &self,
        host: &dyn Host,
        mirror: &str,
        deadline: Duration,
    ) -> Result<(), HostError> {
        let script = self.bind(script!("copy", "copy")).var("mirror", mirror);
        let output = host::run(host, &script, b"", deadline).await?;
        check(host, &script, output).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Identity, Visitor};
    use super::*;
    use crate::host::Local;

    #[tokio::test]
    async fn one_holds_it_and_takes_it_from_nobody_but_itself() {
        let root = tempfile::tempdir().unwrap();
        let sandbox = || {
            let sandbox = Sandbox {
                identity: Identity::new("shop"),
                root: root.path().to_str().unwrap().to_owned(),
                expires: 0,
                lease: Duration::from_secs(5),
                visitor: Visitor {
                    run: "01run".to_owned(),
                    who: "ann@laptop".to_owned(),
                },
            };
            std::fs::create_dir_all(sandbox.dir()).unwrap();
            sandbox
        };
        std::fs::create_dir_all(root.path().join("locks")).unwrap();
        let (first, second) = (sandbox(), sandbox());
        let long = Duration::from_mins(1);
        let before = first.hold_mirror(&Local, "shop-1", long).await.unwrap();
        let refused = second.hold_mirror(&Local, "shop-1", Duration::ZERO).await;
        assert!(
            matches!(refused, Err(HostError::TimedOut { .. })),
            "{refused:?}"
        );
        // As when the connection of before is lost, and the host does not know it.
        let _again = first.hold_mirror(&Local, "shop-1", long).await.unwrap();
        drop(before);
        let refused = second.hold_mirror(&Local, "shop-1", Duration::ZERO).await;
        assert!(refused.is_err());
    }
}
