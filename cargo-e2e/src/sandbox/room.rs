//! How much room a host has left where a sandbox writes.

use std::time::Duration;

use crate::host::{Host, HostError};
use crate::units::kilobytes;

use super::gc::{Stored, stored};
use super::{Sandbox, succeed, succeed_within};

/// Little has to go.
const LIMIT: Duration = Duration::from_mins(2);

/// With less than this, what failed has failed for want of room, or the next thing will.
const LITTLE_KB: u64 = 64 * 1024;
const FEW_INODES: u64 = 100;

impl Sandbox {
    /// Returns where the host has no room left, in a sentence each: for the sandbox's folder, or
    /// for what Docker holds in `engine_root` (empty where that is not known).
    pub async fn full(&self, host: &dyn Host, engine_root: &str) -> Result<Vec<String>, HostError> {
        let script = self
            .bind(script!("room", "room"))
            .var("engine_root", engine_root);
        let said = succeed(host, &script, b"").await?.text();
        let full = |line| full(line, host.name());
        Ok(said.lines().filter_map(full).collect())
    }
}

/// Gives up idle workspaces, those of longest ago first, until a run has room to begin.
/// Nothing goes where there is room.
pub async fn make_room(host: &dyn Host, root: &str) -> Result<Vec<Stored>, HostError> {
    let script = script!("make room", "mounts", "storage"; "make_room\n")
        .var("root", root)
        .var("id", "");
    let output = succeed_within(host, &script, b"", LIMIT).await?;
    Ok(stored(&output.text()))
}

/// `space 0 688128 /var/lib/docker`, `inodes 5000 6000 /`.
pub(super) fn full(line: &str, host: &str) -> Option<String> {
    let mut words = line.splitn(4, ' ');
    let (kind, free, all, place) = (words.next()?, words.next()?, words.next()?, words.next()?);
    // A filesystem without a fixed number of inodes says 0 or -.
    let (free, all): (u64, u64) = (free.parse().ok()?, all.parse().ok().filter(|all| *all > 0)?);
    let place = crate::text::printable(place);
    let how_much = match kind {
        "space" if free < LITTLE_KB => format!("{} of {}", kilobytes(free), kilobytes(all)),
        "inodes" if free < FEW_INODES => format!("{free} of {all} inodes"),
        _ => return None,
    };
    Some(format!(
        "the disk of `{host}` is full (No space left on device): {how_much} are free on {place}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_place_without_room_is_told_of() {
        let full = |line| full(line, "h");
        assert_eq!(full("space 900000 1000000 /"), None);
        assert_eq!(full("inodes 0 0 /"), None);
        assert_eq!(full("inodes - - /"), None);
        assert_eq!(
            full("space 2048 688128 /my disk").as_deref(),
            Some(
                "the disk of `h` is full (No space left on device): 2.0 MB of 672 MB are free on /my disk"
            )
        );
        let inodes = full("inodes 7 6000 /").unwrap_or_default();
        assert!(
            inodes.ends_with("7 of 6000 inodes are free on /"),
            "{inodes}"
        );
    }
}
