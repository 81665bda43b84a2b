//! Cargo's own flags, for compiling its test targets.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};

use crate::plan::CargoFlags;

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Cargo's test targets")]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag that is typed or not"
)]
pub(crate) struct CargoArguments {
    /// Features to activate, separated by spaces or commas
    #[arg(short = 'F', long, value_name = "FEATURES")]
    features: Vec<String>,
    /// Activate all features
    #[arg(long)]
    all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long)]
    no_default_features: bool,
    /// Compile with the release profile
    #[arg(long, conflicts_with = "profile")]
    release: bool,
    /// Compile with this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Compile for this target triple
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Cargo.lock must not change
    #[arg(long)]
    locked: bool,
    /// Cargo does not use the network
    #[arg(long)]
    offline: bool,
    /// Whether one of these, or `--nextest`, was typed; else they are defaults.
    #[arg(skip)]
    pub(crate) typed: bool,
}

/// Returns whether a flag for Cargo's test targets was typed: one that is a default says nothing to
/// a repo without such targets.
pub(crate) fn typed_for_cargo(run: &ArgMatches) -> bool {
    let cargo = CargoArguments::augment_args(Command::new("cargo"));
    let ids = cargo.get_arguments().map(|arg| arg.get_id().as_str());
    let typed = |id: &str| run.value_source(id) == Some(ValueSource::CommandLine);
    ids.chain(["nextest"]).any(typed)
}

impl CargoArguments {
    pub(crate) fn flags(self) -> CargoFlags {
        let release = self.release.then(|| "release".to_owned());
        CargoFlags {
            features: self.features,
            all_features: self.all_features,
            no_default_features: self.no_default_features,
            profile: release.or(self.profile),
            target: self.target,
            locked: self.locked,
            offline: self.offline,
            typed: self.typed,
        }
    }
}
