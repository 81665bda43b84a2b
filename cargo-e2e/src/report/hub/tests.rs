use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::deliver::{BESIDE_A_RUN, Delivered, Which, deliver};
use super::*;
use crate::record::samples::passed;
use crate::record::store::Store;

const TOKEN: &str = "very-secret-token";

/// What the hub does with one request.
#[derive(Debug, Clone, Copy)]
enum Does {
    Answers(&'static str),
    /// Takes it, and is cut off before it can say so.
    Cut,
    /// Says nothing.
    Hangs,
}

/// A hub that does these one after another, and then what the last says; and all that it got.
async fn hub(does: &[Does]) -> (Hub, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let got = Arc::new(Mutex::new(Vec::new()));
    let (does, sink) = (does.to_vec(), Arc::clone(&got));
    tokio::spawn(async move {
        for index in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let what = does[index.min(does.len() - 1)];
            tokio::spawn(one(stream, what, Arc::clone(&sink)));
        }
    });
    let url = address(&url, None).unwrap();
    let token = Some(TOKEN.to_owned());
    (Hub { url, token }, got)
}

async fn one(mut stream: TcpStream, does: Does, sink: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request);
        let length = text
            .to_lowercase()
            .split_once("content-length: ")
            .and_then(|(_, rest)| rest.lines().next()?.trim().parse::<usize>().ok());
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
        if read == 0 || (length.is_some() && body >= length) {
            break;
        }
    }
    sink.lock()
        .unwrap()
        .push(String::from_utf8_lossy(&request).into_owned());
    match does {
        Does::Answers(head) => {
            let text =
                format!("HTTP/1.1 {head}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry");
            let _ = stream.write_all(text.as_bytes()).await;
        }
        Does::Cut => {}
        Does::Hangs => std::future::pending().await,
    }
}

struct State {
    _folder: tempfile::TempDir,
    store: Store,
    outbox: Outbox,
}

/// A state with these runs waiting.
fn state(runs: &[&str]) -> State {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::in_state(folder.path());
    let outbox = Outbox::in_state(folder.path());
    for run_id in runs {
        let mut record = passed();
        record.run_id = (*run_id).to_owned();
        store.put(&record).unwrap();
        let report = Report {
            topic_slug: Some("topic".to_owned()),
            ..Report::default()
        };
        let entry = Entry {
            run_id: (*run_id).to_owned(),
            report,
            ..Entry::default()
        };
        outbox.put(&entry).unwrap();
    }
    State {
        _folder: folder,
        store,
        outbox,
    }
}

async fn after_run(hub: &Hub, state: &State, run_id: &str) -> Delivered {
    let began = Instant::now();
    let which = Which::Run(run_id);
    let delivered = deliver(hub, &state.store, &state.outbox, which, BESIDE_A_RUN).await;
    assert!(began.elapsed() < BESIDE_A_RUN * 2, "{:?}", began.elapsed());
    delivered
}

#[tokio::test]
async fn one_post_has_all_that_the_contract_says() {
    let (hub, got) = hub(&[Does::Answers("201 Created")]).await;
    let state = state(&["b", "a"]);
    let delivered = after_run(&hub, &state, "b").await;
    // This run's own first.
    assert_eq!(delivered.sent, ["b", "a"]);
    assert!(delivered.waiting.is_empty() && delivered.trouble.is_none());
    let requests = got.lock().unwrap();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /api/progress HTTP/1.1\r\n"),
        "{head}"
    );
    let head = head.to_lowercase();
    assert!(head.contains("idempotency-key: b\r\n"), "{head}");
    assert!(
        head.contains("authorization: bearer very-secret-token"),
        "{head}"
    );
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["event_type"], "e2e_result");
    assert_eq!(
        body["summary"],
        "activity-core e2e passed in 6.12 s on railiance01"
    );
    assert_eq!(body["author"], "cargo-e2e");
    assert_eq!(
        (&body["topic_slug"], &body["task_id"]),
        (&json!("topic"), &Value::Null)
    );
    assert_eq!(body["detail"]["verdict"], "passed");
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let faults = [
        Does::Answers("500 Oops"),
        Does::Cut,
        Does::Answers("425 Too Early"),
    ];
    for there in ["200 OK", "409 Conflict"] {
        let does = [faults.as_slice(), &[Does::Answers(there)]].concat();
        let (hub, got) = hub(&does).await;
        let state = state(&["a"]);
        let delivered = after_run(&hub, &state, "a").await;
        assert_eq!(delivered.sent, ["a"], "{delivered:?}");
        assert_eq!(got.lock().unwrap().len(), 4);
    }
}

#[tokio::test]
async fn a_hub_that_is_down_or_slow_costs_two_seconds_and_loses_nothing() {
    let (slow, _) = hub(&[Does::Hangs]).await;
    let (down, got) = hub(&[Does::Answers("503 Down")]).await;
    for (hub, said) in [(slow, "no response in time"), (down, "HTTP 503: sorry")] {
        let state = state(&["a", "b"]);
        let delivered = after_run(&hub, &state, "b").await;
        assert!(delivered.sent.is_empty());
        assert_eq!(delivered.waiting.len(), 2);
        assert_eq!(delivered.waiting[1].last_answer.as_deref(), Some(said));
        // The other one would have fared no better.
        assert_eq!(delivered.waiting[0].attempts, 0);
    }
    assert_eq!(got.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn patience_that_is_asked_for_is_had() {
    let (hub, got) = hub(&[
        Does::Answers("429 Slow\r\nRetry-After: 3600"),
        Does::Answers("200 OK"),
    ])
    .await;
    let state = state(&["a"]);
    let delivered = after_run(&hub, &state, "a").await;
    assert!(delivered.waiting[0].not_before.is_some());
    // A later run leaves it alone; whoever asks for it does not.
    assert!(after_run(&hub, &state, "b").await.sent.is_empty());
    assert_eq!(got.lock().unwrap().len(), 1);
    let delivered = deliver(&hub, &state.store, &state.outbox, Which::All, BESIDE_A_RUN).await;
    assert_eq!(delivered.sent, ["a"]);
}

#[tokio::test]
async fn what_is_refused_is_kept_with_the_reason_and_without_the_token() {
    let redirect = "302 Found\r\nLocation: http://127.0.0.1:1/";
    for head in ["401 Unauthorized", "422 Bad", redirect] {
        let (hub, got) = hub(&[Does::Answers(head)]).await;
        let state = state(&["a"]);
        let delivered = after_run(&hub, &state, "a").await;
        assert!(delivered.waiting[0].refused);
        let said = delivered.waiting[0].last_answer.clone().unwrap();
        assert!(
            said.starts_with(&format!("HTTP {}: sorry", &head[..3])),
            "{said}"
        );
        after_run(&hub, &state, "b").await;
        assert_eq!(got.lock().unwrap().len(), 1);
    }
    let (hub, _) = hub(&[Does::Cut]).await;
    assert_eq!(
        hub.clean(&format!("you said {TOKEN}\u{1b}[2J")),
        "you said ***"
    );
    assert!(!format!("{hub:?}").contains(TOKEN));
}

#[tokio::test]
async fn many_processes_send_each_record_once() {
    let (hub, got) = hub(&[Does::Answers("200 OK")]).await;
    let state = state(&["a", "b", "c", "d"]);
    let all = futures_util::future::join_all(
        ["a", "b", "c", "d"].map(|run_id| after_run(&hub, &state, run_id)),
    )
    .await;
    let mut sent: Vec<_> = all.into_iter().flat_map(|one| one.sent).collect();
    sent.sort();
    assert_eq!(sent, ["a", "b", "c", "d"]);
    assert_eq!(got.lock().unwrap().len(), 4);
}

#[test]
fn addresses_and_times_are_read_as_they_are_written() {
    let of = |base, path| address(base, path).map(|url| url.to_string());
    assert_eq!(
        of("http://hub:8000", None).unwrap(),
        "http://hub:8000/progress"
    );
    assert_eq!(
        of("https://hub/api/", Some("v2/events")).unwrap(),
        "https://hub/api/v2/events"
    );
    for bad in ["hub:8000", "file:///etc", "", "http://"] {
        assert!(of(bad, None).is_err(), "{bad}");
    }
    assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
    assert!(retry_after("Fri, 31 Dec 2100 23:59:59 GMT").is_some());
    assert_eq!(retry_after("soon"), None);
    assert_eq!(retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), None);
}

#[test]
fn half_a_token_is_not_shown() {
    let hub = Hub {
        url: address("http://user:hunter2@hub/api", None).unwrap(),
        token: Some(TOKEN.to_owned()),
    };
    for room in 0..TOKEN.len() {
        let said = format!("{}{TOKEN} is wrong", "x".repeat(ANSWER_LENGTH - room));
        let shown = hub.clean(&said);
        assert!(!shown.contains("ver"), "{shown}");
    }
    // As a page of HTML or JSON would repeat it.
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, TOKEN);
    assert!(
        !hub.clean(&format!("Basic {encoded}"))
            .contains(&encoded[..20])
    );
    assert_eq!(format!("{hub:?}"), "Hub(\"http://hub/api/progress\")");
}

#[test]
fn no_hub_makes_a_record_wait_for_years() {
    let hours = |value: &str| retry_after(value).map(|wait| wait.as_secs() / 3600);
    assert_eq!(hours("7200"), Some(2));
    assert_eq!(hours("18446744073709551615"), Some(24));
    assert_eq!(hours("99999999999999999999999999"), Some(24));
    assert_eq!(hours("Fri, 31 Dec 2100 23:59:59 GMT"), Some(24));
    assert_eq!(hours("Wed, 21 Oct 2015 07:28:00 GMT"), None);
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(7230);
    let date = jiff::fmt::rfc2822::to_string(&soon.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
    assert_eq!(hours(&date.replace("+0000", "GMT")), Some(2));
    assert_eq!(hours("-1"), None);

    let now = jiff::Timestamp::now();
    let until = |seconds| Entry {
        not_before: Some(now + jiff::SignedDuration::from_secs(seconds)),
        ..Entry::default()
    };
    assert!(until(-1).may_go(now) && !until(60).may_go(now));
    // It was set by a clock that was a year ahead.
    assert!(until(365 * 86_400).may_go(now));
}

#[tokio::test]
async fn a_hub_that_asks_for_endless_patience_ends_no_run() {
    let (hub, _) = hub(&[Does::Answers(
        "503 Busy\r\nRetry-After: 18446744073709551615",
    )])
    .await;
    let state = state(&["a"]);
    let delivered = after_run(&hub, &state, "a").await;
    assert_eq!(delivered.waiting.len(), 1);
    assert!(delivered.waiting[0].not_before.is_some());
}

#[tokio::test]
async fn an_entry_that_was_torn_still_names_its_record() {
    let (hub, got) = hub(&[Does::Answers("201 Created")]).await;
    let state = state(&["a"]);
    let outbox = state.store.folder().with_file_name("outbox");
    for torn in ["", "\0\0\0", "{\"run_id\":"] {
        std::fs::write(outbox.join("a.json"), torn).unwrap();
        let delivered = after_run(&hub, &state, "a").await;
        assert_eq!(delivered.sent, ["a"], "{torn:?}");
    }
    assert_eq!(got.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn what_no_hub_was_named_for_is_sent_once_there_is_one_unless_it_is_old() {
    let state = state(&[]);
    let put = |run_id: &str| {
        let mut record = passed();
        record.run_id = run_id.to_owned();
        state.store.put(&record).unwrap();
        let entry = Entry {
            run_id: run_id.to_owned(),
            without_hub: true,
            ..Entry::default()
        };
        state.outbox.put(&entry).unwrap();
    };
    let days_ago = |days: u64| {
        let time = std::time::SystemTime::now() - Duration::from_hours(days * 24);
        ulid::Ulid::from_datetime(time).to_string().to_lowercase()
    };
    let (old, recent) = (days_ago(31), days_ago(29));
    put(&old);
    put(&recent);
    let (hub, got) = hub(&[Does::Answers("201 Created")]).await;
    let delivered = after_run(&hub, &state, "none").await;
    assert_eq!(delivered.sent, [recent.as_str()]);
    assert!(delivered.waiting.is_empty() && delivered.trouble.is_none());
    assert_eq!(got.lock().unwrap().len(), 1);
    // Thousands of runs without a hub are no thousands of posts.
    let mut all: Vec<String> = (0..130).map(|_| days_ago(1)).collect();
    all.sort();
    for run_id in &all {
        put(run_id);
    }
    let waiting = state.outbox.entries().unwrap();
    let ids: Vec<&String> = waiting.iter().map(|entry| &entry.run_id).collect();
    assert_eq!(ids, all[30..].iter().collect::<Vec<_>>());
    assert!(state.store.path(&old).is_file(), "its record stays");
}
