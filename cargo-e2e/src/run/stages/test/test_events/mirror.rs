//! Copies the tests' events into the bundle while they run, masked: after a run is killed, its
//! secrets are unknown, and the guard removes everything on the host.

use std::convert::Infallible;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::run::Context;
use crate::run::stages::test::event_files::{FILE, FOLDER, files, here};

use super::records;

/// The pause between looks at a file on this machine.
const LOOK: Duration = Duration::from_millis(200);
/// The pause for a file on a host, while it grows; each look is a command over the connection.
const LOOK_THERE: Duration = Duration::from_secs(2);
/// The longest pause for a file that does not grow.
const SLOWEST: Duration = Duration::from_secs(5);
/// Bytes that are read at once.
const PIECE: u64 = 1 << 20;
/// Bytes of a file that are mirrored. When the tests end, all of it is fetched.
const MOST: u64 = 16 << 20;

/// Creates the mirror's file. Until it exists, the tests' own files are an earlier run's.
pub(super) async fn begin(context: &Context<'_>) {
    // The report stage reports a full disk.
    let mut file = OpenOptions::new();
    // Another attempt goes on with what was mirrored.
    let file = file.append(true).create(true);
    let _ = file.open(context.bundle.join(FILE)).await;
}

/// Does `work`, and mirrors meanwhile.
pub(crate) async fn during<T>(context: &Context<'_>, work: impl Future<Output = T>) -> T {
    tokio::select! {
        done = work => done,
        never = mirror(context) => match never {},
    }
}

async fn mirror(context: &Context<'_>) -> Infallible {
    let folder = here(context);
    let target = context.bundle.join(FILE);
    let quick = if folder.is_some() { LOOK } else { LOOK_THERE };
    let mut read: Vec<(String, String, u64)> = files(context.plan)
        .into_iter()
        .map(|(file, prefix)| (file, prefix, 0))
        .collect();
    let mut pause = quick;
    loop {
        tokio::time::sleep(pause).await;
        let mut grew = false;
        let begun = tokio::fs::try_exists(&target).await.unwrap_or(false);
        for (file, prefix, from) in &mut read {
            if *from >= MOST || !begun {
                continue;
            }
            let piece = if let Some(folder) = &folder {
                piece(&folder.join(&*file), *from).await.ok()
            } else {
                let file = format!("{FOLDER}/{file}");
                let got = context.sandbox.piece(context.host, &file, *from, PIECE);
                got.await.ok()
            };
            let piece = piece.unwrap_or_default();
            // Half a line may have half a secret.
            let whole = piece.iter().rposition(|byte| *byte == b'\n');
            let Some(whole) = whole.map(|at| &piece[..=at]) else {
                continue;
            };
            let lines = records::named(whole, prefix);
            let masked = context.events.secrets().json_lines(&lines);
            if append(&target, &masked).await.is_ok() {
                *from += whole.len() as u64;
                grew = true;
            }
        }
        pause = match folder {
            Some(_) => quick,
            None if grew => quick,
            None => SLOWEST.min(pause * 2),
        };
    }
}

async fn piece(path: &Path, from: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path).await?;
    file.seek(std::io::SeekFrom::Start(from)).await?;
    let mut piece = Vec::new();
    file.take(PIECE).read_to_end(&mut piece).await?;
    Ok(piece)
}

async fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path).await?;
    file.write_all(bytes).await?;
    file.flush().await
}
