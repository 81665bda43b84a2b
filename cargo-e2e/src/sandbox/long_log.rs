//! What was gathered on the host, and what was too much to be.

use super::Containers;

/// Every container, and those whose logs are gathered only in part.
#[derive(Debug, Default)]
pub struct Collected {
    pub containers: Containers,
    /// They print too much for a file on their host.
    pub long: Vec<LongLog>,
}

impl Collected {
    pub(super) fn read(text: &str) -> Self {
        let (long, states): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.starts_with("long "));
        Self {
            containers: Containers::read(&states.join("\n")),
            long: long.into_iter().filter_map(LongLog::read).collect(),
        }
    }
}

/// A log of which only the end was gathered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongLog {
    pub container: String,
    /// What its file is called, without `.log`.
    pub name: String,
}

impl LongLog {
    /// From a line of the host, which may say anything: the name becomes part of a path.
    pub(super) fn read(line: &str) -> Option<Self> {
        let (container, name) = line.strip_prefix("long ")?.split_once(' ')?;
        let safe = |text: &str| {
            !text.is_empty()
                && !text.starts_with(['.', '-'])
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c))
        };
        (safe(container) && safe(name)).then(|| Self {
            container: container.to_owned(),
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path() {
        let read = |line: &str| LongLog::read(line).map(|long| long.name);
        assert_eq!(read("long 4f web@2").as_deref(), Some("web@2"));
        for odd in [
            "{}",
            "long 4f",
            "long 4f ../../x",
            "long 4f a/b",
            "long -f web",
            "long 4f a b",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
