//! The output of one of several runs at a time: files hold it until the run has ended, so that it is
//! shown whole.

use std::fs::File;
use std::io::{self, Write as _};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::place::Target;
use super::{Output, Stream, same_place};

const STEP: usize = 64 * 1024;
/// How long a reader may stall before memory holds what it has not read.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Held {
    output: Output,
    /// Of stdout, and of stderr where that is another place.
    files: Vec<File>,
}

impl Held {
    /// Makes the files, which have no name.
    pub fn new() -> io::Result<Self> {
        Self::of(same_place())
    }

    fn of(shared: bool) -> io::Result<Self> {
        let out = tempfile::tempfile()?;
        let err = if shared {
            out.try_clone()?
        } else {
            tempfile::tempfile()?
        };
        let mut files = vec![out.try_clone()?];
        if !shared {
            files.push(err.try_clone()?);
        }
        let output = Output::to(Target::of(out), Target::of(err), shared);
        Ok(Self { output, files })
    }

    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Shows all of it on `output`, whose readers are waited for.
    pub async fn show_on(self, output: &Output) -> io::Result<()> {
        self.output.drained().await;
        let shared = self.files.len() == 1;
        let mut streams = [output.out(), output.err()].into_iter();
        if shared {
            // It is the place of both, whose status line is that of stderr.
            streams.next();
        }
        for (file, stream) in self.files.into_iter().zip(streams) {
            copy(file, stream, output).await?;
        }
        Ok(())
    }
}

async fn copy(file: File, mut stream: Stream, output: &Output) -> io::Result<()> {
    let mut file = tokio::fs::File::from_std(file);
    file.rewind().await?;
    let mut step = vec![0; STEP];
    loop {
        let length = file.read(&mut step).await?;
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&step[..length])?;
        // Memory holds one step, unless the reader has stopped: other runs must end all the same.
        tokio::select! {
            () = output.drained() => {}
            () = output.stalled(PATIENCE) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Seek as _;

    use super::*;

    #[tokio::test]
    async fn what_two_runs_print_is_shown_one_after_another() {
        for shared in [true, false] {
            let shown = Held::of(shared).unwrap();
            let held = [Held::of(shared).unwrap(), Held::of(shared).unwrap()];
            for line in 1..=2 {
                for (run, one) in held.iter().enumerate() {
                    writeln!(one.output().out(), "run {run}: test {line}").unwrap();
                    writeln!(one.output().err(), "run {run}: stage {line}").unwrap();
                }
            }
            for one in held {
                one.show_on(shown.output()).await.unwrap();
            }
            shown.output().drained().await;
            let read = shown.files.into_iter().map(|mut file| {
                file.rewind().unwrap();
                io::read_to_string(file).unwrap()
            });
            let lines = |kinds: &[&str]| {
                let of = |run| {
                    (1..=2).flat_map(move |line| {
                        let say = move |kind| format!("run {run}: {kind} {line}\n");
                        kinds.iter().map(say)
                    })
                };
                (0..2).flat_map(of).collect::<String>()
            };
            let expected = if shared {
                vec![lines(&["test", "stage"])]
            } else {
                vec![lines(&["test"]), lines(&["stage"])]
            };
            assert_eq!(read.collect::<Vec<_>>(), expected);
        }
    }
}
