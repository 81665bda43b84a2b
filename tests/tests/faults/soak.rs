//! Kills at random moments.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use e2e_tests::Host;
use rustix::process::Signal;

use super::{End, Lab};

/// The last moment at which a run is killed: later it is over.
const LATEST: u64 = 9000;

/// Runs until none is left to do, each killed at some moment.
pub(super) fn soak(lab: &Lab, left: &AtomicU32) {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut random = since_1970.map_or(1, |time| u64::from(time.subsec_nanos())) | 1;
    eprintln!("seed {random}");
    let less = |left: u32| left.checked_sub(1);
    while let Ok(number) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
        // Marsaglia's xorshift: good enough to choose a moment.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let after = Duration::from_millis(random % LATEST);
        let host = if number % 3 == 0 {
            Host::Local
        } else {
            lab.spare.host()
        };
        let repo = lab.repo("soak").spec("test_command: 'sleep 1'\n");
        let mut run = repo.start(host, &[]);
        // Before that there is nothing to look for.
        let _ = run.run_id();
        std::thread::sleep(after);
        let lives = run.process().is_running();
        if lives {
            run.signal(Signal::KILL);
        }
        let since = Instant::now();
        let ran = run.finish();
        // A row of its own for those that were faster: they were not killed.
        let (fault, end) = match ran.output().code {
            Some(_) => ("over before its SIGKILL", End::Is(0, "passed")),
            None => ("SIGKILL at a random moment", End::Random),
        };
        lab.check(fault, &format!("{after:?}"), &ran, since, &end);
    }
}
