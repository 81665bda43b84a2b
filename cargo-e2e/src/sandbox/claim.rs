//! Asking for published ports, and what the host says to it.

/// What came of asking for ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// They are this sandbox's.
    Claimed,
    /// Another sandbox has one of them.
    Held {
        port: u16,
        /// That sandbox's run id.
        run_id: String,
        /// Its repo, and who runs it, as far as that is known.
        by: String,
    },
    /// Something that is no sandbox has one of them.
    Foreign { port: u16, holder: String },
}

impl Claim {
    /// Reads the answer of the host's script.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let line = crate::text::printable(text.lines().last()?);
        let mut words = line.splitn(4, ' ');
        let kind = words.next()?;
        if kind == "claimed" {
            return Some(Claim::Claimed);
        }
        let port = words.next()?.parse().ok()?;
        match kind {
            "held" => {
                let run_id = words.next()?.to_owned();
                let about = words.next().unwrap_or_default().trim();
                let by = match serde_json::from_str::<serde_json::Value>(about) {
                    Ok(about) if about.is_object() => {
                        let repo = about["repo"].as_str().unwrap_or("a sandbox");
                        let by = about["by"].as_str().unwrap_or("an unknown client");
                        format!("{repo} of {by}")
                    }
                    _ => format!("{about} of another user"),
                };
                Some(Claim::Held { port, run_id, by })
            }
            "foreign" => Some(Claim::Foreign {
                port,
                holder: words.collect::<Vec<_>>().join(" "),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_of_a_port_has_a_name() {
        assert_eq!(
            Claim::parse("held 5432 01abc {\"repo\":\"shop\",\"by\":\"ann@laptop\"} \n"),
            Some(Claim::Held {
                port: 5432,
                run_id: "01abc".into(),
                by: "shop of ann@laptop".into()
            })
        );
        let by_slug = Claim::parse("held 5432 01abc 123\n");
        let by = "123 of another user".to_owned();
        let (port, run_id) = (5432, "01abc".to_owned());
        assert_eq!(by_slug, Some(Claim::Held { port, run_id, by }));
        assert_eq!(
            Claim::parse("foreign 80 process nginx (pid 7)\n"),
            Some(Claim::Foreign {
                port: 80,
                holder: "process nginx (pid 7)".into()
            })
        );
        assert_eq!(Claim::parse("claimed\n"), Some(Claim::Claimed));
        assert_eq!(Claim::parse(""), None);
    }
}
