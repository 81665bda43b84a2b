//! Cargo's own flags, for compiling its test targets.

/// What was typed of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag that can be typed"
)]
pub struct CargoFlags {
    /// `--features`, each as typed.
    pub features: Vec<String>,
    pub all_features: bool,
    pub no_default_features: bool,
    /// `--profile`, or `release` for `--release`.
    pub profile: Option<String>,
    pub target: Option<String>,
    pub locked: bool,
    pub offline: bool,
    /// Whether one of these, or `--nextest`, was typed; else they are defaults.
    pub typed: bool,
}

impl CargoFlags {
    /// Returns the words for `cargo test`; `cargo nextest` has profiles of its own, and calls
    /// Cargo's otherwise.
    pub fn words(&self, nextest: bool) -> Vec<String> {
        let profile = if nextest {
            "--cargo-profile"
        } else {
            "--profile"
        };
        let features = self.features.iter().map(|value| ("--features", value));
        let is_release = self.profile.as_deref() == Some("release");
        let named = self.profile.iter().filter(|_| !is_release);
        let valued = features
            .chain(named.map(|value| (profile, value)))
            .chain(self.target.iter().map(|value| ("--target", value)));
        let mut words: Vec<String> = valued
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        for (name, is_set) in [
            ("--release", is_release),
            ("--all-features", self.all_features),
            ("--no-default-features", self.no_default_features),
            ("--locked", self.locked),
            ("--offline", self.offline),
        ] {
            words.extend(is_set.then(|| name.to_owned()));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_and_nextest_get_the_same_in_their_words() {
        let flags = CargoFlags {
            features: vec!["a,b".into(), "c".into()],
            profile: Some("bench".into()),
            locked: true,
            ..CargoFlags::default()
        };
        let words = |nextest| flags.words(nextest).join(" ");
        let rest = "--features=a,b --features=c";
        assert_eq!(words(false), format!("{rest} --profile=bench --locked"));
        assert_eq!(
            words(true),
            format!("{rest} --cargo-profile=bench --locked")
        );
        assert!(CargoFlags::default().words(false).is_empty());
        let release = CargoFlags {
            profile: Some("release".into()),
            ..CargoFlags::default()
        };
        assert_eq!(release.words(true), ["--release"]);
    }
}
