//! How far tests are, by what they print: counts as runners write them, and the last line.

use std::time::Instant;

use crate::report::output::Row;
use crate::text::printable;

/// Bytes of a line that are looked at.
const LINE: usize = 400;

/// What tests have printed so far.
#[derive(Default)]
pub(super) struct TestProgress {
    passed: usize,
    failed: usize,
    lines: usize,
    /// The line that has no end yet.
    rest: Vec<u8>,
    /// The last line that says something, and when it came.
    last: Option<(Vec<u8>, Instant)>,
}

impl TestProgress {
    pub(super) fn take(&mut self, bytes: &[u8], now: Instant) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE.saturating_sub(self.rest.len());
            self.rest.extend_from_slice(&piece[..piece.len().min(room)]);
            if !self.rest.trim_ascii().is_empty() {
                // Millions of lines may come: the text is made when it is shown.
                let (last, at) = self.last.get_or_insert_with(|| (Vec::new(), now));
                self.rest.clone_into(last);
                *at = now;
            }
            if piece.ends_with(b"\n") {
                self.lines += 1;
                match outcome(&self.rest) {
                    Some(true) => self.passed += 1,
                    Some(false) => self.failed += 1,
                    None => {}
                }
                self.rest.clear();
            }
        }
    }

    /// Returns the counts, and the last line with its age.
    pub(super) fn shown(&self) -> (String, Vec<Row>) {
        let counted = match (self.passed, self.failed) {
            (0, 0) if self.lines == 0 => "no output yet".to_owned(),
            (0, 0) => format!("{} of output", crate::text::count(self.lines, "line")),
            (passed, 0) => format!("{passed} passed"),
            (passed, failed) => format!("{passed} passed, {failed} failed"),
        };
        let last = self.last.iter().map(|(line, since)| Row {
            since: Some(*since),
            text: text(line),
        });
        (counted, last.collect())
    }
}

fn text(line: &[u8]) -> String {
    printable(&String::from_utf8_lossy(line)).trim().to_owned()
}

/// Returns whether a line says that a test passed or failed, as the harness and libtest, nextest,
/// `pytest -v`, jest and Playwright, and go write it.
fn outcome(line: &[u8]) -> Option<bool> {
    const PASSED: [&str; 4] = ["PASS [", "✓ ", "✔ ", "--- PASS:"];
    const FAILED: [&str; 5] = ["FAIL [", "✕ ", "✗ ", "✘ ", "--- FAIL:"];
    let plain;
    let line = if memchr::memchr(0x1b, line).is_some() {
        plain = text(line);
        plain.as_bytes()
    } else {
        line.trim_ascii()
    };
    let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word.as_bytes()));
    if line.starts_with(b"test ") {
        return match line {
            [.., b' ', b'o', b'k'] => Some(true),
            _ => line.ends_with(b"FAILED").then_some(false),
        };
    }
    let has = |word: &[u8]| memchr::memmem::find(line, word).is_some();
    if begins(&PASSED) || has(b"::") && has(b" PASSED") {
        return Some(true);
    }
    (begins(&FAILED) || has(b"::") && has(b" FAILED")).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_test_shows_counts_and_its_last_line() {
        let mut tests = TestProgress::default();
        let now = Instant::now();
        assert_eq!(tests.shown(), ("no output yet".to_owned(), Vec::new()));
        tests.take(b"waiting for the ", now);
        tests.take(b"\x1b[32mqueue\x1b[0m\n\n", now);
        let row = |text: &str| {
            let text = text.to_owned();
            vec![Row {
                since: Some(now),
                text,
            }]
        };
        let said = ("2 lines of output".to_owned(), row("waiting for the queue"));
        assert_eq!(tests.shown(), said);
        for line in [
            "test orders::ship ... ok\n",
            "        PASS [   0.010s] shop::e2e orders::list\n",
            "tests/test_shop.py::test_price PASSED   [ 50%]\n",
            "  ✓ adds (2 ms)\n",
            "--- FAIL: TestPay (0.01s)\n",
            "tests/test_shop.py::test_card FAILED   [100%]\n",
        ] {
            tests.take(line.as_bytes(), now);
        }
        assert_eq!(tests.shown().0, "4 passed, 2 failed");
    }
}
