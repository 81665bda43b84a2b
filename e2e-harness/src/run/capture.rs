//! What a child prints, both streams in order, read on a thread of its own.

use std::io::{PipeReader, Read};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How much is kept: the end, where failures are.
const KEPT: usize = 1 << 20;
/// How long to wait for the pipe's end after the child's: something may still hold it.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A pipe that is being read.
pub(super) struct Capture {
    text: Arc<Mutex<Tail>>,
    done: Receiver<()>,
}

#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    cut: usize,
}

impl Tail {
    fn push(&mut self, more: &[u8]) {
        self.bytes.extend_from_slice(more);
        // Twice the size before a cut, so that cutting is rare.
        if self.bytes.len() > 2 * KEPT {
            let cut = self.bytes.len() - KEPT;
            self.bytes.drain(..cut);
            self.cut += cut;
        }
    }
}

impl Capture {
    pub(super) fn of(mut pipe: PipeReader) -> Self {
        let text = Arc::new(Mutex::new(Tail::default()));
        let (send, done) = mpsc::channel();
        let kept = Arc::clone(&text);
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(&buffer[..count]);
            }
            // Nobody listens any more when the wait for the last words was given up.
            let _ = send.send(());
        });
        Self { text, done }
    }

    /// What was printed up to now, after the child's end.
    pub(super) fn finish(self) -> String {
        // Late output of another holder of the pipe is not the test's.
        let _ = self.done.recv_timeout(LAST_WORDS);
        let tail = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&tail.bytes);
        if tail.cut == 0 {
            return text.into_owned();
        }
        format!("({} bytes before this are not shown)\n{text}", tail.cut)
    }
}
