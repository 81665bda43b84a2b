//! The end of a run's sandbox: it is kept, or removed.

use std::time::Duration;

use crate::host::{self, Host, HostError, Script};
use crate::plan::Keep;
use crate::record::outcome::{Stage, Verdict, state_not_known};
use crate::run::{StageError, StageOutput};
use crate::sandbox::{Sandbox, teardown};
use crate::text::count;

use super::Run;
use super::run_state::RunState;
use super::stage_runner::{StageRunner, Stopped};

impl Run<'_> {
    /// Returns whether the sandbox stays, after everything that happened in the run.
    pub(super) fn keeps(&self, state: &RunState) -> bool {
        if self.cancel.signal().is_some() {
            return self.plan.keep_typed;
        }
        if self.plan.options.up_only {
            // A stack that is not ready is useless, unless `--keep` asks for it.
            return !state.failed() || self.plan.keep_typed;
        }
        match self.plan.keep {
            Keep::No => false,
            Keep::Always => true,
            Keep::OnFailure => state.failed(),
        }
    }

    pub(super) async fn keep(
        &self,
        state: &mut RunState,
        host: &dyn Host,
        sandbox: &Sandbox,
    ) -> Result<(), HostError> {
        sandbox.keep(host, self.plan.keep_for).await?;
        // Without a look at them, the hints name no service and no port.
        let containers = match state.collected.take() {
            Some(containers) => containers,
            None => sandbox.inspect(host).await.unwrap_or_default(),
        };
        let now = jiff::Zoned::now();
        state.kept = Some(crate::report::attach_hints::describe(
            self.plan,
            sandbox,
            &containers,
            &now,
        ));
        Ok(())
    }

    /// Removes the sandbox, and records what is left of it.
    pub(super) async fn teardown(
        &self,
        runner: &mut StageRunner<'_>,
        state: &mut RunState,
        host: &dyn Host,
        root: &str,
    ) {
        let limit = self.plan.limits.teardown;
        let run_id = &self.identity.run_id;
        let torn_down = runner
            .until(3, Stage::Teardown, async {
                if state.lost && !answers(host).await {
                    return Err(self.out_of_reach());
                }
                let left = teardown(host, root, run_id, limit).await?.left;
                if left.is_empty() {
                    return Ok(StageOutput::new((), "cleaned up"));
                }
                let mut error = StageError::new(
                    Verdict::Leaked,
                    format!(
                        "failed to remove {}:\n{}",
                        count(left.len(), "object"),
                        left.join("\n")
                    ),
                );
                if left.iter().any(|one| one.contains(" (used by ")) {
                    error.help = Some("remove what uses it first".to_owned());
                }
                state.leftovers = left;
                Err(error)
            })
            .await;
        match torn_down {
            Ok(()) => state.add(Verdict::Passed),
            Err(Stopped::Failed(error)) => {
                if error.verdict != Verdict::Leaked {
                    state.leftovers.push(state_not_known(run_id));
                }
                state.out_of_reach = error.lost;
                // A host that is lost only now counts as lost, too.
                state.add(if error.lost {
                    Verdict::HostError
                } else {
                    Verdict::Leaked
                });
            }
            Err(Stopped::Cancelled | Stopped::Halted) => {
                state
                    .leftovers
                    .push(format!("sandbox {run_id} (teardown was cut short)"));
                self.events.warn("teardown continues on the host");
                state.add(Verdict::Interrupted);
            }
        }
    }

    fn out_of_reach(&self) -> StageError {
        let message = format!(
            "`{}` is unreachable: its guard takes the sandbox down",
            self.plan.host.name
        );
        let help = "when it responds again, `cargo e2e list` shows whether the sandbox is gone";
        let mut error = StageError::new(Verdict::HostError, message).help(help);
        error.lost = true;
        error
    }
}

/// Notes that a sandbox was not kept, where the run's end does not say so already.
pub(super) fn not_kept(runner: &mut StageRunner<'_>, state: &mut RunState, error: HostError) {
    if state.lost {
        return;
    }
    let mut error = StageError::from(error);
    error.message = format!("failed to keep the sandbox: {}", error.message);
    let stopped = Stopped::Failed(error);
    state.stop(&stopped);
    runner.amend(Stage::Teardown, stopped);
}

/// Returns whether a lost host answers again. It gets only a moment, since its guard works alone.
async fn answers(host: &dyn Host) -> bool {
    const MOMENT: Duration = Duration::from_secs(5);
    let asked = async {
        host.reconnect().await?;
        let nothing = Script::new("checking the connection", ":");
        host::stream(host, &nothing, b"", MOMENT, &mut |_| {}).await
    };
    matches!(tokio::time::timeout(MOMENT, asked).await, Ok(Ok(_)))
}
