//! What the views of a run say of one test.

use e2e_tests::Ran;

use super::runners::Seed;

/// Returns the text of each view, with its name.
pub(crate) fn places(ran: &Ran<'_>, seed: &Seed, screen: usize) -> Vec<(&'static str, String)> {
    let lines: Vec<&str> = ran.stderr().lines().collect();
    let last = &lines[lines.len().saturating_sub(screen)..];
    let junit = ran.file("junit.xml");
    let page = ran.file("report.html");
    let tests = page.split("id=\"tests\"").nth(1).unwrap_or_default();
    let name = seed.test.rsplit("::").next().unwrap_or_default();
    let attribute = format!("name=\"{name}\"");
    vec![
        ("terminal", last.join("\n")),
        ("failure.txt", ran.file("failure.txt")),
        (
            "junit.xml",
            plain(part(&junit, "<testcase", "</testcase>", &attribute)),
        ),
        (
            "report.html",
            plain(part(tests, "<details", "</details>", seed.test)),
        ),
    ]
}

/// Returns the element that has a text in its first 400 bytes.
fn part<'t>(text: &'t str, begin: &str, end: &str, name: &str) -> &'t str {
    let mut parts = text.split(begin).skip(1);
    let named = |part: &&str| {
        let head: String = part.chars().take(400).collect();
        plain(&head).contains(name)
    };
    let part = parts.find(named).unwrap_or_default();
    part.split(end).next().unwrap_or_default()
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
