//! `gc`: removes sandboxes whose client and guard are both gone, and files kept for later runs.

use std::fmt;
use std::time::Duration;

use crate::host::{Host, HostError, Script};

use super::succeed_within;

const BODY: &str = concat!("id=\n", reaper!(), "gc\n");
const LIMIT: Duration = Duration::from_mins(10);

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gc {
    pub dry_run: bool,
    /// Also what other users of the host made, as far as its labels say that it has expired.
    pub all_users: bool,
    /// What is kept for later runs of these goes too.
    pub forget: Option<Forget>,
}

/// Repos of which a host should keep nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forget {
    /// The one with this slug.
    Repo(String),
    All,
}

/// What a gc came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Sandboxes that had expired.
    pub expired: Vec<Expired>,
    /// What was kept for later runs.
    pub stored: Vec<Stored>,
}

/// A sandbox that had expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    pub run_id: String,
    /// The user id of its maker.
    pub owner: String,
    /// What had ended: `lease`, `expired`, or `label` where nothing else knows of it.
    pub why: String,
    /// What could not be removed.
    pub left: Vec<String>,
}

/// Something that is kept for later runs, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// `workspace`, `cache`, or `ended`: why a sandbox was taken down.
    pub kind: String,
    pub name: String,
    /// What became of it.
    pub fate: Forgotten,
}

/// What became of something that should be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    Gone {
        /// The room that it took, in kB.
        kb: u64,
        /// `asked`, `unused`, `many` or `room`.
        why: String,
    },
    /// It stays, because a run uses it.
    InUse,
    /// It could not be removed.
    Left,
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// Takes down this user's sandboxes whose guard and client are gone, and forgets what no run used
/// for 30 days, and what it is told to. None when another gc is at it.
///
/// # Errors
/// When the host is lost, or it takes longer than ten minutes.
pub async fn gc(host: &dyn Host, root: &str, what: &Gc) -> Result<Option<Swept>, HostError> {
    let yes = |is: bool| if is { "yes" } else { "" };
    let repo = match &what.forget {
        Some(Forget::Repo(slug)) => slug,
        _ => "",
    };
    let script = Script::new("gc", BODY)
        .var("root", root)
        .var("dry", yes(what.dry_run))
        .var("all", yes(what.all_users))
        .var("repo", repo)
        .var("every", yes(what.forget == Some(Forget::All)));
    let output = succeed_within(host, &script, b"", LIMIT).await?;
    let text = output.text();
    Ok(expired(&text).map(|expired| Swept {
        expired,
        stored: stored(&text),
    }))
}

pub(super) fn expired(text: &str) -> Option<Vec<Expired>> {
    let mut found: Vec<Expired> = Vec::new();
    for line in text.lines().map(crate::text::printable) {
        if line == "busy" {
            return None;
        }
        let mut words = line.splitn(3, ' ');
        let (first, second, rest) = (words.next(), words.next(), words.next());
        if let (Some("expired"), Some(run_id), Some(rest)) = (first, second, rest) {
            let (owner, why) = rest.split_once(' ').unwrap_or((rest, ""));
            found.push(Expired {
                run_id: run_id.to_owned(),
                owner: owner.to_owned(),
                why: why.to_owned(),
                left: Vec::new(),
            });
        } else if let (Some(run_id), Some("left"), Some(rest)) = (first, second, rest)
            && let Some(one) = found.iter_mut().find(|one| one.run_id == run_id)
        {
            one.left.push(crate::text::printable(rest));
        }
    }
    Some(found)
}

/// Returns what storage.sh says; each thing once.
pub(super) fn stored(text: &str) -> Vec<Stored> {
    let mut found: Vec<Stored> = Vec::new();
    for line in text.lines().map(crate::text::printable) {
        let words: Vec<&str> = line.split(' ').collect();
        let (kind, name, fate) = match words.as_slice() {
            ["forgot", kind, name, kb, why] => {
                let kb = kb.parse().unwrap_or(0);
                let why = (*why).to_owned();
                (kind, name, Forgotten::Gone { kb, why })
            }
            ["busy", kind, name] => (kind, name, Forgotten::InUse),
            ["unremovable", kind, name] => (kind, name, Forgotten::Left),
            _ => continue,
        };
        let (kind, name) = ((*kind).to_owned(), (*name).to_owned());
        if !found.iter().any(|one| one.kind == kind && one.name == name) {
            found.push(Stored { kind, name, fate });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_goes_with_its_sandbox() {
        let found = expired(
            "expired 01a 0 lease\n01a found\nexpired 01b 7 label\n01b found\n01b left network x y\n",
        );
        let found = found.expect("nobody else was at it");
        assert_eq!((found[0].run_id.as_str(), found[0].left.len()), ("01a", 0));
        assert_eq!(
            (found[1].owner.as_str(), found[1].why.as_str()),
            ("7", "label")
        );
        assert_eq!(found[1].left[0], "network x y");
        assert_eq!(expired("busy\n"), None);
    }

    #[test]
    fn what_was_kept_is_told_of_once() {
        let found = stored(
            "expired 01a 0 lease\nforgot workspace shop.1 2048 asked\nforgot workspace shop.1 2048 room\n\
             busy cache shop\nunremovable cache web\n",
        );
        let texts: Vec<String> = found.iter().map(Stored::to_string).collect();
        assert_eq!(texts, ["workspace shop.1", "cache shop", "cache web"]);
        let why = "asked".to_owned();
        assert_eq!(found[0].fate, Forgotten::Gone { kb: 2048, why });
        assert_eq!(
            (&found[1].fate, &found[2].fate),
            (&Forgotten::InUse, &Forgotten::Left)
        );
    }
}
