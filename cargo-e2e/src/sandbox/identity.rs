//! How a sandbox is known, before there is one.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// 26 lower-case characters that sort by time.
    pub run_id: String,
    pub slug: String,
    /// The compose project's name.
    pub project: String,
    /// The repo's e2e.yml, where that is another file than e2e/e2e.yml.
    pub spec: Option<String>,
}

impl Identity {
    /// Makes a new one, unlike any other.
    pub fn new(slug: &str) -> Self {
        let run_id = ulid::Ulid::generate().to_string().to_lowercase();
        // The end is random; the beginning is the time, which parallel runs share.
        let project = format!("e2e-{slug}-{}", &run_id[18..]);
        Self {
            run_id,
            slug: slug.to_owned(),
            project,
            spec: None,
        }
    }

    /// Returns it as that of a run by this e2e.yml.
    #[must_use]
    pub fn by(self, spec: Option<String>) -> Self {
        Self { spec, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::is_run_id;
    use super::*;

    #[test]
    fn identities_differ_and_sort_by_time() {
        let first = Identity::new("shop");
        assert!(is_run_id(&first.run_id));
        assert!(first.project.starts_with("e2e-shop-"), "{}", first.project);
        assert_ne!(first.project, Identity::new("shop").project);
    }
}
