//! What builds printed: the first error for the message, all of it for the bundle. Called by the
//! build and compile stages.

use std::path::Path;

use tokio::io::AsyncWriteExt as _;

use crate::secrets::Secrets;
use crate::text::LazyRegex;

/// In the bundle: the output of `build_command`, then Cargo's.
pub(super) const LOG: &str = "build-output.log";
/// Lines of a first error that are shown.
const SHOWN: usize = 8;

/// How compilers and package managers begin an error: `error[E0282]: …`, `a.c:1:2: error: …`,
/// `ERROR in ./a.js`, `[ERROR] …`.
static ERROR: LazyRegex = LazyRegex::new(r"(?i)^\W*(?:fatal )?error\b|: (?:fatal )?error\b");

/// Adds masked output to the bundle's log.
pub(super) async fn store(bundle: &Path, said: &[u8], secrets: &Secrets) -> std::io::Result<()> {
    if said.is_empty() {
        return Ok(());
    }
    let masked = secrets.patterns().mask(said).into_owned();
    let mut log = tokio::fs::OpenOptions::new();
    let mut log = log.create(true).append(true).open(bundle.join(LOG)).await?;
    log.write_all(&masked).await?;
    log.flush().await
}

/// Returns the first lines of the first error, unless `tail`, the end of the output, has them.
/// Later errors often only follow from it.
pub(super) fn first_error(said: &str, tail: &str) -> Option<String> {
    let lines: Vec<&str> = said.lines().collect();
    let is_error = |line: &&str| ERROR.is_match(line);
    let first = lines.iter().position(is_error)?;
    let before_tail = lines.len().saturating_sub(tail.lines().count());
    let end = before_tail.min(first + SHOWN);
    (first < before_tail).then(|| lines[first..end].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_found_before_the_end_of_the_output() {
        let tail = "note: x\n".repeat(40);
        for first in [
            "error[E0282]: type annotations needed",
            "a.c:1:2: error: expected `;`",
            "a.ts(1,2): error TS2322: no number",
            "[ERROR] failed to execute goal",
            "a.c:1:9: fatal error: x.h: No such file",
        ] {
            let said = format!("warning: no errors yet\n{first}\n --> a:1\n{tail}");
            let shown = first_error(&said, &tail).unwrap();
            assert_eq!(shown, format!("{first}\n --> a:1"));
            assert_eq!(first_error(&said, &said), None, "it is shown already");
        }
        assert_eq!(first_error("Compiling error v0.1\nfine\n", ""), None);
    }
}
