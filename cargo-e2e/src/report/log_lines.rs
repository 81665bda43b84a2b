//! Lines of a log of any length: those since a time, or the last ones.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use regex::bytes::Regex;

/// Bytes of a line that are read: minified JSON may be as long as the file.
const WIDTH: usize = 8 << 10;
/// More bytes than any timestamp has.
const TIME: usize = 48;

/// Splits a line into Docker's timestamp and the text; `None` without a timestamp.
pub fn split_time(line: &str) -> Option<(Timestamp, &str)> {
    let (at, text) = line.split_once(' ')?;
    Some((at.parse().ok()?, text))
}

/// Adds a duration to a time, up to the last time that can be represented.
pub fn shifted(at: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    at.checked_add(by).unwrap_or(end)
}

/// A log file, read without loading it.
#[derive(Debug)]
pub struct LogLines {
    file: BufReader<File>,
    length: u64,
}

/// The last lines of a range.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Last {
    /// In order, without line ends, long ones cut.
    pub lines: Vec<String>,
    /// The number of lines before them.
    pub before: usize,
}

impl LogLines {
    /// Opens a file, at its present length.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self {
            file: BufReader::new(file),
            length,
        })
    }

    /// Returns the length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Returns the offset of the first line printed at this time or later. In a log whose clock
    /// went back, of one of the lines that may be meant.
    pub fn since(&mut self, at: Timestamp) -> io::Result<u64> {
        // All lines before `low` are earlier; those from `high` on are not.
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.timed(middle, high)? {
                Some((time, after)) if time < at => low = after,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// Returns the last `most` lines of a range that begins with a line.
    pub fn last(&mut self, piece: Range<u64>, most: usize) -> io::Result<Last> {
        let begin = self.back(&piece, most)?;
        let before = self.count(piece.start..begin)?;
        let mut lines = Vec::new();
        self.each(begin..piece.end, |line| {
            lines.push(String::from_utf8_lossy(line).into_owned());
        })?;
        Ok(Last { lines, before })
    }

    /// Returns the number of bytes after the last line end.
    pub fn unfinished(&mut self) -> io::Result<u64> {
        let mut last = [0];
        if self.length > 0 {
            self.file.seek(SeekFrom::Start(self.length - 1))?;
            self.file.read_exact(&mut last)?;
        }
        if self.length == 0 || last == *b"\n" {
            return Ok(0);
        }
        Ok(self.length - self.back(&(0..self.length), 1)?)
    }

    /// Calls `take` with each line of a range that begins with a line.
    pub fn each(&mut self, piece: Range<u64>, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(piece.start))?;
        let mut at = piece.start;
        let mut line = Vec::new();
        while at < piece.end {
            let read = self.line(&mut line)?;
            if read == 0 {
                break;
            }
            at += read;
            take(&line);
        }
        Ok(())
    }

    /// Returns where the first `most` lines of a range end.
    pub fn first(&mut self, piece: Range<u64>, most: usize) -> io::Result<u64> {
        self.file.seek(SeekFrom::Start(piece.start))?;
        let mut at = piece.start;
        let mut line = Vec::new();
        for _ in 0..most {
            if at >= piece.end {
                break;
            }
            at += self.line(&mut line)?.max(1);
        }
        Ok(at.min(piece.end))
    }

    /// Returns the lines of a range in which a pattern is found, at most `most`.
    pub fn find(
        &mut self,
        piece: Range<u64>,
        pattern: &Regex,
        most: usize,
    ) -> io::Result<Vec<Range<u64>>> {
        let mut found = Vec::new();
        let mut buffer = vec![0; 256 << 10];
        let mut at = piece.start;
        while at < piece.end && found.len() < most {
            self.file.seek(SeekFrom::Start(at))?;
            let left = usize::try_from(piece.end - at).unwrap_or(usize::MAX);
            let want = left.min(buffer.len());
            self.file.read_exact(&mut buffer[..want])?;
            let Some(end) = memchr::memrchr(b'\n', &buffer[..want]) else {
                // The last line, or one that is longer than the buffer.
                let mut line = Vec::new();
                self.file.seek(SeekFrom::Start(at))?;
                let length = self.line(&mut line)?.max(1);
                if pattern.is_match(&line) {
                    found.push(at..at + length);
                }
                at += length;
                continue;
            };
            let lines = &buffer[..=end];
            let mut from = 0;
            while let Some(hit) = pattern.find_at(lines, from) {
                let start = memchr::memrchr(b'\n', &lines[..hit.start()]).map_or(0, |end| end + 1);
                let end = memchr::memchr(b'\n', &lines[hit.end()..]).unwrap_or_default();
                from = hit.end() + end + 1;
                found.push(at + start as u64..at + from as u64);
                if found.len() == most || from >= lines.len() {
                    break;
                }
            }
            at += lines.len() as u64;
        }
        Ok(found)
    }

    /// Reads the next line without its end, cut to `WIDTH`; returns its whole length.
    fn line(&mut self, line: &mut Vec<u8>) -> io::Result<u64> {
        line.clear();
        let mut length = 0;
        loop {
            let some = self.file.fill_buf()?;
            if some.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', some);
            let piece = &some[..end.unwrap_or(some.len())];
            line.extend_from_slice(&piece[..piece.len().min(WIDTH - line.len())]);
            let used = end.map_or(some.len(), |end| end + 1);
            length += used as u64;
            self.file.consume(used);
            if end.is_some() {
                break;
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(length)
    }

    /// Returns the time of the first line in this range that has one, and the offset of its end.
    fn timed(&mut self, from: u64, to: u64) -> io::Result<Option<(Timestamp, u64)>> {
        let mut line = Vec::new();
        let mut at = from;
        self.file.seek(SeekFrom::Start(from.saturating_sub(1)))?;
        if from > 0 {
            // Skips the line that begins before the range, or only its end.
            at += self.line(&mut line)?.saturating_sub(1);
        }
        while at < to {
            let read = self.line(&mut line)?;
            if read == 0 {
                break;
            }
            at += read;
            line.truncate(TIME);
            if let Some((time, _)) = split_time(&String::from_utf8_lossy(&line)) {
                return Ok(Some((time, at)));
            }
        }
        Ok(None)
    }

    /// Returns the offset at which the last `most` lines of a range begin.
    pub fn back(&mut self, piece: &Range<u64>, most: usize) -> io::Result<u64> {
        let mut buffer = vec![0; 64 << 10];
        // The last line's own end begins no other line.
        let mut end = piece.end.saturating_sub(1).max(piece.start);
        let mut left = most;
        while end > piece.start && left > 0 {
            let begin = end.saturating_sub(buffer.len() as u64).max(piece.start);
            let some = &mut buffer[..usize::try_from(end - begin).unwrap_or(0)];
            self.file.seek(SeekFrom::Start(begin))?;
            self.file.read_exact(some)?;
            for newline in memchr::memrchr_iter(b'\n', some) {
                left -= 1;
                if left == 0 {
                    return Ok(begin + newline as u64 + 1);
                }
            }
            end = begin;
        }
        Ok(piece.start)
    }

    /// Returns the number of line ends in a range.
    pub fn count(&mut self, piece: Range<u64>) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(piece.start))?;
        let mut left = piece.end - piece.start;
        let mut buffer = vec![0; 256 << 10];
        let mut count = 0;
        while left > 0 {
            let want = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            let read = self.file.read(&mut buffer[..want])?;
            if read == 0 {
                break;
            }
            count += memchr::memchr_iter(b'\n', &buffer[..read]).count();
            left -= read as u64;
        }
        Ok(count)
    }
}
