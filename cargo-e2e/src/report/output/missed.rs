//! How much was left out for a slow reader, and the text that says so.

use std::path::Path;
use std::sync::Arc;

use crate::units::kilobytes;

/// Returns the text in the place of what was left out, as whole lines of its stream.
pub type Notice = Arc<dyn Fn(Missed) -> String + Send + Sync>;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missed {
    /// Bytes of test output.
    pub output: u64,
    /// Lines of progress.
    pub progress: u64,
}

impl Missed {
    /// Counts bytes of test output.
    pub fn output(bytes: usize) -> Self {
        Self {
            output: bytes as u64,
            progress: 0,
        }
    }

    /// Counts lines of progress.
    pub fn progress(lines: usize) -> Self {
        Self {
            output: 0,
            progress: lines as u64,
        }
    }

    pub(super) fn add(&mut self, more: Self) {
        self.output += more.output;
        self.progress += more.progress;
    }

    /// Returns the text; `log` has all test output.
    pub fn sentence(&self, log: Option<&Path>) -> String {
        let output = format!("{} of test output", kilobytes(self.output.div_ceil(1024)));
        let progress = match self.progress {
            1 => "1 line of progress".to_owned(),
            lines => format!("{lines} lines of progress"),
        };
        let what = match (self.output, self.progress) {
            (0, _) => progress,
            (_, 0) => output,
            _ => format!("{output} and {progress}"),
        };
        let place = log
            .filter(|_| self.output > 0)
            .map_or_else(String::new, |log| {
                format!("; all test output is in {}", log.display())
            });
        format!("{what} not shown: the reader is too slow{place}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_much_and_where_all_of_it_is() {
        let log = Path::new("e2e/results/x/test-output.log");
        let mut missed = Missed::output(3 << 20);
        assert_eq!(
            missed.sentence(Some(log)),
            "3.0 MB of test output not shown: the reader is too slow; \
             all test output is in e2e/results/x/test-output.log"
        );
        missed.add(Missed::progress(2));
        assert_eq!(
            missed.sentence(None),
            "3.0 MB of test output and 2 lines of progress not shown: the reader is too slow"
        );
        assert_eq!(
            Missed::progress(1).sentence(Some(log)),
            "1 line of progress not shown: the reader is too slow"
        );
    }
}
