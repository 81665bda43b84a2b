//! A Dockerfile as far as it names images: `FROM`, `--from` and mounts, with arguments. A name of one of
//! its own stages is no image. Knows no tags.

use std::collections::{BTreeMap, BTreeSet};

/// What is known of a Dockerfile up to a line.
#[derive(Debug, Clone, Default)]
pub(super) struct Reader {
    arguments: BTreeMap<String, String>,
    /// In lower case.
    stages: BTreeSet<String>,
}

impl Reader {
    /// Begins with arguments that set aside what the file says they are by default.
    pub(super) fn with(arguments: BTreeMap<String, String>) -> Self {
        Self {
            arguments,
            ..Self::default()
        }
    }

    /// Reads the next line, and returns its words that name images, as they are written.
    pub(super) fn images<'l>(&mut self, line: &'l str) -> Vec<&'l str> {
        let mut words = line.split_whitespace();
        let mut stage = None;
        let mut named: Vec<&str> = match &*words.next().unwrap_or_default().to_ascii_uppercase() {
            "FROM" => {
                let mut words = words.filter(|word| !word.starts_with("--"));
                let image = words.next();
                stage = words.nth(1);
                image.into_iter().collect()
            }
            "COPY" => words
                .filter_map(|word| word.strip_prefix("--from="))
                .collect(),
            "RUN" => {
                let mounts = words.filter_map(|word| word.strip_prefix("--mount="));
                let from =
                    |mount: &'l str| mount.split(',').find_map(|part| part.strip_prefix("from="));
                mounts.filter_map(from).collect()
            }
            "ARG" => {
                if let Some((name, value)) = words.next().and_then(|word| word.split_once('=')) {
                    let value = self.expanded(value.trim_matches(['"', '\'']));
                    self.arguments.entry(name.to_owned()).or_insert(value);
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        named.retain(|word| !self.is_stage(word));
        self.stages.extend(stage.map(str::to_ascii_lowercase));
        named
    }

    /// Returns whether the first of these lines that uses an argument takes it for one of the stages.
    pub(super) fn uses_a_stage<'l>(
        mut self,
        argument: &str,
        lines: impl Iterator<Item = &'l str>,
    ) -> bool {
        let used = [format!("${argument}"), format!("${{{argument}")];
        for line in lines {
            if used.iter().any(|used| line.contains(used)) {
                return self.is_stage(&format!("${{{argument}}}"));
            }
            self.images(line);
        }
        false
    }

    fn is_stage(&self, word: &str) -> bool {
        let name = self.expanded(word).to_ascii_lowercase();
        let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        is_number || name == "scratch" || self.stages.contains(&name)
    }

    /// Returns a word of a Dockerfile with its arguments filled in: `$NAME`, `${NAME}`, `${NAME:-DEFAULT}`.
    pub(super) fn expanded(&self, word: &str) -> String {
        let mut filled = String::new();
        let mut rest = word;
        while let Some((before, after)) = rest.split_once('$') {
            filled += before;
            let (name, default, next) = if let Some(braced) = after.strip_prefix('{') {
                let (inner, next) = braced.split_once('}').unwrap_or((braced, ""));
                let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
                (name, default, next)
            } else {
                let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
                let (name, next) = after.split_at(after.find(ends).unwrap_or(after.len()));
                (name, "", next)
            };
            filled += self.arguments.get(name).map_or(default, String::as_str);
            rest = next;
        }
        filled + rest
    }
}
