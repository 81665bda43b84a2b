//! What a run leaves to be read elsewhere: in a job's summary, and in a browser.

use std::fs;
use std::path::Path;

use e2e_tests::stacks::{WEB_IS_HEALTHY, quiet_web};
use e2e_tests::{Browser, Host, Repo};
use indoc::indoc;

use super::filters::settings;

#[test]
fn summary_and_page() {
    let repo = Repo::new("screen")
        .compose(&quiet_web())
        .spec(&format!(
            "{WEB_IS_HEALTHY}test_command: |\n  echo expected 3, got 4\n  exit 7\n"
        ))
        .file("summary.md", "")
        .gitignore("summary.md\n");
    let summary = repo.path("summary.md");
    let repo = repo.env("GITHUB_ACTIONS", "true").env(
        "GITHUB_STEP_SUMMARY",
        summary.to_str().expect("a plain path"),
    );
    let ran = repo.run(Host::Local, &[]);
    ran.ended(100, "failed");
    let summary = fs::read_to_string(summary).expect("it was written");
    let page = text_of(&ran.file("report.html"));
    settings(&repo).bind(|| {
        insta::assert_snapshot!("summary.md", summary);
        insta::assert_snapshot!("report.html", page);
    });
}

/// The three screens for which the page is made.
const SCREENS: [(u32, bool); 3] = [(1280, false), (1280, true), (390, false)];

/// Returns how the page looks: its layout, and its colours.
const LOOK: &str = include_str!("look.js");

/// The same page as a browser shows it, and one of tests in modules: its words, and how it looks.
/// Pictures for a person are in `target/tmp/page`.
#[test]
fn page_of_several_tests() {
    let case = |module: &str, name: &str, rest: &str| {
        format!(
            "<testcase classname=\"tests.test_{module}\" name=\"test_{name}\" time=\"0\">{rest}</testcase>"
        )
    };
    let mut cases = case(
        "shop",
        "price",
        "<failure message=\"expected 5.00\">E expected 5.00, got 4.99</failure>",
    );
    cases += &case("shop", "card", "<skipped message=\"no card reader\"/>");
    cases += &(0..12)
        .map(|number| case("cart", &number.to_string(), ""))
        .collect::<String>();
    let repo = Repo::new("screen")
        .compose(&quiet_web())
        .spec(indoc! {"
            junit: junit.xml
            test_command: |
              echo ERROR no orders
              echo warning: few orders
              cp e2e/report.xml junit.xml
              exit 1
        "})
        .file(
            "e2e/report.xml",
            &format!("<testsuite name=\"pytest\">{cases}</testsuite>"),
        )
        .gitignore("junit.xml\n");
    let ran = repo.run(Host::Local, &[]);
    ran.ended(100, "failed");
    let browser = Browser::start();
    browser.open(&ran.bundle().join("report.html"));
    let mut looks = Vec::new();
    for (width, dark) in SCREENS {
        browser.look(width, dark);
        // Once it is painted.
        let seen = browser.run(
            "return new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(() => \
             told(document.body.innerText))))",
        );
        let seen = seen.as_str().expect("a text").replace("\n\n", "\n");
        // The same words on every screen: no width and no colour hides any.
        let mut settings = settings(&repo);
        settings.add_filter(r"(?m)^\d+\.\d+ web", "SECONDS web");
        settings.bind(|| insta::assert_snapshot!("report.html.browser", seen));
        let scheme = if dark { "dark" } else { "light" };
        let picture = format!("page/{width}-{scheme}.png");
        browser.photographs(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(picture));
        let look = browser.run(LOOK);
        let [layout, colours] = [0, 1].map(|part| look[part].as_str().expect("a text").to_owned());
        looks.push((format!("{width} {scheme}"), layout, colours));
    }
    assert_eq!(looks[0].2, looks[2].2, "no colour depends on the width");
    let layouts = looks
        .iter()
        .map(|(screen, layout, _)| format!("== {screen}\n{layout}\n"));
    let colours = looks[..2]
        .iter()
        .map(|(screen, _, colours)| format!("== {screen}\n{colours}\n"));
    let look: Vec<String> = layouts.chain(colours).collect();
    settings(&repo).bind(|| insta::assert_snapshot!("report.html.look", look.join("\n")));
}

/// What a person reads of a page: without its head, scripts and tags.
fn text_of(page: &str) -> String {
    let (_, body) = page.split_once("<body").expect("a body");
    let (_, mut rest) = body.split_once('>').expect("a tag is closed");
    let mut text = String::new();
    while let Some((before, tag)) = rest.split_once('<') {
        text += before;
        let hidden = ["script", "style"]
            .into_iter()
            .find(|name| tag.starts_with(name));
        let end = hidden.map_or(">".to_owned(), |name| format!("</{name}>"));
        (_, rest) = tag.split_once(&*end).expect("a tag is closed");
        text.push('\n');
    }
    let lines = text.lines().map(str::trim_end);
    lines
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.to_owned() + "\n")
        .collect()
}
