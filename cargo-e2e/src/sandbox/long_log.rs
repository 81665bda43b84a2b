//! What was gathered on the host, and what was too much to be.

use crate::record::outcome::Usage;

use super::Containers;

/// Every container, and those whose logs are gathered only in part.
#[derive(Debug, Default)]
pub struct Collected {
    pub containers: Containers,
    /// They print too much for a file on their host.
    pub long: Vec<LongLog>,
    /// What they used together, where the host says so.
    pub usage: Option<Usage>,
}

impl Collected {
    pub(super) fn read(text: &str) -> Self {
        let states = text.lines();
        let states =
            states.filter(|line| !line.starts_with("long ") && !line.starts_with("usage "));
        Self {
            containers: Containers::read(&states.collect::<Vec<_>>().join("\n")),
            usage: text.lines().filter_map(usage).reduce(|all, one| Usage {
                memory_kb: all.memory_kb.saturating_add(one.memory_kb),
                cpu_ms: all.cpu_ms.saturating_add(one.cpu_ms),
            }),
            long: text.lines().filter_map(LongLog::read).collect(),
        }
    }
}

/// `usage ID BYTES MILLISECONDS`.
fn usage(line: &str) -> Option<Usage> {
    let mut words = line.strip_prefix("usage ")?.split(' ').skip(1);
    let mut number = || words.next()?.parse::<u64>().ok();
    Some(Usage {
        memory_kb: number()? / 1024,
        cpu_ms: number()?,
    })
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
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
        let safe = |text: &str| {
            !text.is_empty() && !text.starts_with(['.', '-']) && text.chars().all(fits)
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
    fn what_containers_used_is_summed() {
        let used = |text| Collected::read(text).usage;
        let text = "usage 4f 2097152 30\nusage 5a 1048576 12\nusage 6b much\nend\n";
        let (memory_kb, cpu_ms) = (3072, 42);
        assert_eq!(used(text), Some(Usage { memory_kb, cpu_ms }));
        assert_eq!(used("end\n"), None);
    }

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
