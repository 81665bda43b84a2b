//! What commands and services printed, below the reason of a failure.

use super::paint::Paint;
use crate::record::assertion::{Piece, shortened_output};
use crate::record::event::Excerpt;
use crate::text::{count, printable};

/// Lines of an excerpt that are shown; the bundle has all.
const LINES: usize = 20;

/// Characters at which an excerpt's line is cut: minified JSON must not fill the screen.
pub(super) const WIDTH: usize = 500;

pub(super) fn excerpt(paint: &Paint, excerpt: &Excerpt, shown: &mut Vec<String>) {
    let title = printable(&excerpt.title);
    let title = title.trim().trim_end_matches(':');
    let text = printable(&excerpt.text);
    if text.trim().is_empty() {
        shown.push(format!("{title}: nothing"));
        return;
    }
    shown.push(format!("{}:", paint.with(paint.strong, title)));
    let gutter = paint.with(paint.dim, "|");
    let pieces = shortened_output(&text, LINES).into_iter();
    shown.extend(pieces.map(|piece| match piece {
        Piece::Line("") => gutter.clone(),
        Piece::Line(line) => format!("{gutter} {}", shortened(line)),
        Piece::Gap(gap) => {
            let more = format!("({} left out)", count(gap, "line"));
            format!("{gutter} {}", paint.with(paint.dim, &more))
        }
    }));
}

/// Makes a text safe to print, and puts all its lines but the first behind a margin.
pub(super) fn indented(text: &str, margin: &str) -> String {
    let text = printable(text);
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    lines.join(&format!("\n{margin}"))
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}
