//! The repo's mirror on the host: one run at a time writes it, and copies it.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use crate::host::{self, Host, HostError};

use super::{SOON, Sandbox, check};

/// The status of a wait for a turn that did not come.
const BUSY: i32 = 75;

/// One of the mirrors on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Its folder's name: the same for all working copies of a repo.
    pub name: String,
    /// The run id of the sandbox for which this working copy was sent whole last; empty for none.
    pub last: String,
}

/// How a mirror is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copying {
    /// The sandbox has no copy yet.
    New,
    /// What is in the copy goes first: it may be of something else.
    Anew,
    /// Only says what `Again` would write.
    Look,
    /// Writes what differs, in place, and says what. Removes nothing.
    Again,
}

/// Holds a repo's mirror until it is dropped.
#[derive(Debug)]
pub struct MirrorGuard {
    /// Whether all that is in it comes from the same working copy: then a file of the same size and
    /// time is the same file.
    pub is_known: bool,
    _channel: host::Channel,
}

impl Sandbox {
    /// Takes the mirror of a repo for as long as the guard lives.
    pub async fn hold_mirror(
        &self,
        host: &dyn Host,
        mirror: &Mirror,
        patience: Duration,
    ) -> Result<MirrorGuard, HostError> {
        let script = self
            .bind(script!("the wait for the mirror", "mirror"))
            .var("mirror", &mirror.name)
            .var("last", &mirror.last)
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
            Ok(Ok(_)) if [b"held", b"read"].contains(&&word) => {
                return Ok(MirrorGuard {
                    is_known: &word == b"held",
                    _channel: channel,
                });
            }
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
            stderr: "unexpected answer to the request for the mirror".to_owned(),
        })
    }

    /// Gives the sandbox its private copy of a mirror, and returns what was said of it.
    pub async fn copy_mirror(
        &self,
        host: &dyn Host,
        mirror: &Mirror,
        how: Copying,
        deadline: Duration,
    ) -> Result<String, HostError> {
        let mode = match how {
            Copying::New => "new",
            Copying::Anew => "anew",
            Copying::Look => "look",
            Copying::Again => "again",
        };
        let script = self
            .bind(script!("copy", "copy"))
            .var("mirror", &mirror.name)
            .var("mode", mode);
        let output = host::run(host, &script, b"", deadline).await?;
        Ok(check(host, &script, output)?.text())
    }

    /// Removes files from the copy, and then folders that they leave empty; both NUL-separated, and
    /// folders end with a slash.
    pub async fn forget(
        &self,
        host: &dyn Host,
        names: &[u8],
        deadline: Duration,
    ) -> Result<(), HostError> {
        let script = self.bind(script!("the removal of files", "forget"));
        let output = host::run(host, &script, names, deadline).await?;
        check(host, &script, output).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Identity, Visitor};
    use super::*;
    use crate::host::Local;

    const LONG: Duration = Duration::from_mins(1);

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            for folder in ["locks", "mirrors"] {
                std::fs::create_dir(root.path().join(folder)).unwrap();
            }
            Self(root)
        }

        fn sandbox(&self) -> Sandbox {
            let sandbox = Sandbox {
                identity: Identity::new("shop"),
                root: self.0.path().to_str().unwrap().to_owned(),
                expires: 0,
                lease: Duration::from_secs(5),
                visitor: Visitor {
                    run: "01run".to_owned(),
                    who: "ann@laptop".to_owned(),
                },
            };
            std::fs::create_dir_all(sandbox.repo_dir()).unwrap();
            sandbox
        }
    }

    fn mirror(last: &str) -> Mirror {
        Mirror {
            name: "shop.1".to_owned(),
            last: last.to_owned(),
        }
    }

    #[tokio::test]
    async fn one_holds_it_and_takes_it_from_nobody_but_itself() {
        let place = Place::new();
        let (first, second) = (place.sandbox(), place.sandbox());
        let mirror = mirror("a");
        let before = first.hold_mirror(&Local, &mirror, LONG).await.unwrap();
        let refused = second.hold_mirror(&Local, &mirror, Duration::ZERO).await;
        assert!(
            matches!(refused, Err(HostError::TimedOut { .. })),
            "{refused:?}"
        );
        // As when the connection of before is lost, and the host does not know it.
        let _again = first.hold_mirror(&Local, &mirror, LONG).await.unwrap();
        drop(before);
        let refused = second.hold_mirror(&Local, &mirror, Duration::ZERO).await;
        assert!(refused.is_err());
    }

    #[tokio::test]
    async fn it_is_known_to_the_working_copy_that_sent_all_of_it_last() {
        let place = Place::new();
        // Returns whether it was known, and the run that sent it.
        let hold = async |last: &str, sends: bool| {
            let (sandbox, mirror) = (place.sandbox(), mirror(last));
            let held = sandbox.hold_mirror(&Local, &mirror, LONG).await.unwrap();
            if sends {
                let copied = sandbox.copy_mirror(&Local, &mirror, Copying::New, LONG);
                copied.await.unwrap();
            }
            (held.is_known, sandbox.identity.run_id)
        };
        let (known, first) = hold("", true).await;
        assert!(known, "it was empty");
        let (known, second) = hold(&first, true).await;
        assert!(known);
        assert!(!hold(&first, true).await.0, "another sync came between");
        let (known, third) = hold(&second, true).await;
        assert!(!known);
        let (known, fourth) = hold(&third, false).await;
        assert!(known);
        let (known, fifth) = hold(&fourth, true).await;
        assert!(!known, "the last did not send all");
        assert!(!hold("", false).await.0);
        assert!(!hold(&fifth, true).await.0);

        // One whose hold was lost, and taken by another, says nothing of what is there.
        let (lost, other) = (place.sandbox(), place.sandbox());
        drop(lost.hold_mirror(&Local, &mirror(""), LONG).await.unwrap());
        drop(other.hold_mirror(&Local, &mirror(""), LONG).await.unwrap());
        std::fs::write(format!("{}/theirs", lost.repo_dir()), "x").unwrap();
        lost.copy_mirror(&Local, &mirror(""), Copying::Anew, LONG)
            .await
            .unwrap();
        assert!(!std::path::Path::new(&format!("{}/theirs", lost.repo_dir())).exists());
        assert!(!hold(&lost.identity.run_id, false).await.0);
    }
}
