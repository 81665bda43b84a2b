//! The page's timeline, zoomed by its buttons and with the mouse.

use std::fs;
use std::path::Path;
use std::time::Duration;

use e2e_tests::{Browser, wait_for};
use serde_json::json;

use super::shown;

const TICKS: &str = "return all('.tick').map((one) => one.textContent);";

/// The part of the run that is shown, by buttons and by dragging, with its times in one form.
pub(super) fn zooms(browser: &Browser, page: &Path) {
    browser.open(page);
    let before = shown(browser, TICKS);
    let zoomed = shown(browser, "
        const scale = () => [bars.style.getPropertyValue('--scale'), bars.style.getPropertyValue('--from')];
        const bar = all('#bars .bar')[0].getBoundingClientRect().width;
        document.querySelector('[data-zoom=in]').click(); document.querySelector('[data-zoom=left]').click();
        const closer = all('#bars .bar')[0].getBoundingClientRect().width / bar;
        const at = scale();
        document.querySelector('[data-zoom=all]').click();
        return [Math.round(closer), at, scale(), all('.tick').length > 2];");
    assert_eq!(zoomed, json!([2, ["2", "0"], ["1", "0"], true]));
    assert_eq!(shown(browser, TICKS), before, "the same form");

    // As long as a run whose pixels are known: its bars are in percent.
    let text = fs::read_to_string(page).expect("a page");
    let (head, rest) = text.split_once(" data-length=\"").expect("a length");
    let (_, rest) = rest.split_once('"').expect("its end");
    let longer = page.with_file_name("longer.html");
    fs::write(&longer, format!("{head} data-length=\"600000\"{rest}")).expect("writable");
    browser.open(&longer);
    has_a_crosshair(browser);
    is_dragged(browser);
}

/// Returns the pixels at which a part of the timeline is.
fn place(browser: &Browser, part: f64) -> (i64, i64) {
    let at = shown(
        browser,
        &"
        const row = all('#bars .row-details')[0];
        row.scrollIntoView({block: 'center'});
        const track = row.querySelector('.track').getBoundingClientRect();
        return [track.left + track.width * PART, track.top + track.height / 2].map(Math.round);"
            .replace("PART", &part.to_string()),
    );
    let of = |index: usize| at[index].as_i64().expect("a pixel");
    (of(0), of(1))
}

fn has_a_crosshair(browser: &Browser) {
    // A pixel is 0.7 s: 2 min 30.5 s, half a second from where the text would be another.
    let half_past = 150.5 / 600.0;
    let at = place(browser, half_past);
    browser.points_at(at);
    says(browser, "2m30.");
    let crosshair = browser.run(
        "const cross = document.querySelector('.cross'); \
         return [Math.round(cross.getBoundingClientRect().left), cross.hidden];",
    );
    assert_eq!(crosshair, json!([at.0, false]));
    browser.points_at((1, 1));
    wait_for("the line to go", Duration::from_secs(20), || {
        browser.run("return document.querySelector('.cross').hidden") == true
    });
}

fn is_dragged(browser: &Browser) {
    let opened = "return all('#bars details').filter((one) => one.open).length;";
    let [quarter, half] = [150.5 / 600.0, 0.5].map(|part| place(browser, part));
    browser.drags(quarter, half);
    ticks(browser, &["3m00s", "3m30s", "4m00s", "4m30s"]);
    // The middle of what is shown now is 3 min 45.25 s.
    browser.points_at(place(browser, 0.502));
    says(browser, "3m45.");
    assert_eq!(shown(browser, opened), 0, "a drag opens no row");
    browser.clicks("#bars summary");
    assert_eq!(shown(browser, opened), 1, "a click does");

    browser.clicks("[data-zoom=all]");
    ticks(browser, &["0.00 s", "2m00s", "4m00s", "6m00s", "8m00s"]);
    // From the end to the begin.
    let [begin, end] = [0.25, 0.75].map(|part| place(browser, part));
    browser.drags(end, begin);
    ticks(browser, &["3m00s", "4m00s", "5m00s", "6m00s", "7m00s"]);
}

fn says(browser: &Browser, time: &str) {
    wait_for(time, Duration::from_secs(20), || {
        let said = browser.run("return document.querySelector('.cross').dataset.at ?? ''");
        said.as_str().is_some_and(|said| said.starts_with(time))
    });
}

fn ticks(browser: &Browser, expected: &[&str]) {
    wait_for(&format!("{expected:?}"), Duration::from_secs(20), || {
        shown(browser, TICKS) == json!(expected)
    });
}
