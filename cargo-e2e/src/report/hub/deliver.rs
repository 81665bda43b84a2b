//! Sends unsent records, within a time limit.

use std::io;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Answer, Entry, Hub, Outbox, body, judge, retry_after};
use crate::record::store::Store;
use crate::text::chain;

/// The most that sending may delay a verdict.
pub const BESIDE_A_RUN: Duration = Duration::from_secs(2);
/// The time limit for `cargo e2e report`.
pub const BY_HAND: Duration = Duration::from_secs(30);

/// Tries for one record before it waits for the next run.
const TRIES: u32 = 4;
/// The longest pause after the first try; it doubles with each.
const PAUSE: Duration = Duration::from_millis(150);
/// How often to look whether another sending process is done.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
pub struct Delivered {
    /// Runs whose record the hub has.
    pub sent: Vec<String>,
    /// Records that still wait.
    pub waiting: Vec<Entry>,
    /// Any other problem.
    pub trouble: Option<String>,
}

/// Which records to send.
#[derive(Debug, Clone, Copy)]
pub enum Which<'r> {
    /// This run's first, then those whose time to wait is over.
    Run(&'r str),
    /// All, also those that the hub refused or wants later.
    All,
}

/// Sends until all is sent, the hub does not answer, or the time is over.
pub async fn deliver(
    hub: &Hub,
    store: &Store,
    outbox: &Outbox,
    which: Which<'_>,
    time: Duration,
) -> Delivered {
    let deadline = Instant::now() + time;
    let mut delivered = Delivered::default();
    if let Err(trouble) = try_deliver(hub, store, outbox, which, deadline, &mut delivered).await {
        delivered.trouble = Some(trouble);
    }
    match outbox.entries() {
        Ok(entries) => delivered.waiting = entries,
        Err(error) => delivered.trouble = Some(error.to_string()),
    }
    delivered
}

async fn try_deliver(
    hub: &Hub,
    store: &Store,
    outbox: &Outbox,
    which: Which<'_>,
    deadline: Instant,
    delivered: &mut Delivered,
) -> Result<(), String> {
    let told = |error: io::Error| error.to_string();
    let _held = loop {
        if let Some(held) = outbox.try_hold().map_err(told)? {
            break held;
        }
        if Instant::now() + LOOK >= deadline {
            return Err("another process is sending".to_owned());
        }
        sleep(LOOK).await;
    };
    let mut entries = outbox.entries().map_err(told)?;
    let now = jiff::Timestamp::now();
    match which {
        // A record that always fails must not keep others from being sent.
        Which::All => entries.sort_by_key(|entry| entry.attempts),
        Which::Run(first) => {
            entries.retain(|entry| !entry.refused && entry.may_go(now));
            entries.sort_by_key(|entry| (entry.run_id != first, entry.attempts));
        }
    }
    if entries.is_empty() {
        return Ok(());
    }
    let client = client()?;
    for mut entry in entries {
        let answer = send(hub, &client, store, &mut entry, deadline).await;
        let goes_on = note(outbox, &mut entry, answer, delivered).map_err(told)?;
        if !goes_on {
            break;
        }
    }
    Ok(())
}

fn client() -> Result<Client, String> {
    // Fails only when there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .user_agent(concat!("cargo-e2e/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| format!("failed to connect: {}", chain(&error)))
}

/// Stores an answer; returns false when another request would be useless.
fn note(
    outbox: &Outbox,
    entry: &mut Entry,
    answer: Answer,
    delivered: &mut Delivered,
) -> io::Result<bool> {
    match answer {
        Answer::Has => {
            outbox.done(entry)?;
            delivered.sent.push(entry.run_id.clone());
            Ok(true)
        }
        Answer::Refused { why } => {
            entry.last_answer = Some(why);
            entry.refused = true;
            outbox.put(entry)?;
            Ok(true)
        }
        Answer::Later { why, after } => {
            entry.last_answer = Some(why);
            entry.refused = false;
            entry.not_before =
                after.and_then(|after| jiff::Timestamp::now().checked_add(after).ok());
            outbox.put(entry)?;
            Ok(false)
        }
    }
}

/// Sends one record, with pauses of a random length up to a bound that doubles.
async fn send(
    hub: &Hub,
    client: &Client,
    store: &Store,
    entry: &mut Entry,
    deadline: Instant,
) -> Answer {
    let record = match store.get(&entry.run_id) {
        Ok(record) => record,
        Err(error) => {
            let path = store.path(&entry.run_id);
            let why = format!("its record {} {error}", path.display());
            return Answer::Refused { why };
        }
    };
    let body = body(&record, &entry.report).to_string();
    let mut pause = PAUSE;
    let mut tries = 0;
    loop {
        tries += 1;
        entry.attempts = entry.attempts.saturating_add(1);
        let answer = timeout_at(deadline, post(hub, client, &entry.run_id, body.clone())).await;
        let answer = answer.unwrap_or_else(|_| Answer::Later {
            why: "no response in time".to_owned(),
            after: None,
        });
        let Answer::Later { after, .. } = &answer else {
            return answer;
        };
        let wait = after.unwrap_or_else(|| pause.mul_f64(fastrand::f64()));
        if tries == TRIES || Instant::now() + wait >= deadline {
            return answer;
        }
        sleep(wait).await;
        pause *= 2;
    }
}

async fn post(hub: &Hub, client: &Client, run_id: &str, body: String) -> Answer {
    let mut request = client
        .post(hub.url.clone())
        .header("Idempotency-Key", run_id)
        .header("Content-Type", "application/json")
        .body(body);
    if let Some(token) = &hub.token {
        request = request.bearer_auth(token);
    }
    match request.send().await {
        Ok(response) => answer(hub, response).await,
        // The error's text may hold the address with its credentials.
        Err(error) => Answer::Later {
            why: hub.clean(&chain(&error.without_url())),
            after: None,
        },
    }
}

async fn answer(hub: &Hub, mut response: Response) -> Answer {
    let status = response.status().as_u16();
    let after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| retry_after(value.to_str().ok()?));
    if response.status().is_success() {
        return judge(status, after, "");
    }
    // The first chunk is enough; an endless body is not waited for.
    let said = response.chunk().await.ok().flatten().unwrap_or_default();
    judge(status, after, &hub.clean(&String::from_utf8_lossy(&said)))
}
