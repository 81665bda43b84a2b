//! Enters a sandbox in which another run may be.

use std::sync::Arc;
use std::time::Duration;

use crate::cancel::Cancel;
use crate::host::Host;

use super::turn::{NotEntered, Occupant, Predecessor, Turn};
use super::{Lease, Sandbox};

impl Lease {
    /// Enters a sandbox that is kept, once no other run is in it. `told` hears for whom it
    /// waits; with a limit of zero it does not.
    ///
    /// # Errors
    /// When another run stays in it for longer than `limit`, or there is nothing to enter.
    pub async fn enter(
        host: Arc<dyn Host>,
        sandbox: &Sandbox,
        limit: Duration,
        told: &(dyn Fn(&Occupant) + Sync),
    ) -> Result<(Self, Predecessor), NotEntered> {
        // A kept sandbox has no lease that a signal could shorten.
        let mut lease = Self::hold(host, sandbox, Cancel::never());
        let deadline = tokio::time::Instant::now() + limit;
        let mut occupant: Option<Occupant> = None;
        loop {
            let turn = lease.turn.borrow_and_update().clone();
            match turn {
                Turn::In(before) => return Ok((lease, before)),
                Turn::Unkept => return Err(NotEntered::Nothing),
                Turn::Waiting(other) if limit.is_zero() => return Err(NotEntered::Occupied(other)),
                Turn::Waiting(other) => {
                    if occupant.as_ref() != Some(&other) {
                        told(&other);
                    }
                    occupant = Some(other);
                }
                Turn::Asking => {}
            }
            // The host answers the first time, or the lease says that it does not.
            let until = async {
                match occupant {
                    Some(_) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = lease.turn.changed() => {
                    if changed.is_err() {
                        return Err(lease.not_entered());
                    }
                }
                () = until => {
                    if let Some(other) = occupant {
                        return Err(NotEntered::Occupied(other));
                    }
                }
            }
        }
    }

    fn not_entered(&self) -> NotEntered {
        match self.lost().borrow().clone() {
            Some(lost) if lost.by_host => NotEntered::Nothing,
            Some(lost) => NotEntered::Host(lost.into()),
            None => NotEntered::Nothing,
        }
    }
}
