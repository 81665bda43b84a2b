//! The workspace that a new sandbox gets: what rsync may take for known in it, and the end of its sync.
//! Called by the sync stage; a sandbox that is up already has one.

use crate::record::outcome::Stage;
use crate::run::{Context, StageError};
use crate::sandbox::Taken;

use super::super::config::Inputs;
use super::past_syncs::PastSyncs;
use super::young;

/// The number of files from which on a sync takes long enough to make containers meanwhile. In a smaller repo the
/// additional job costs more time than it saves.
const MANY: usize = 10_000;

pub(super) struct Workspace {
    past: PastSyncs,
    taken: Taken,
    /// When this sync began, in seconds since 1970.
    began: i64,
}

impl Workspace {
    /// Takes one for the sandbox.
    pub(super) async fn take(context: &Context<'_>) -> Result<Self, StageError> {
        let (host, limit) = (context.host, context.plan.limits.sync);
        let root = &context.plan.repo.root;
        let origin = context.origin.known().await;
        let past = PastSyncs::of(root, host.name(), context.sandbox, origin.as_deref()).await;
        let began = young::now();
        let known = past.known();
        let taking = context
            .sandbox
            .take_workspace(host, &past.repo, &known, limit);
        let taken = taking.await?;
        if let Taken::Unknown(why) = &taken {
            let line = format!("comparing all files byte by byte: {why}");
            context.events.progress(Stage::Sync, &line);
        }
        Ok(Self { past, taken, began })
    }

    /// Returns rsync's arguments for it.
    pub(super) fn arguments(&self) -> &'static [&'static str] {
        match self.taken {
            Taken::New => &[],
            Taken::Known(_) => &["--delete", "--delete-excluded"],
            // Files of equal size and time may differ.
            Taken::Unknown(_) => &["--delete", "--delete-excluded", "--checksum"],
        }
    }

    /// Returns whether it has these files for Compose, as a sync of this working copy sent them.
    pub(super) fn knows(&self, inputs: &Inputs) -> bool {
        match &self.taken {
            Taken::Known(sync) => self.past.inputs(sync) == Some(&*inputs.digest),
            Taken::New | Taken::Unknown(_) => false,
        }
    }

    /// Returns whether the repo had [`MANY`] files or more at the last sync of this workspace.
    pub(super) fn has_many_files(&self) -> bool {
        match &self.taken {
            Taken::Known(sync) => self.past.files(sync) >= MANY,
            Taken::New | Taken::Unknown(_) => false,
        }
    }

    /// Returns the moment since which a file must have changed to differ where size and time do not.
    pub(super) fn known_since(&self) -> Option<i64> {
        match &self.taken {
            // One that is not remembered was not asked for.
            Taken::Known(sync) => Some(self.past.moment(sync).unwrap_or_default()),
            Taken::New | Taken::Unknown(_) => None,
        }
    }

    /// Ends a sync of this number of files and kB, with these inputs of Compose. No container of the run may start
    /// before.
    pub(super) async fn settle(
        &self,
        context: &Context<'_>,
        (files, kb): (usize, usize),
        inputs: &Inputs,
    ) -> Result<(), StageError> {
        let (host, limit) = (context.host, context.plan.limits.sync);
        let (repo, own) = (&self.past.repo, &self.past.own);
        let settling = context.sandbox.settle(host, repo, own, kb, limit);
        if let Some(why) = settling.await? {
            let line = format!("the next run begins with an empty folder: {why}");
            context.events.progress(Stage::Sync, &line);
        } else {
            self.past.remember(self.began, &inputs.digest, files).await;
        }
        Ok(())
    }
}
