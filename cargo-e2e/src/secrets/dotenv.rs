//! Variables in a file as Compose reads it. Libraries refuse lines that Compose takes, and what is
//! refused would not be masked.

/// `NAME=value` lines, with `export`, comments and quotes; what stands in quotes may have several
/// lines. Nothing is put in for `${…}`.
pub fn variables(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_start_matches(['\u{feff}', ' ', '\t']);
        let line = line.strip_prefix("export ").unwrap_or(line);
        if line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once(['=', ':']) else {
            continue;
        };
        let value = value.trim_start();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => quoted(quote, &value[1..], &mut lines),
            _ => plain(value).to_owned(),
        };
        if !value.is_empty() {
            all.push((name.trim().to_owned(), value));
        }
    }
    all
}

/// A comment begins after a space.
fn plain(value: &str) -> &str {
    let comment = value.match_indices('#').find(|(at, _)| {
        let before = &value[..*at];
        before.is_empty() || before.ends_with([' ', '\t'])
    });
    value[..comment.map_or(value.len(), |(at, _)| at)].trim_end()
}

fn quoted<'t>(quote: char, first: &'t str, lines: &mut impl Iterator<Item = &'t str>) -> String {
    let mut value = String::new();
    let mut line = first;
    loop {
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            match c {
                c if c == quote => return value,
                '\\' if quote == '"' => match characters.next() {
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some('t') => value.push('\t'),
                    Some(c @ ('"' | '\\' | '$')) => value.push(c),
                    Some(c) => value.extend(['\\', c]),
                    None => value.push('\\'),
                },
                c => value.push(c),
            }
        }
        // Without its end it is an error to Compose, and a secret all the same.
        let Some(next) = lines.next() else {
            return value;
        };
        value.push('\n');
        line = next;
    }
}

#[cfg(test)]
mod tests {
    use indoc::indoc;

    use super::variables;

    #[test]
    fn values_are_read_as_compose_reads_them() {
        let text = indoc! {r#"
            # a comment

            REDIS_PASSWORD=red#is pass # not this
            export A = 'it''s'
            B: yaml
            C="x\"y\n\$z"
            KEY='one
            two'
            EMPTY=
            NOTHING
            LAST="open"#};
        let all = variables(text);
        let all: Vec<(&str, &str)> = all.iter().map(|one| (&*one.0, &*one.1)).collect();
        assert_eq!(
            all,
            [
                ("REDIS_PASSWORD", "red#is pass"),
                ("A", "it"),
                ("B", "yaml"),
                ("C", "x\"y\n$z"),
                ("KEY", "one\ntwo"),
                ("LAST", "open"),
            ]
        );
    }
}
