//! The page's search, as a person types it.

use e2e_tests::Browser;
use serde_json::json;

use super::shown;

/// The search goes through tests and logs, opens what it finds, and closes it again.
pub(super) fn finds(browser: &Browser) {
    let found = shown(
        browser,
        "
        const told = () => [found.textContent, seen('.test'), seen('.module'), lines()];
        const before = told();
        search('no orders'); const log = [...told(), document.querySelector('#log-web').open];
        search('test_cart'); const module = told();
        search('expected 5.00'); const message = told();
        search('no such thing'); const none = [...told(), seen('#tests .none')];
        search(''); const after = told();
        document.querySelector('[value=failed]').click(); const failed = told();
        document.querySelector('[value=all]').click();
        complaints.click(); const bad = lines(); complaints.click();
        return {before, log, module, message, none, after, failed, bad};",
    );
    // All of a short log, and of a long one its begin, its end and two lines between them.
    let lines = &found["before"][3];
    assert!(
        lines
            .as_u64()
            .is_some_and(|lines| (5_000..40_000).contains(&lines)),
        "{found:#}"
    );
    assert_eq!(found["before"], json!(["", 12, 2, lines]), "{found:#}");
    assert_eq!(found["after"], found["before"], "{found:#}");
    assert_eq!(
        found["log"],
        json!(["0 tests · 1 log line", 0, 0, 1, true]),
        "{found:#}"
    );
    assert_eq!(
        found["module"],
        json!(["21 tests · 0 log lines", 21, 1, 0]),
        "{found:#}"
    );
    assert_eq!(
        found["message"],
        json!(["1 test · 0 log lines", 1, 0, 0]),
        "{found:#}"
    );
    assert_eq!(
        found["none"],
        json!(["0 tests · 0 log lines", 0, 0, 0, 1]),
        "{found:#}"
    );
    assert_eq!(
        found["failed"],
        json!(["12 tests", 12, 0, lines]),
        "{found:#}"
    );
    assert_eq!(found["bad"], 2, "{found:#}");

    browser.types("/price");
    let typed = shown(
        browser,
        "return [document.activeElement.id, filter.value, seen('.test')];",
    );
    assert_eq!(typed, json!(["filter", "price", 1]));
    // Escape, as WebDriver has it.
    browser.types("\u{e00c}");
    assert_eq!(
        shown(browser, "return [filter.value, seen('.test')];"),
        json!(["", 12])
    );
}

/// A match in a test that is closed is shown, and the test closed again once the search is over.
pub(super) fn opens_what_it_finds(browser: &Browser) {
    let found = shown(
        browser,
        "
        const opened = () => all('#tests details').filter((one) => one.open).length;
        const hits = (text) => all('#tests summary, #tests pre, #tests p')
            .filter((one) => one.checkVisibility() && one.textContent.includes(text)).length;
        const of = (text) => { search(text); return [found.textContent, hits(text), opened()]; };
        const before = opened();
        return {before,
            message: of('expected a name'), stack: of('nothing came of 9'), skipped: of('no card reader'),
            attempt: of('paid 3 times'), name: of('test_part_9'), button: of('copy'),
            after: [...of(''), before]};",
    );
    // But for the ten that are open.
    let test = json!(["1 test · 0 log lines", 1, 11]);
    let in_module = json!(["1 test · 0 log lines", 1, 12]);
    let expected = [
        ("before", json!(10)),
        ("message", test.clone()),
        ("stack", test),
        ("skipped", in_module.clone()),
        ("attempt", in_module),
        ("name", json!(["1 test · 0 log lines", 1, 10])),
        ("button", json!(["0 tests · 0 log lines", 0, 10])),
    ];
    for (what, expected) in expected {
        assert_eq!(found[what], expected, "{what}: {found:#}");
    }
    assert_eq!(found["after"][2], found["before"], "{found:#}");
}
