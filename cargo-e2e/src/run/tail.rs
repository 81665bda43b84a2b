//! The last lines of a command's output, for the message when it fails.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::record::assertion::is_assertion;
use crate::secrets::{Masking, Secrets};
use crate::text::printable;

/// Splits bytes into lines, and keeps the last ones. Secrets are masked before the split: half of
/// one would not be recognised.
#[derive(Debug, Default)]
pub struct Tail {
    secrets: Arc<Secrets>,
    masking: Masking,
    partial: Vec<u8>,
    /// The last byte was a carriage return.
    returned: bool,
    lines: VecDeque<String>,
    /// Earlier lines that say why a test failed, where those are kept.
    asserted: Option<VecDeque<String>>,
}

impl Tail {
    /// The number of lines kept.
    const LINES: usize = 40;
    /// Bytes after which a line without end is cut.
    const LONGEST: usize = 16 << 10;

    /// Earlier assertions that are kept.
    const ASSERTED: usize = 12;

    /// Makes one that masks these secrets.
    pub fn masking(secrets: &Arc<Secrets>) -> Self {
        Self {
            secrets: Arc::clone(secrets),
            ..Self::default()
        }
    }

    /// Also keeps the last assertions before them: after those, a runner may print summaries.
    #[must_use]
    pub fn with_assertions(self) -> Self {
        Self {
            asserted: Some(VecDeque::new()),
            ..self
        }
    }

    /// Takes bytes, and calls `each` with every complete line.
    pub fn take(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        let bytes = self.masking.take(&self.secrets.patterns(), bytes);
        for byte in &bytes {
            // A progress bar overwrites its line; each of its states is a line here.
            let ends = match byte {
                b'\n' => !self.returned,
                b'\r' => !self.partial.is_empty(),
                _ => self.partial.len() >= Self::LONGEST,
            };
            if ends {
                self.end_line(&mut each);
            }
            self.returned = *byte == b'\r';
            if !matches!(byte, b'\n' | b'\r') {
                self.partial.push(*byte);
            }
        }
    }

    fn end_line(&mut self, each: &mut impl FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.partial).into_owned();
        self.partial.clear();
        each(&line);
        if self.lines.len() == Self::LINES {
            let gone = self.lines.pop_front();
            if let (Some(asserted), Some(gone)) = (&mut self.asserted, gone)
                && is_assertion(&printable(&gone))
            {
                if asserted.len() == Self::ASSERTED {
                    asserted.pop_front();
                }
                asserted.push_back(gone);
            }
        }
        self.lines.push_back(line);
    }

    /// Returns the last lines, with an unfinished one.
    pub fn text(&self) -> String {
        let asserted = self.asserted.iter().flatten();
        let mut lines: Vec<&str> = asserted.chain(&self.lines).map(String::as_str).collect();
        let rest = self.masking.clone().finish(&self.secrets.patterns());
        let partial = [self.partial.as_slice(), &rest].concat();
        let partial = String::from_utf8_lossy(&partial);
        if !partial.is_empty() {
            lines.push(&partial);
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_secret_is_in_no_piece_of_a_line() {
        let environment = [("API_TOKEN".to_owned(), "hunter2-hunter2".to_owned())];
        let secrets = Arc::new(Secrets::of(&["API_TOKEN".to_owned()], environment).unwrap());
        let mut tail = Tail::masking(&secrets);
        let long = "x".repeat(Tail::LONGEST - 8);
        let mut seen = Vec::new();
        for bytes in [long.as_str(), "hunter2-", "hunter2\nhunt", "er2-hun"] {
            tail.take(bytes.as_bytes(), |line| seen.push(line.to_owned()));
        }
        assert_eq!(seen, [format!("{long}***")]);
        assert_eq!(tail.text(), format!("{long}***\nhunter2-hun"));
    }

    #[test]
    fn the_tail_keeps_the_last_lines_however_they_arrive() {
        let mut tail = Tail::default();
        let mut seen = 0;
        for piece in ["a", "b\r\nc", "\r\n10%\r20%\rd"] {
            tail.take(piece.as_bytes(), |_| seen += 1);
        }
        assert_eq!((seen, tail.text().as_str()), (4, "ab\nc\n10%\n20%\nd"));
        for _ in 0..100 {
            tail.take(b"x\n", |_| {});
        }
        assert_eq!(tail.text().lines().count(), Tail::LINES);
    }

    #[test]
    fn an_assertion_stays_however_much_follows_it() {
        let mut tail = Tail::default().with_assertions();
        tail.take(b"\x1b[31mE  assert 3 == 4\x1b[0m\nx\n", |_| {});
        for _ in 0..100 {
            tail.take(b"y\n", |_| {});
        }
        let text = tail.text();
        assert!(
            printable(&text).starts_with("E  assert 3 == 4\ny\n"),
            "{text}"
        );
        assert_eq!(text.lines().count(), Tail::LINES + 1);
    }
}
