//! Which lines of a log the page has: all of a short one; of a long one the first, the last, those
//! that complain, and those of the time of failed tests. `logs.rs` shows them.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use regex::bytes::Regex;

use crate::report::log_lines::{LogLines, shifted};

/// Lines at the beginning of a long log.
const HEAD: usize = 200;
/// Lines of one failed test's time.
const WINDOW: usize = 100;
/// Bytes for which a log's share has a line: more lines make the page slow, however short.
const LINE: u64 = 150;
/// The least share of a log, in bytes.
const LEAST: u64 = 96 << 10;

/// Words of errors and warnings. ASCII alone: a gigabyte is searched.
static COMPLAINT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i-u)\b(?:error|fatal|panic(?:ked)?|exception|critical|traceback|segfault|out of memory|warn(?:ing)?)\b").ok()
});

/// A part of a log.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) pieces: Vec<Piece>,
    /// Lines after the last piece; lines before each are its own.
    pub(super) left_out: usize,
}

/// Lines that follow each other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// How many lines are missing before them.
    pub(super) skipped: usize,
    pub(super) lines: Vec<String>,
}

impl Excerpt {
    pub(super) fn shown(&self) -> usize {
        self.pieces.iter().map(|piece| piece.lines.len()).sum()
    }

    /// Returns how many lines the whole log has.
    pub(super) fn all(&self) -> usize {
        let skipped = self.pieces.iter().map(|piece| piece.skipped);
        self.shown() + skipped.sum::<usize>() + self.left_out
    }
}

/// Splits what the page has room for: a short log needs less than its share, and the others get
/// the rest.
pub(super) fn shares(lengths: &[u64], whole: u64) -> Vec<u64> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&index| lengths[index]);
    let mut shares = vec![0; lengths.len()];
    let mut rest = whole;
    for (done, &index) in order.iter().enumerate() {
        let fair = rest / (lengths.len() - done) as u64;
        let share = lengths[index].min(fair);
        rest -= share;
        // Also the lines of a short log are counted.
        shares[index] = fair.max(LEAST);
    }
    shares
}

/// Reads a log, within its share of bytes. `times` are spans of failed tests by the clock of the
/// log. A log that can't be read was reported when it was fetched.
pub(super) fn excerpt(path: &Path, share: u64, times: &[(Timestamp, Timestamp)]) -> Excerpt {
    LogLines::open(path)
        .and_then(|mut lines| {
            let kept = kept(&mut lines, share, times)?;
            read(&mut lines, &kept)
        })
        .unwrap_or_default()
}

/// Chooses ranges of whole lines, in order, none touching another.
fn kept(
    lines: &mut LogLines,
    share: u64,
    times: &[(Timestamp, Timestamp)],
) -> io::Result<Vec<Range<u64>>> {
    let end = lines.length();
    let most = usize::try_from(share / LINE).unwrap_or(usize::MAX);
    if end <= share && lines.count(0..end)? <= most {
        return Ok(std::iter::once(0..end).collect());
    }
    let mut head = lines.first(0..end, HEAD.min(most / 4))?;
    if head > share / 4 {
        head = 0;
    }
    let mut tail = lines.back(&(head..end), most / 2)?;
    if end - tail > share / 2 {
        // The end of the line that this cuts.
        tail = lines.first(end - share / 2..end, 1)?;
    }
    let mut kept = vec![0..head, tail..end];
    for (from, to) in times {
        let piece =
            lines.since(*from)?..lines.since(shifted(*to, SignedDuration::from_nanos(1)))?;
        if piece.start < piece.end {
            kept.push(lines.back(&piece, WINDOW)?..piece.end);
        }
    }
    if let Some(complaint) = &*COMPLAINT {
        kept.extend(lines.find(head..tail, complaint, most / 4)?);
    }
    kept.sort_by_key(|piece| piece.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for piece in kept.into_iter().filter(|piece| !piece.is_empty()) {
        match merged.last_mut() {
            Some(last) if piece.start <= last.end => last.end = last.end.max(piece.end),
            _ => merged.push(piece),
        }
    }
    Ok(merged)
}

fn read(lines: &mut LogLines, kept: &[Range<u64>]) -> io::Result<Excerpt> {
    let mut excerpt = Excerpt::default();
    let mut at = 0;
    for range in kept {
        let mut piece = Piece {
            skipped: lines.count(at..range.start)?,
            lines: Vec::new(),
        };
        lines.each(range.clone(), |line| {
            piece.lines.push(String::from_utf8_lossy(line).into_owned());
        })?;
        excerpt.pieces.push(piece);
        at = range.end;
    }
    excerpt.left_out = lines.count(at..lines.length())?;
    Ok(excerpt)
}

/// What a line says of itself.
pub(super) fn complains(text: &str) -> Option<&'static str> {
    let found = COMPLAINT.as_ref()?.find(text.as_bytes())?;
    let is_warning = |word: &[u8]| word.to_ascii_lowercase().starts_with(b"warn");
    if !is_warning(found.as_bytes()) {
        return Some("bad");
    }
    // `WARN: error …` is an error too.
    let rest = &text.as_bytes()[found.end()..];
    let mut others = COMPLAINT.as_ref()?.find_iter(rest);
    let worse = others.any(|other| !is_warning(other.as_bytes()));
    Some(if worse { "bad" } else { "warn" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_keeps_its_ends_its_complaints_and_the_time_of_failed_tests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.log");
        let start: Timestamp = "2025-11-22T13:00:00Z".parse().unwrap();
        let second = |number: i64| shifted(start, SignedDuration::from_secs(number));
        let line = |number: i64| {
            let text = match number {
                1_000 | 9_000 => "ERROR no orders",
                5_000 => "Warning: slow",
                _ => "terrors are no errors",
            };
            format!("{} {number} {text}\n", second(number))
        };
        let text: String = (0..10_000).map(line).collect();
        std::fs::write(&path, &text).unwrap();

        let whole = excerpt(&path, 2 << 20, &[]);
        assert_eq!((whole.shown(), whole.all()), (10_000, 10_000));

        let part = excerpt(&path, 150 << 10, &[(second(4_000), second(4_001))]);
        assert_eq!(part.all(), 10_000);
        let first = |piece: &Piece| {
            let number = piece.lines[0].split(' ').nth(1).map(str::to_owned);
            (piece.skipped, number.unwrap(), piece.lines.len())
        };
        let pieces: Vec<_> = part.pieces.iter().map(first).collect();
        let piece = |skipped, first: &str, lines| (skipped, first.to_owned(), lines);
        assert_eq!(
            pieces,
            [
                piece(0, "0", 200),
                piece(800, "1000", 1),
                piece(2_999, "4000", 2),
                piece(998, "5000", 1),
                piece(3_999, "9000", 1),
                piece(487, "9488", 512),
            ]
        );
        assert_eq!(excerpt(&folder.path().join("none"), 1, &[]).all(), 0);
    }

    #[test]
    fn a_log_of_long_or_of_short_lines_stays_within_its_share() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.log");
        let long = "y".repeat(5_000) + "\n";
        std::fs::write(&path, long.repeat(400)).unwrap();
        let part = excerpt(&path, 200_000, &[]);
        // No head: it alone would be all of the share.
        assert_eq!((part.shown(), part.all()), (19, 400));
        std::fs::write(&path, "\n".repeat(150_000)).unwrap();
        let part = excerpt(&path, 150_000, &[]);
        assert_eq!((part.shown(), part.all()), (700, 150_000));
    }

    #[test]
    fn short_logs_leave_their_room_to_long_ones() {
        let mib = 1 << 20;
        assert_eq!(shares(&[mib, 0, 10 * mib], 4 * mib)[2], 3 * mib);
        assert_eq!(shares(&[9 * mib, 9 * mib], 4 * mib), [2 * mib, 2 * mib]);
        assert_eq!(shares(&[], mib), Vec::<u64>::new());
        assert!(
            shares(&[mib; 1000], mib)
                .iter()
                .all(|share| *share == LEAST)
        );
    }

    #[test]
    fn errors_and_warnings_are_told_apart() {
        for (text, class) in [
            ("level=WARN slow", Some("warn")),
            ("warning: an error", Some("bad")),
            ("Traceback (most recent call last)", Some("bad")),
            ("no terrors, no errors", None),
        ] {
            assert_eq!(complains(text), class, "{text}");
        }
    }
}
