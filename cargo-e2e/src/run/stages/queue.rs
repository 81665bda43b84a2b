//! Wait for a turn on a host that has no room for another sandbox now.

use tokio::time::Instant;

use crate::host::HostKind;
use crate::record::outcome::Verdict;
use crate::run::{Context, StageError, StageOutput};
use crate::sandbox::{Place, Request};
use crate::text::{count, ordinal};
use crate::units::whole;

/// Waits until the sandbox's turn has come.
pub async fn queue(context: &Context<'_>, first: Place) -> Result<StageOutput<()>, StageError> {
    let limit = context.plan.limits.queue;
    if context.plan.options.no_wait {
        let why = format!("is full: this run would be {}", of_all(first));
        return Err(refused(context, &why, "without `--no-wait` this run waits"));
    }
    let request = Request {
        slots: context.plan.slots,
        ..Request::default()
    };
    let began = Instant::now();
    let mut place = first;
    say(context, place);
    loop {
        let next = context.sandbox.turn(context.host, place, request);
        match tokio::time::timeout_at(began + limit, next).await {
            Ok(Ok(now)) if now.is_turn() => break,
            Ok(Ok(now)) => {
                if now.number != place.number {
                    say(context, now);
                }
                place = now;
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                let why = format!(
                    "had no room within {} s (`timeouts.queue`): this run is {}",
                    limit.as_secs(),
                    of_all(place)
                );
                let help = "raise `timeouts.queue` in e2e.yml";
                return Err(refused(context, &why, help));
            }
        }
    }
    let waited = whole(began.elapsed());
    Ok(StageOutput::new(
        (),
        format!("waited {waited} for a turn, from {}", of_all(first)),
    ))
}

fn say(context: &Context<'_>, place: Place) {
    let limit = context.plan.limits.queue;
    let what = format!(
        "{}, for {} of {}; `cargo e2e list --host {}` shows who is there",
        of_all(place),
        place.asked,
        count(place.slots as usize, "slot"),
        context.host.name()
    );
    context.events.waits_for(&what, "queue", limit);
}

fn refused(context: &Context<'_>, why: &str, help: &str) -> StageError {
    let name = context.host.name();
    let host = match HostKind::of(name) {
        HostKind::Local => "this machine".to_owned(),
        HostKind::Ssh(_) => format!("`{name}`"),
    };
    StageError::new(Verdict::HostError, format!("{host} {why}")).help(format!(
        "{help}; `cargo e2e list --host {name}` shows who is there, and CARGO_E2E_MAX_SANDBOXES sets how many may be"
    ))
}

/// `3rd of 7 in the queue`.
fn of_all(place: Place) -> String {
    let number = ordinal(place.number);
    let waiting = place.waiting.max(place.number);
    format!("{number} of {waiting} in the queue")
}
