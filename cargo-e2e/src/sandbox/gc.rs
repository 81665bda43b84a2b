//! Taking down what nobody takes down any more.

use std::time::Duration;

use crate::host::{self, Host, HostError, Script};

use super::{Left, check};

const BODY: &str = concat!("id=\n", reaper!(), "gc\n");
const LIMIT: Duration = Duration::from_mins(10);

/// What is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gc {
    /// Only look.
    pub dry_run: bool,
    /// Also what other users of the host made, as far as its labels say that it has expired.
    pub all_users: bool,
}

/// A sandbox that had expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// Its run.
    pub run_id: String,
    /// The user id of whoever made it.
    pub owner: String,
    /// What had ended: `lease`, `expired`, or `label` where nothing else knows of it.
    pub why: String,
    /// What could not be removed.
    pub left: Vec<Left>,
}

/// Takes down this user's sandboxes whose guard and client are gone, and forgets what no run used
/// for 30 days. None when another gc is at it.
///
/// # Errors
/// When the host is lost, or it takes longer than ten minutes.
pub async fn gc(host: &dyn Host, root: &str, what: Gc) -> Result<Option<Vec<Expired>>, HostError> {
    let yes = |is: bool| if is { "yes" } else { "no" };
    let script = Script::new("gc", BODY)
        .var("root", root)
        .var("dry", yes(what.dry_run))
        .var("all", yes(what.all_users));
    let output = check(host, &script, host::run(host, &script, b"", LIMIT).await?)?;
    Ok(parse(&output.text()))
}

pub(super) fn parse(text: &str) -> Option<Vec<Expired>> {
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
            one.left.push(Left::parse(rest));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_goes_with_its_sandbox() {
        let found = parse(
            "expired 01a 0 lease\n01a found\nexpired 01b 7 label\n01b found\n01b left network x y\n",
        );
        let found = found.expect("nobody else was at it");
        assert_eq!((found[0].run_id.as_str(), found[0].left.len()), ("01a", 0));
        assert_eq!(
            (found[1].owner.as_str(), found[1].why.as_str()),
            ("7", "label")
        );
        assert_eq!(found[1].left[0].to_string(), "network x y");
        assert_eq!(parse("busy\n"), None);
    }
}
