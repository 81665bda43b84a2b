//! Lines of a log of any length: those since a time, or the last ones.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

/// Bytes of a line that are read: minified JSON may be as long as the file.
const WIDTH: usize = 8 << 10;
/// More bytes than any timestamp has.
const TIME: usize = 48;

/// Splits a line into Docker's timestamp and the text; `None` without a timestamp.
#[must_use]
pub fn split_time(line: &str) -> Option<(Timestamp, &str)> {
    let (at, text) = line.split_once(' ')?;
    Some((at.parse().ok()?, text))
}

/// Adds a duration to a time, up to the last time that can be represented.
#[must_use]
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
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self {
            file: BufReader::new(file),
            length,
        })
    }

    /// Returns the length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Returns the offset of the first line printed at this time or later. In a log whose clock
    /// went back, of one of the lines that may be meant.
    ///
    /// # Errors
    /// When the file can't be read.
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
    ///
    /// # Errors
    /// When the file can't be read.
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
    ///
    /// # Errors
    /// When the file can't be read.
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
    ///
    /// # Errors
    /// When the file can't be read.
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
            at += self.line(&mut line)? - 1;
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
    fn back(&mut self, piece: &Range<u64>, most: usize) -> io::Result<u64> {
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

    fn count(&mut self, piece: Range<u64>) -> io::Result<usize> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> (tempfile::NamedTempFile, LogLines) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let lines = LogLines::open(file.path()).unwrap();
        (file, lines)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_341_600 + second).unwrap()
    }

    #[test]
    fn a_line_is_found_by_its_time_wherever_lines_without_one_stand() {
        let mut text = "cargo-e2e: no time\n".to_owned();
        let mut starts = Vec::new();
        for second in 0..200 {
            starts.push(text.len() as u64);
            let filler = "x".repeat(usize::try_from(second * 37 % 500).unwrap());
            text.push_str(&[&at(second * 2).to_string(), " ", &filler, "\n"].concat());
            if second % 7 == 0 {
                text += "  a line that goes on\n\n";
            }
        }
        let (_file, mut lines) = lines(&text);
        for (index, start) in starts.iter().enumerate() {
            let second = i64::try_from(index).unwrap() * 2;
            let found = lines.since(at(second)).unwrap();
            // A line without a time belongs to the next one that has one.
            assert!(
                found <= *start
                    && text[usize::try_from(found).unwrap()..usize::try_from(*start).unwrap()]
                        .lines()
                        .all(|line| split_time(line).is_none())
            );
            assert_eq!(lines.since(at(second - 1)).unwrap(), found, "{index}");
        }
        assert_eq!(lines.since(at(1000)).unwrap(), text.len() as u64);
        assert_eq!(lines.since(at(-5)).unwrap(), 0);
    }

    #[test]
    fn the_last_lines_are_found_from_the_end() {
        let text = (0..50_000).map(|line| format!("line {line}\n"));
        let text = text.collect::<Vec<_>>().concat();
        let (_file, mut lines) = lines(&text);
        let all = 0..lines.length();
        let last = lines.last(all.clone(), 3).unwrap();
        assert_eq!(last.lines, ["line 49997", "line 49998", "line 49999"]);
        assert_eq!(last.before, 49_997);
        let last = lines.last(all.clone(), 60_000).unwrap();
        assert_eq!((last.lines.len(), last.before), (50_000, 0));
        let last = lines.last(all, 30_000).unwrap();
        assert_eq!(
            (last.lines[0].as_str(), last.before),
            ("line 20000", 20_000)
        );
        let piece = lines.last(7..21, 1).unwrap();
        assert_eq!((piece.lines, piece.before), (vec!["line 2".to_owned()], 1));
        assert_eq!(lines.last(7..7, 5).unwrap(), Last::default());
    }

    #[test]
    fn a_line_as_long_as_its_file_takes_no_memory() {
        let (_file, mut lines) = lines(&("y".repeat(1 << 20) + "\nend"));
        let all = 0..lines.length();
        let last = lines.last(all, 5).unwrap();
        assert_eq!(last.lines.len(), 2);
        assert_eq!(
            (last.lines[0].len(), last.lines[1].as_str()),
            (WIDTH, "end")
        );
        let (_file, mut empty) = self::lines("");
        assert_eq!(empty.last(0..0, 5).unwrap(), Last::default());
        assert_eq!(empty.since(at(0)).unwrap(), 0);
    }
}
