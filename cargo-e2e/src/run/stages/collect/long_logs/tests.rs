use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

const MUCH: u64 = 1 << 30;

fn log(lines: std::ops::Range<u32>) -> String {
    lines
        .map(|line| {
            format!(
                "2026-11-22T10:{:02}:{:02}Z line {line} hunter2-hunter2\n",
                line / 60,
                line % 60
            )
        })
        .collect::<Vec<_>>()
        .concat()
}

fn packed(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// A bundle's log of which the last lines are there already.
fn place(end: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.log");
    std::fs::write(&path, end).unwrap();
    (folder, path)
}

fn patterns() -> Patterns {
    Patterns::of(std::iter::once("hunter2-hunter2"))
}

/// Reads a few bytes at a time.
struct Slowly<'b>(&'b [u8], usize);

impl Read for Slowly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn a_whole_log_takes_the_place_of_its_end_masked_and_unpacked() {
    let text = log(0..600);
    for from in [text.clone().into_bytes(), packed(&text)] {
        for step in [1, 7, 4096] {
            let (_folder, path) = place("old");
            let written = write(Slowly(&from, step), &path, &patterns(), MUCH).unwrap();
            assert_eq!(written.why, None);
            close(written, &path, None).unwrap();
            let kept = std::fs::read_to_string(&path).unwrap();
            assert!(kept == text.replace("hunter2-hunter2", "***"));
        }
    }
}

#[test]
fn of_a_log_that_breaks_off_the_beginning_and_the_end_stay() {
    let text = log(0..600);
    let all = packed(&text);
    let (_folder, path) = place(&format!("half a line\n{}", log(590..600)));
    let written = write(&all[..all.len() / 2], &path, &patterns(), MUCH).unwrap();
    assert_eq!(written.why, None, "the connection says why");
    close(written, &path, Some("no time")).unwrap();
    let kept = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = kept.lines().collect();
    assert_eq!(lines[0], "2026-11-22T10:00:00Z line 0 ***");
    let cut = lines
        .iter()
        .position(|line| line.starts_with("cargo-e2e: cut here"))
        .unwrap();
    assert!(
        cut > 10 && lines[..cut].iter().all(|line| line.ends_with(" ***")),
        "{kept}"
    );
    assert_eq!(
        lines[lines.len() - 2],
        "2026-11-22T10:09:59Z line 599 hunter2-hunter2"
    );
    assert_eq!(lines.len(), cut + 12);
    assert!(
        lines[lines.len() - 1].ends_with("and its last 0 kB: no time"),
        "{kept}"
    );
}

#[test]
fn a_beginning_and_an_end_that_meet_say_nothing_twice() {
    let (_folder, path) = place(&log(5..20));
    let text = log(0..10) + "2026-11-22T10:00:10Z hal";
    let written = write(text.as_bytes(), &path, &Patterns::default(), MUCH).unwrap();
    close(written, &path, Some("no time")).unwrap();
    let kept = std::fs::read_to_string(&path).unwrap();
    let own: Vec<&str> = kept
        .lines()
        .filter(|line| !line.starts_with("cargo-e2e"))
        .collect();
    assert_eq!(own.join("\n") + "\n", log(0..20));
}

#[test]
fn a_log_without_end_is_cut() {
    let (_folder, path) = place("");
    let endless = packed(&"2026-11-22T10:00:00Z and on\n".repeat(1 << 20));
    let written = write(endless.as_slice(), &path, &patterns(), 1 << 20).unwrap();
    let why = written.why.clone().unwrap();
    assert_eq!(why, "it is longer than 1.0 MB");
    close(written, &path, Some(&why)).unwrap();
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept.len() < (1 << 20) + 300, "{}", kept.len());
    assert!(kept.ends_with("its last 0 kB: it is longer than 1.0 MB\n"));
}

#[test]
fn what_is_not_packed_well_is_kept_as_far_as_it_goes() {
    let mut packed = packed(&log(0..600));
    let checksum = packed.len() - 8;
    packed[checksum] ^= 1;
    let (_folder, path) = place("");
    let written = write(packed.as_slice(), &path, &patterns(), MUCH).unwrap();
    let why = written.why.clone().unwrap();
    assert!(why.starts_with("failed to unpack it: "), "{why}");
    close(written, &path, Some(&why)).unwrap();
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .starts_with("2026-11-22T10:00:00Z line 0 ***\n")
    );
}
