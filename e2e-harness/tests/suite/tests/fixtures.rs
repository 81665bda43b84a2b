//! Fixtures that need the runtime of their test, or that break.
#![expect(
    clippy::unused_async,
    reason = "what is spawned needs a runtime, and it is blocked on purpose"
)]

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use e2e_harness::{BoxError, Fixture, Sandbox};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// As pools are: what it works with is spawned by the test, and ends when it is closed.
struct Pool {
    leave: Arc<Notify>,
    workers: Mutex<Vec<JoinHandle<&'static str>>>,
}

impl Pool {
    fn work(&self) {
        let leave = Arc::clone(&self.leave);
        let worker = tokio::spawn(async move {
            leave.notified().await;
            "went home"
        });
        self.workers.lock().expect("nobody panics").push(worker);
    }
}

impl Fixture for Pool {
    async fn set_up(_: &Sandbox) -> Result<Self, BoxError> {
        Ok(Self {
            leave: Arc::default(),
            workers: Mutex::default(),
        })
    }

    async fn close(&self) -> Result<(), BoxError> {
        let workers: Vec<_> = self
            .workers
            .lock()
            .expect("nobody panics")
            .drain(..)
            .collect();
        for worker in workers {
            self.leave.notify_one();
            eprintln!("a worker {}", worker.await?);
        }
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        eprintln!("the pool is dropped");
    }
}

#[e2e_harness::test]
async fn a_pool_is_closed(pool: &Pool) {
    pool.work();
    pool.work();
}

#[e2e_harness::test]
async fn b_pool_is_closed_after_a_failure(pool: &Pool) -> Result<(), BoxError> {
    pool.work();
    Err("a wrong answer".into())
}

#[e2e_harness::test(timeout = 0.2)]
async fn c_pool_is_closed_after_a_timeout(pool: &Pool) {
    pool.work();
    std::future::pending::<()>().await;
}

/// Says goodbye after it is closed.
struct Polite(PathBuf);

impl Fixture for Polite {
    async fn set_up(sandbox: &Sandbox) -> Result<Self, BoxError> {
        Ok(Self(sandbox.artifacts()?))
    }

    async fn close(&self) -> Result<(), BoxError> {
        let (goodbye, blocking) = (self.0.join("goodbye"), self.0.join("blocking"));
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            std::fs::write(goodbye, "").expect("it is written");
        });
        tokio::task::spawn_blocking(move || std::fs::write(blocking, ""));
        Ok(())
    }
}

#[e2e_harness::test]
fn d_says_goodbye(_polite: &Polite) {}

/// Goes on beside a test that is no async fn.
struct Server(Sender<()>, Mutex<Receiver<()>>);

impl Fixture for Server {
    async fn set_up(_: &Sandbox) -> Result<Self, BoxError> {
        let (ask, asked) = channel();
        let (answer, answers) = channel();
        tokio::spawn(async move {
            loop {
                if asked.try_recv().is_ok() {
                    let _ = answer.send(());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        Ok(Self(ask, Mutex::new(answers)))
    }
}

#[e2e_harness::test]
fn e_server_answers_a_blocking_test(server: &Server) -> Result<(), BoxError> {
    server.0.send(())?;
    let answers = server.1.lock().expect("nobody panics");
    Ok(answers.recv_timeout(Duration::from_secs(30))?)
}

/// Says when it is closed.
struct Loud;

impl Fixture for Loud {
    async fn set_up(_: &Sandbox) -> Result<Self, BoxError> {
        Ok(Self)
    }

    async fn close(&self) -> Result<(), BoxError> {
        eprintln!("loud is closed");
        Ok(())
    }
}

#[e2e_harness::test(timeout = 0.2)]
async fn f_blocks_its_runtime(_loud: &Loud) {
    std::thread::sleep(Duration::from_hours(1));
}

/// Never comes to be.
struct Stuck;

impl Fixture for Stuck {
    async fn set_up(_: &Sandbox) -> Result<Self, BoxError> {
        std::thread::sleep(Duration::from_hours(1));
        Ok(Self)
    }
}

#[e2e_harness::test(timeout = 0.2)]
fn g_has_a_stuck_fixture(_loud: &Loud, _stuck: &Stuck) {}

/// Panics while it is made.
struct Fragile;

impl Fixture for Fragile {
    async fn set_up(_: &Sandbox) -> Result<Self, BoxError> {
        panic!("it broke");
    }
}

#[e2e_harness::test]
fn h_has_a_fragile_fixture(_loud: &Loud, _fragile: &Fragile) {}

e2e_harness::main!();
