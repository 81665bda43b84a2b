//! The whole of long logs: streamed as the host reads them and masked on the way, with only a few
//! pieces in memory. Their ends were gathered before, since a stream may not get that far in its
//! time: a log that is cut has both its beginning and its end.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Instant;

use flate2::bufread::GzDecoder;
use futures_util::StreamExt as _;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use crate::host::{HostError, pour};
use crate::record::summary::first_line;
use crate::report::log_lines::{LogLines, split_time};
use crate::run::Context;
use crate::sandbox::LongLog;
use crate::secrets::{Masking, Patterns};
use crate::units::kilobytes;

/// Bytes at which a log is cut.
const MOST: u64 = 2 << 30;
/// Logs that come at once: the host packs them, and has other things to do.
const AT_ONCE: usize = 2;
/// Pieces of 64 KiB that wait to be written.
const PIECES: usize = 8;

/// Fetches the logs, each into its place; returns which were cut, and why.
pub(super) async fn fetch(context: &Context<'_>, logs: &[LongLog], until: Instant) -> Vec<String> {
    let each = logs.iter().map(|log| one(context, log, until));
    let cut: Vec<Option<String>> = futures_util::stream::iter(each)
        .buffered(AT_ONCE)
        .collect()
        .await;
    cut.into_iter().flatten().collect()
}

async fn one(context: &Context<'_>, log: &LongLog, until: Instant) -> Option<String> {
    let path = context.bundle.join(format!("logs/{}.log", log.name));
    let patterns = context.events.secrets().patterns();
    let (to, from) = mpsc::channel(PIECES);
    let writing = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || write(Pieces::of(from), &path, &patterns, MOST))
    };
    let script = context
        .sandbox
        .long_log_script(&log.container, !context.host.is_local());
    let left = until.saturating_duration_since(Instant::now());
    let poured = pour(context.host, &script, left, to).await;
    let written = match writing.await {
        Ok(Ok(written)) => written,
        Ok(Err(error)) => return Some(cut(log, &error.to_string())),
        Err(error) => return Some(cut(log, &error.to_string())),
    };
    let why = written.why.clone().or_else(|| match poured {
        Ok((0, complaint)) if complaint.is_empty() => None,
        Ok((status, complaint)) => {
            let complaint = crate::text::printable(&complaint);
            Some(format!("reading it ended with {status}: {complaint}"))
        }
        Err(HostError::TimedOut { .. }) => Some(format!(
            "fetching exceeded `timeouts.collect` ({} s)",
            context.plan.limits.collect.as_secs()
        )),
        Err(error) => Some(error.to_string()),
    });
    let why = why.map(|why| context.events.secrets().text(first_line(&why)).into_owned());
    let closing = {
        let why = why.clone();
        tokio::task::spawn_blocking(move || close(written, &path, why.as_deref()))
    };
    let closed = closing.await.map_err(io::Error::other).flatten();
    let why = closed.map_or_else(|error| Some(error.to_string()), |()| why);
    why.map(|why| cut(log, &why))
}

fn cut(log: &LongLog, why: &str) -> String {
    format!("logs/{}.log is truncated: {why}", log.name)
}

/// Pieces as they arrive, to be read on a blocking thread.
struct Pieces {
    from: mpsc::Receiver<Vec<u8>>,
    piece: Vec<u8>,
    read: usize,
}

impl Pieces {
    fn of(from: mpsc::Receiver<Vec<u8>>) -> Self {
        Self {
            from,
            piece: Vec::new(),
            read: 0,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.piece.len() {
            match self.from.blocking_recv() {
                Some(piece) => (self.piece, self.read) = (piece, 0),
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len() - self.read);
        buffer[..count].copy_from_slice(&self.piece[self.read..self.read + count]);
        self.read += count;
        Ok(count)
    }
}

/// The beginning of a log, in a file beside its place.
struct Written {
    file: NamedTempFile,
    /// Why it was cut, where the stream itself is the reason.
    why: Option<String>,
}

/// Writes a stream, unpacked and masked, to a new file beside `path`.
fn write(from: impl Read, path: &Path, patterns: &Patterns, most: u64) -> io::Result<Written> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    let mut from = BufReader::new(from);
    // Lines of Docker begin with a year, gzip's format with this byte.
    let is_packed = from.fill_buf()?.starts_with(&[0x1f]);
    let mut from: Box<dyn Read> = if is_packed {
        Box::new(GzDecoder::new(from))
    } else {
        Box::new(from)
    };
    let mut masking = Masking::default();
    let mut buffer = vec![0; 64 << 10];
    let (mut bytes, mut why) = (0, None);
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            // The connection's own error says why.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => {
                why = Some(format!("failed to unpack it: {error}"));
                break;
            }
        };
        let masked = masking.take(patterns, &buffer[..read]);
        if bytes + masked.len() as u64 > most {
            why = Some(format!("it is longer than {}", kilobytes(most >> 10)));
            break;
        }
        file.write_all(&masked)?;
        bytes += masked.len() as u64;
    }
    if why.is_none() {
        let masked = masking.finish(patterns);
        file.write_all(&masked)?;
    }
    Ok(Written { file, why })
}

/// Moves a log into its place. The end of a log that was cut is there already: it stays the end,
/// and the last line says so.
fn close(written: Written, path: &Path, why: Option<&str>) -> io::Result<()> {
    let mut file = written.file;
    if let Some(why) = why {
        let mut begun = LogLines::open(file.path())?;
        let length = begun.length();
        // The last line may be torn.
        let whole = length - begun.unfinished()?;
        let begins = begun.last(0..whole, 2)?;
        let last = begins
            .lines
            .iter()
            .rev()
            .find_map(|line| Some(split_time(line)?.0));
        let out = file.as_file_mut();
        out.set_len(whole)?;
        out.seek(SeekFrom::End(0))?;
        writeln!(
            out,
            "cargo-e2e: cut here, after {}: {why}",
            kilobytes(whole >> 10)
        )?;
        let mut after = 0;
        let mut lines = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
            let time = split_time(&String::from_utf8_lossy(&line)).map(|(at, _)| at);
            // The first line may be torn; lines that both parts have count once.
            if time.is_some_and(|at| last.is_none_or(|last| at > last)) {
                out.write_all(&line)?;
                after += line.len() as u64;
            }
            line.clear();
        }
        writeln!(
            out,
            "cargo-e2e: this log is cut: here are its first {} and its last {}: {why}",
            kilobytes(whole >> 10),
            kilobytes(after >> 10)
        )?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests;
