//! The colours that programs print, as markup. What else they tell a terminal is left out, as in
//! `text.rs`.

use anstream::adapter::WinconBytes;
use anstyle::{Ansi256Color, AnsiColor, Color, Effects, RgbColor, Style};
use maud::{Markup, html};

use crate::text::printable;

/// Returns a text with its colours and effects.
pub(super) fn coloured(text: &str) -> Markup {
    let plain = printable(text);
    if text.contains('\u{1b}') {
        let mut parser = WinconBytes::new();
        let pieces: Vec<(Style, String)> = parser
            .extract_next(text.as_bytes())
            .map(|(style, text)| (style, printable(&text)))
            .collect();
        let seen: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
        // A sequence that was cut off must not hide what follows.
        if seen == plain {
            return html! {
                @for (style, text) in &pieces {
                    @match classes(*style) {
                        classes if classes.is_empty() => (text),
                        classes => span class=(classes) { (text) },
                    }
                }
            };
        }
    }
    html! { (plain) }
}

/// Backgrounds are left out, because no ink is readable on all of them.
fn classes(style: Style) -> String {
    let effects = [
        (Effects::BOLD, "strong"),
        (Effects::ITALIC, "slanted"),
        (Effects::UNDERLINE, "under"),
        (Effects::STRIKETHROUGH, "struck"),
    ];
    let effects = effects.into_iter();
    effects
        .filter(|(effect, _)| style.get_effects().contains(*effect))
        .map(|(_, class)| class)
        .chain(style.get_fg_color().and_then(ink))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the nearest of six inks, which can be read on the page; black, white and grey are its
/// own.
fn ink(color: Color) -> Option<&'static str> {
    match color {
        Color::Ansi(color) => match color {
            AnsiColor::Red | AnsiColor::BrightRed => Some("red"),
            AnsiColor::Green | AnsiColor::BrightGreen => Some("green"),
            AnsiColor::Yellow | AnsiColor::BrightYellow => Some("yellow"),
            AnsiColor::Blue | AnsiColor::BrightBlue => Some("blue"),
            AnsiColor::Magenta | AnsiColor::BrightMagenta => Some("magenta"),
            AnsiColor::Cyan | AnsiColor::BrightCyan => Some("cyan"),
            AnsiColor::BrightBlack => Some("dim"),
            AnsiColor::Black | AnsiColor::White | AnsiColor::BrightWhite => None,
        },
        Color::Ansi256(Ansi256Color(number)) => match number {
            0..16 => Ansi256Color(number)
                .into_ansi()
                .and_then(|color| ink(color.into())),
            // Six steps of each of red, green and blue; then greys.
            16..232 => {
                let step = |by: u8| (number - 16) / by % 6 * 51;
                ink(Color::Rgb(RgbColor(step(36), step(6), step(1))))
            }
            _ => None,
        },
        Color::Rgb(RgbColor(red, green, blue)) => {
            let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
            let middle = least.midpoint(most);
            let has = [red > middle, green > middle, blue > middle];
            match has {
                _ if most - least < 48 => None,
                [true, false, false] => Some("red"),
                [false, true, false] => Some("green"),
                [true, true, false] => Some("yellow"),
                [false, false, true] => Some("blue"),
                [true, false, true] => Some("magenta"),
                [false, true, true] => Some("cyan"),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_spans_and_all_else_is_as_without() {
        for (text, expected) in [
            ("plain <b>", "plain &lt;b&gt;"),
            (
                "\u{1b}[1;31mFAIL\u{1b}[0m a < b",
                "<span class=\"strong red\">FAIL</span> a &lt; b",
            ),
            (
                "\u{1b}[38;5;208mpeach\u{1b}[39m \u{1b}[38;2;0;10;250msea\u{1b}[m",
                "<span class=\"red\">peach</span> <span class=\"blue\">sea</span>",
            ),
            (
                "\u{1b}[92mok\n\u{1b}[0m\tend",
                "<span class=\"green\">ok\n</span>\tend",
            ),
            ("\u{1b}[2J\u{1b}[97;41mnone\u{202e}\u{1b}[0m", "none"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            // A title without its end.
            ("\u{1b}]0;cut off\nnext", "\nnext"),
        ] {
            assert_eq!(coloured(text).into_string(), expected, "{text:?}");
        }
    }
}
