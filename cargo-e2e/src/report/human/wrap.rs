//! Lines that are longer than the terminal is wide: wrapped at words, with a hanging indent.

use unicode_width::UnicodeWidthChar;

/// Words behind which the rest of a line hangs.
const LABELS: [&str; 4] = ["warning: ", "note: ", "help: ", "error: "];
/// What people paste is left to the terminal to wrap: a copy of it has no line breaks then.
const PASTED: [&str; 2] = ["next ", "cargo e2e "];
/// The column up to which a label may reach.
const LABEL: usize = 48;

/// Returns the line in parts that fit.
pub(super) fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let text = crate::text::printable(line);
    let is_pasted = PASTED
        .iter()
        .any(|begin| text.trim_start().starts_with(begin));
    if is_pasted || width(&text) <= columns {
        return vec![line.to_owned()];
    }
    let hang = hang(&text).min(columns / 2);
    let mut parts = vec![String::new()];
    let mut used = 0;
    let mut blank = 0;
    for word in line.split(' ') {
        let wide = width(&crate::text::printable(word));
        let is_first = used == 0 || used == hang && parts.len() > 1;
        if !is_first && used + blank + wide > columns && wide > 0 {
            parts.push(" ".repeat(hang));
            (used, blank) = (hang, 0);
        }
        if let Some(last) = parts.last_mut() {
            *last += &" ".repeat(blank);
            last.push_str(word);
        }
        used += blank + wide;
        blank = 1;
    }
    parts
}

/// Returns the column at which the rest of a line goes on: behind its label or its first gap.
fn hang(text: &str) -> usize {
    let indent = text.len() - text.trim_start().len();
    let rest = &text[indent..];
    if let Some(label) = LABELS.iter().find(|label| rest.starts_with(**label)) {
        return indent + label.len();
    }
    let Some(gap) = rest.find("  ").filter(|gap| *gap < LABEL) else {
        return indent + 2;
    };
    let after = rest[gap..].trim_start();
    indent + width(&rest[..rest.len() - after.len()])
}

fn width(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_hangs_behind_its_label() {
        let line = "       ready 9.80 s  failed: health check web still failing";
        assert_eq!(
            wrapped(line, 45),
            [
                "       ready 9.80 s  failed: health check web",
                "                     still failing"
            ]
            .map(str::to_owned)
        );
        let line = "\u{1b}[33mwarning\u{1b}[0m: one two three";
        let parts = ["\u{1b}[33mwarning\u{1b}[0m: one two", "         three"];
        assert_eq!(wrapped(line, 18), parts);
        assert_eq!(wrapped("  E aaa bbb", 8), ["  E aaa", "    bbb"]);
        assert_eq!(wrapped("short", 8), ["short"]);
        assert_eq!(wrapped(" verylongword x", 8), [" verylongword", "   x"]);
        let pasted = "  next  cargo e2e --keep-on-failure";
        assert_eq!(wrapped(pasted, 10), [pasted]);
    }
}
