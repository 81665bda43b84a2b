//! The text of an `e2e.yml`, and the way from an offset in it to a line that a person can find.

use super::diagnostic::Diagnostic;

/// Nobody writes a megabyte of this by hand; a generator gone wrong does.
const MAX_BYTES: usize = 1 << 20;
/// Enough to see what is going on; the rest is counted.
const MAX_DIAGNOSTICS: usize = 50;
/// A generated file may be one line of a megabyte, and each diagnostic carries its line.
const MAX_SHOWN: usize = 240;

/// A range of the text, in characters from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A mistake before its place is looked up.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) spot: Spot,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// The decoded text, without a byte order mark.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    /// The characters before each line.
    line_starts: Vec<usize>,
    /// The characters before the blank space at the end: what is missing is missing here.
    end: usize,
}

impl<'t> Source<'t> {
    /// Refuses what isn't a text of a sensible size.
    pub(super) fn decode(bytes: &'t [u8]) -> Result<Self, Diagnostic> {
        if bytes.len() > MAX_BYTES {
            let found = format!("the file has {} bytes, more than 1 MiB", bytes.len());
            return Err(at_start(found, None));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(text.strip_prefix('\u{feff}').unwrap_or(text))),
            Err(_) if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") => {
                let help = "save it as UTF-8".to_owned();
                Err(at_start("the file is UTF-16".to_owned(), Some(help)))
            }
            Err(error) => {
                let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
                let bad = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
                let last = good.rsplit('\n').next().unwrap_or_default();
                let message = format!("the file is not UTF-8: byte 0x{bad:02x}");
                Err(Diagnostic {
                    line: good.matches('\n').count() + 1,
                    column: last.chars().count() + 1,
                    ..at_start(message, Some("save it as UTF-8".to_owned()))
                })
            }
        }
    }

    pub(super) fn new(text: &'t str) -> Self {
        let breaks = text.chars().enumerate().filter(|(_, c)| *c == '\n');
        Self {
            text,
            line_starts: std::iter::once(0)
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
            end: text.trim_end().chars().count(),
        }
    }

    /// Finds the first character that YAML readers refuse, or that ends a line for some of them.
    pub(super) fn odd_character(&self) -> Option<Finding> {
        let ends_line = |c| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
        let is_odd = |c: char| {
            let is_blank = matches!(c, '\t' | '\n' | '\r');
            (c.is_control() && !is_blank) || ends_line(c) || matches!(c, '\u{fffe}' | '\u{ffff}')
        };
        let (start, c) = self.text.chars().enumerate().find(|(_, c)| is_odd(*c))?;
        let code = format!("{:04X}", u32::from(c));
        let message = if ends_line(c) {
            format!("U+{code} ends a line for some YAML readers")
        } else {
            "not valid YAML: control characters are not allowed".to_owned()
        };
        let end = start + 1;
        Some(Finding {
            spot: Spot { start, end },
            message,
            help: Some(format!("remove it, or write \\u{code} in double quotes")),
        })
    }

    /// Returns the place in which a person finds it: line and column counted from 1, and the line's
    /// text.
    fn place(&self, spot: Spot) -> (usize, usize, &'t str) {
        let start = spot.start.min(self.end);
        let line = self.line(spot);
        let text = self.text.split('\n').nth(line - 1).unwrap_or_default();
        let text = text.strip_suffix('\r').unwrap_or(text);
        let column = start - self.line_start(spot);
        (line, column.min(text.chars().count()) + 1, text)
    }

    /// Returns the line on which a spot starts, counted from 1.
    pub(super) fn line(&self, spot: Spot) -> usize {
        let start = spot.start.min(self.end);
        self.line_starts.partition_point(|at| *at <= start)
    }

    /// Returns the characters before the line on which a spot starts.
    pub(super) fn line_start(&self, spot: Spot) -> usize {
        self.line_starts[self.line(spot) - 1]
    }

    pub(super) fn line_text(&self, spot: Spot) -> &'t str {
        self.place(spot).2
    }

    pub(super) fn diagnostic(&self, finding: Finding) -> Diagnostic {
        let (line, column, text) = self.place(finding.spot);
        let rest = text.chars().count().saturating_sub(column - 1);
        let wanted = finding.spot.end.saturating_sub(finding.spot.start);
        let shown = column <= MAX_SHOWN;
        Diagnostic {
            line,
            column,
            message: finding.message,
            help: finding.help,
            source_line: shown.then(|| text.chars().take(MAX_SHOWN).map(printable).collect()),
            len: wanted.min(rest).max(1),
        }
    }

    /// Returns all findings in the order of the file, and how many more there are.
    pub(super) fn diagnostics(&self, mut findings: Vec<Finding>) -> (Vec<Diagnostic>, usize) {
        findings.sort_by_key(|finding| finding.spot);
        let more = findings.len().saturating_sub(MAX_DIAGNOSTICS);
        findings.truncate(MAX_DIAGNOSTICS);
        let diagnostics = findings.into_iter().map(|one| self.diagnostic(one));
        (diagnostics.collect(), more)
    }
}

fn at_start(message: String, help: Option<String>) -> Diagnostic {
    Diagnostic {
        line: 1,
        column: 1,
        message,
        help,
        source_line: None,
        len: 1,
    }
}

/// A file from elsewhere must not drive the terminal that its errors are printed on.
pub(super) fn printable(c: char) -> char {
    let moves_text = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if (c.is_control() && c != '\t') || moves_text {
        '\u{fffd}'
    } else {
        c
    }
}

/// Returns what was written, in backticks, short and safe to print.
pub(super) fn quoted(written: &str) -> String {
    const MAX: usize = 60;
    let mut shown: String = written.chars().take(MAX).map(printable).collect();
    if written.chars().nth(MAX).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}
