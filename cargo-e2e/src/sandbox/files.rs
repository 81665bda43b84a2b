//! Files that tests leave in a folder of a sandbox: found by patterns, and read many at once. For
//! the test stage.

use std::time::Duration;

use crate::host::{Host, HostError};

use super::{Sandbox, succeed, succeed_within, terminated, unexpected, unterminated};

/// What became of a file that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Bytes(Vec<u8>),
    /// It is not there, or is no file.
    Absent,
    /// It is there, and this user may not read it.
    Unreadable,
}

impl Sandbox {
    /// Returns the files below a folder of the sandbox that fit any of these pairs of a folder and a
    /// pattern, as `find -path` reads it: `*` is any text, with slashes too. They begin as the
    /// pair's folder does.
    pub async fn find<'a>(
        &self,
        host: &dyn Host,
        folder: &str,
        pairs: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<String>, HostError> {
        let script = self.bind(script!("find", "find")).var("folder", folder);
        let found = succeed(host, &script, &terminated(pairs)).await?;
        Ok(unterminated(&found.stdout))
    }

    /// Reads files below a folder of the sandbox, in their order.
    ///
    /// # Errors
    /// When the host is lost, the deadline passes, or a file changes while it is read.
    pub async fn read(
        &self,
        host: &dyn Host,
        folder: &str,
        files: impl Iterator<Item = &str>,
        deadline: Duration,
    ) -> Result<Vec<Content>, HostError> {
        let script = self.bind(script!("files", "files")).var("folder", folder);
        let files: Vec<&str> = files.collect();
        let input = terminated(files.iter().copied());
        let output = succeed_within(host, &script, &input, deadline).await?;
        contents(&output.stdout)
            .filter(|contents| contents.len() == files.len())
            .ok_or_else(|| unexpected(host, &script, "a file changed while it was read"))
    }
}

/// Reads what `files.sh` prints; none where it is cut short.
fn contents(mut output: &[u8]) -> Option<Vec<Content>> {
    let mut all = Vec::new();
    while !output.is_empty() {
        let end = output.iter().position(|byte| *byte == b'\n')?;
        let (line, rest) = (&output[..end], &output[end + 1..]);
        output = rest;
        all.push(match line {
            b"absent" => Content::Absent,
            b"unreadable" => Content::Unreadable,
            size => {
                let size: usize = std::str::from_utf8(size).ok()?.parse().ok()?;
                let (bytes, rest) = output.split_at_checked(size)?;
                output = rest;
                Content::Bytes(bytes.to_vec())
            }
        });
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_whole_or_not_at_all() {
        use Content::{Absent, Bytes, Unreadable};
        let read = contents(b"3\na\nbabsent\n0\nunreadable\n1\n\n");
        let all = [
            Bytes(b"a\nb".to_vec()),
            Absent,
            Bytes(Vec::new()),
            Unreadable,
            Bytes(b"\n".to_vec()),
        ];
        assert_eq!(read.as_deref(), Some(&all[..]));
        assert_eq!(contents(b"3\na\n"), None);
        assert_eq!(contents(b"three\nabc"), None);
    }
}
