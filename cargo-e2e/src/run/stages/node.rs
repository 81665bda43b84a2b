//! Asks an engine for a node, and says meanwhile how the request stands.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::host::cluster::{ClusterName, Engine, Granted, NodeRequest, NotGranted, Slot, Standing};
use crate::plan::{Keep, Plan};
use crate::record::event::Events;
use crate::record::outcome::Verdict;
use crate::run::{StageError, StageOutput};
use crate::sandbox::Identity;
use crate::text::{count, ordinal};
use crate::units::whole;

/// What a stack gets that says nothing of its need.
const CPUS: u32 = 2;
/// The same, in megabytes.
const MEMORY: u64 = 4096;
/// An engine needs a moment to see that a node is free.
const AT_ONCE: Duration = Duration::from_secs(3);
/// One that has a node may need longer to prepare it.
const PREPARED: Duration = Duration::from_secs(20);

/// Returns what a run of this plan asks of an engine, but for these nodes; `why` the last of them is left.
pub fn request(plan: &Plan, identity: &Identity, exclude: &[String], why: &str) -> NodeRequest {
    let mut time = plan.lifetime();
    let stays = plan.keep != Keep::No || plan.options.up_only;
    if stays {
        time = time.saturating_add(plan.keep_for);
    }
    NodeRequest {
        run_id: identity.run_id.clone(),
        name: identity.project.clone(),
        cpus: plan.need.cpus.map_or(CPUS, |cpus| cpus.div_ceil(1000)),
        memory: plan.need.memory.map_or(MEMORY, |kb| kb.div_ceil(1024)),
        time,
        // It is reached and looked at, and its sandbox is made.
        grace: plan.limits.connect * 3,
        exclude: exclude.to_vec(),
        why: why.to_owned(),
        stays,
    }
}

/// Waits for a node. Returns it, and how long that took.
pub async fn granted(
    plan: &Plan,
    (cluster, engine): (&ClusterName, &dyn Engine),
    request: &NodeRequest,
    events: &Events,
) -> Result<StageOutput<(Granted, Duration)>, StageError> {
    let limit = plan.limits.place;
    let no_wait = plan.options.no_wait;
    let last: Mutex<Option<Standing>> = Mutex::new(None);
    let told = |standing| tell(&last, standing, plan, events);
    let began = Instant::now();
    let mut placing = engine.place(request, &told);
    let mut placed = timeout(if no_wait { AT_ONCE } else { limit }, &mut placing).await;
    if placed.is_err() && no_wait && !waits(&last) {
        placed = timeout(PREPARED, &mut placing).await;
    }
    drop(placing);
    let standing = last.into_inner().unwrap_or_else(PoisonError::into_inner);
    match placed {
        Ok(Ok(granted)) => {
            let took = began.elapsed();
            let waited = match standing {
                Some(standing) if standing.waiting > 0 => {
                    let how = if standing.number > 0 { " as" } else { "" };
                    format!(", waited {}{how} {}", whole(took), of_all(&standing))
                }
                Some(_) => format!(", waited {}", whole(took)),
                None => String::new(),
            };
            let hold = cluster.engine.hold();
            let detail = format!("{}, {hold} {}{waited}", granted.node, granted.id);
            Ok(StageOutput::new((granted, took), detail))
        }
        Ok(Err(error)) => Err(refused(&plan.host.name, error)),
        Err(_) => {
            let would = standing.as_ref().filter(|_| no_wait).map_or("", would);
            let standing = standing.map_or_else(|| "no answer".to_owned(), |it| of_all(&it));
            Err(late(plan, &format!("{would}{standing}")))
        }
    }
}

/// Why a node that was granted has not taken the slot.
pub enum NotHeld {
    /// The node refuses it: another may take it.
    Refused(StageError),
    /// The connection to the engine's host was lost, and with it the slot: the same node may be asked for again.
    Lost(StageError),
    /// `timeouts.place` is over.
    Late(StageError),
}

/// Waits until the node that was granted after `waited` has taken the slot, which it may have to prepare.
pub async fn held(
    plan: &Plan,
    granted: &mut Granted,
    waited: Duration,
    events: &Events,
) -> Result<(), NotHeld> {
    let no_wait = plan.options.no_wait;
    let limit = if no_wait { PREPARED } else { plan.limits.place };
    let last = Mutex::new(None);
    let told = |standing| tell(&last, standing, plan, events);
    match timeout(limit.saturating_sub(waited), granted.held(&told)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(NotGranted::Refused { why, help })) => {
            let mut error = StageError::new(Verdict::HostError, why);
            error.help = help.map(str::to_owned);
            Err(NotHeld::Refused(error))
        }
        Ok(Err(NotGranted::Host(error))) => Err(NotHeld::Lost(error.into())),
        Err(_) => {
            let standing = last.into_inner().unwrap_or_else(PoisonError::into_inner);
            let standing = standing.map_or_else(|| "no answer".to_owned(), |it| of_all(&it));
            Err(NotHeld::Late(late(plan, &standing)))
        }
    }
}

/// Keeps how a request stands, and says it where that is news.
fn tell(last: &Mutex<Option<Standing>>, standing: Standing, plan: &Plan, events: &Events) {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    if !plan.options.no_wait && last.as_ref() != Some(&standing) {
        let what = format!("{}, for a node of `{}`", of_all(&standing), plan.host.name);
        events.waits_for(&what, "place", plan.limits.place);
    }
    *last = Some(standing);
}

/// The error of a run that has no node in the time that it has; how it stood last.
fn late(plan: &Plan, standing: &str) -> StageError {
    let (why, help) = if plan.options.no_wait {
        let why = format!("no free node: {standing}");
        (why, "without `--no-wait` this run waits")
    } else {
        let seconds = plan.limits.place.as_secs();
        let why = format!("no node within {seconds} s (`timeouts.place`): {standing}");
        (why, "raise `timeouts.place` in e2e.yml")
    };
    let name = &plan.host.name;
    let help = format!("{help}; `cargo e2e doctor --host {name}` shows what the nodes are doing");
    StageError::new(Verdict::HostError, format!("`{name}` has {why}")).help(help)
}

/// Returns whether a request waits for a node, as far as its engine has said.
fn waits(last: &Mutex<Option<Standing>>) -> bool {
    let last = last.lock().unwrap_or_else(PoisonError::into_inner);
    last.as_ref().is_some_and(|standing| standing.waiting > 0)
}

/// Returns this repo's slots, the newest first: a sandbox that is up may be in one.
pub async fn slots_of(
    plan: &Plan,
    engine: &dyn Engine,
    identity: &Identity,
) -> Result<Vec<Slot>, StageError> {
    let mut slots = match engine.holds().await {
        Ok(slots) => slots,
        Err(error) => return Err(refused(&plan.host.name, error)),
    };
    let prefix = format!("e2e-{}-", identity.slug);
    slots.retain(|slot| slot.name.starts_with(&prefix));
    Ok(slots)
}

/// Returns why a cluster gives no node.
pub fn refused(cluster: &str, error: NotGranted) -> StageError {
    match error {
        NotGranted::Host(error) => error.into(),
        NotGranted::Refused { why, help } => {
            let message = format!("failed to get a node of `{cluster}`: {why}");
            let mut error = StageError::new(Verdict::HostError, message);
            error.help = help.map(str::to_owned);
            error
        }
    }
}

/// `3rd of 12 (Resources)`, or `with 11 others (…)` where there is no order, or what is known of it.
fn of_all(standing: &Standing) -> String {
    let reason = &standing.reason;
    match (standing.number, standing.waiting) {
        (0, 0) => reason.clone(),
        (0, 1) => format!("alone ({reason})"),
        (0, all) => format!("with {} ({reason})", count(all as usize - 1, "other")),
        (number, waiting) => format!("{} of {waiting} ({reason})", ordinal(number)),
    }
}

/// What goes before [`of_all`] of a run that does not wait.
fn would(standing: &Standing) -> &'static str {
    match (standing.number, standing.waiting) {
        (0, 0) => "",
        (0, _) => "this run would wait ",
        _ => "this run would be ",
    }
}

/// Returns why a slot is over, as far as its engine knows.
pub async fn last_words(engine: &dyn Engine, cluster: &ClusterName, slot: (&str, &str)) -> String {
    let (id, node) = slot;
    let said = timeout(Duration::from_secs(15), engine.end(id, node)).await;
    let name = cluster.engine.name();
    match said {
        Ok(Ok(said)) => format!("{name} says: {said}"),
        Ok(Err(_)) | Err(_) => format!("{name} does not answer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_with_its_reason() {
        let standing = |number, waiting| Standing {
            number,
            waiting,
            reason: "Resources".to_owned(),
        };
        assert_eq!(of_all(&standing(3, 12)), "3rd of 12 (Resources)");
        assert_eq!(of_all(&standing(0, 12)), "with 11 others (Resources)");
        assert_eq!(of_all(&standing(0, 2)), "with 1 other (Resources)");
        assert_eq!(of_all(&standing(0, 1)), "alone (Resources)");
        assert_eq!(of_all(&standing(0, 0)), "Resources");
        let no_answer = standing(0, 0);
        assert_eq!(would(&no_answer), "");
    }
}
