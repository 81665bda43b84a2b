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
fn lines_are_found_by_what_they_say_and_by_their_number() {
    let long = "z".repeat(300 << 10);
    let text = format!("an error\nfine\nerror error\n{long}error\nerror {long}\nfine\nan error");
    let (_file, mut lines) = lines(&text);
    let all = 0..lines.length();
    let error = Regex::new("error").unwrap();
    let found = lines.find(all.clone(), &error, 9).unwrap();
    let shown: Vec<&str> = found
        .iter()
        .map(|piece| {
            let begin = usize::try_from(piece.start).unwrap();
            let end = usize::try_from(piece.end).unwrap();
            &text[begin..end.min(begin + 12)]
        })
        .collect();
    // Of a line that is longer than what is read at once, only its begin is looked at.
    assert_eq!(
        shown,
        ["an error\n", "error error\n", "error zzzzzz", "an error"]
    );
    let first = lines.find(all.clone(), &error, 1).unwrap();
    assert_eq!((first.len(), first[0].end), (1, 9));
    assert_eq!(lines.first(all.clone(), 2).unwrap(), 14);
    assert_eq!(lines.first(all.clone(), 99).unwrap(), all.end);
    assert_eq!(lines.count(all).unwrap(), 6);
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
