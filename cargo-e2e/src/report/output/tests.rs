use std::fs::OpenOptions;
use std::io::{PipeReader, Read, Write, pipe};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use super::*;

const MIB: usize = 1 << 20;

/// A stream, and the end at which it is read.
fn piped() -> (Target, PipeReader) {
    let (reader, writer) = pipe().unwrap();
    (Target::of(OwnedFd::from(writer)), reader)
}

/// Output of which stderr is of no interest.
fn on(out: Target) -> Output {
    Output::to(out, Target::to(io::sink()), false)
}

/// Reads from now on, as much as there will be until this is seen.
fn read_to(mut reader: PipeReader, end: &'static [u8]) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let (mut all, mut some) = (Vec::new(), [0; 8192]);
        while !all.ends_with(end) {
            let read = reader.read(&mut some).unwrap();
            assert!(read > 0, "it ended");
            all.extend_from_slice(&some[..read]);
        }
        all
    })
}

#[tokio::test]
async fn a_reader_that_stops_holds_up_no_writer_and_is_told_what_it_missed() {
    let (target, reader) = piped();
    let output = on(target);
    let mut out = output.out();
    let shown = (0..20)
        .filter(|_| out.offer(&vec![b'x'; MIB], Missed::output(MIB)))
        .count();
    out.write_all(b"verdict\n").unwrap();
    output.stalled(Duration::from_millis(10)).await;
    assert!((8..=9).contains(&shown), "{shown}");
    let reader = read_to(reader, b"verdict\n");
    output.drained().await;
    let all = reader.join().unwrap();
    let note = format!(
        "\n[cargo e2e: {}.0 MB of test output not shown: the reader is too slow]\nverdict\n",
        20 - shown
    );
    assert_eq!(String::from_utf8_lossy(&all[shown * MIB..]), note);
}

#[tokio::test]
async fn a_slow_reader_gets_everything_in_its_order() {
    let (target, reader) = piped();
    let output = on(target);
    let mut expected = String::new();
    for number in 0..50_000 {
        let line = format!("line {number}\n");
        assert!(
            output
                .out()
                .offer(line.as_bytes(), Missed::output(line.len()))
        );
        expected += &line;
    }
    let reader = read_to(reader, b"line 49999\n");
    output.drained().await;
    assert!(reader.join().unwrap() == expected.as_bytes());
    assert!(output.take_error().is_none());
}

#[tokio::test]
async fn a_stream_that_does_not_wait_for_its_reader_loses_nothing() {
    let (reader, writer) = pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    let output = on(Target::of(OwnedFd::from(writer)));
    let text = [vec![b'x'; MIB], b"end\n".to_vec()].concat();
    output.out().write_all(&text).unwrap();
    output.stalled(Duration::from_millis(10)).await;
    let reader = read_to(reader, b"end\n");
    output.drained().await;
    assert!(reader.join().unwrap() == text);
}

#[tokio::test]
async fn a_reader_that_is_gone_is_no_error_and_takes_everything() {
    let (target, reader) = piped();
    let output = on(target);
    drop(reader);
    for _ in 0..20 {
        output.out().write_all(&vec![b'x'; MIB]).unwrap();
    }
    output.drained().await;
    assert!(output.take_error().is_none());
}

#[cfg_attr(not(target_os = "linux"), ignore = "needs /dev/full")]
#[tokio::test]
async fn a_disk_that_is_full_is_an_error_once() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = on(Target::of(full));
    for _ in 0..3 {
        output.out().write_all(&vec![b'x'; MIB]).unwrap();
    }
    output.drained().await;
    let error = output.take_error().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(output.take_error().is_none());
}

/// What two streams write to, and tests look at.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    /// The lines as a terminal shows them, up to the cursor's.
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let mut terminal = vt100::Parser::new(1100, 80, 0);
        // As the terminal's driver does.
        terminal.process(text.replace('\n', "\r\n").as_bytes());
        let screen = terminal.screen();
        let rows = usize::from(screen.cursor_position().0) + 1;
        screen.rows(0, 80).take(rows).collect()
    }
}

#[tokio::test]
async fn streams_that_end_in_one_place_keep_the_order_of_their_lines() {
    let screen = Screen::default();
    let output = Output::to(Target::to(screen.clone()), Target::to(screen.clone()), true);
    for number in 0..1000 {
        let mut stream = if number % 3 == 0 {
            output.err()
        } else {
            output.out()
        };
        let line = format!("{number}\n");
        stream.write_all(line.as_bytes()).unwrap();
    }
    output.drained().await;
    let numbers = screen
        .lines()
        .into_iter()
        .filter_map(|line| line.parse::<u32>().ok());
    assert!(numbers.eq(0..1000));
}

#[tokio::test]
async fn the_status_stands_below_what_is_written_and_goes() {
    let screen = Screen::default();
    let output = Output::to(Target::to(io::sink()), Target::to(screen.clone()), false);
    let status = Status {
        label: "up".into(),
        width: 2,
        since: Instant::now(),
        limit: None,
        words: "pulling".into(),
        rows: vec![Row::of("web  created")],
        live: true,
    };
    let mut err = output.err();
    err.status(Some(status.clone()));
    let shown = async |above: &[&str]| {
        output.drained().await;
        let lines = screen.lines();
        let rest = lines.strip_prefix(
            &*above
                .iter()
                .map(|line| (*line).to_owned())
                .collect::<Vec<_>>(),
        );
        rest.unwrap_or_else(|| panic!("{lines:?}")).to_vec()
    };
    let is_status = |lines: &[String]| {
        let [first, second] = lines else {
            panic!("{lines:?}");
        };
        assert!(
            first.starts_with("up ") && first.ends_with(" s  pulling"),
            "{first}"
        );
        assert_eq!(second, "   web  created");
    };
    is_status(&shown(&[]).await);
    err.write_all(b"a warning\n").unwrap();
    is_status(&shown(&["a warning"]).await);
    // The beginning of a line stays what it is.
    err.write_all(b"half").unwrap();
    assert_eq!(shown(&["a warning"]).await, ["half"]);
    err.write_all(b" a line\n").unwrap();
    is_status(&shown(&["a warning", "half a line"]).await);
    // Fewer rows leave none of the others.
    err.status(Some(Status {
        rows: Vec::new(),
        ..status
    }));
    err.write_all(b"more\n").unwrap();
    assert_eq!(shown(&["a warning", "half a line", "more"]).await.len(), 1);
    err.status(None);
    assert_eq!(shown(&["a warning", "half a line", "more"]).await, [""]);
}
