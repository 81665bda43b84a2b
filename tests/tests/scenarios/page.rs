//! The page of a run, in a real browser.

mod search;
mod timeline;

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use e2e_tests::{Browser, Host, Ran, Repo, wait_for};
use indoc::indoc;
use serde_json::{Value, json};

const NASTY: &str = "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title='taken over'\">";

/// A log of which the page has a part, and a container that the tests start again.
const STACK: &str = indoc! {"
    services:
      web:
        image: BUSYBOX
        container_name: page-web
        command:
          - sh
          - -c
          - |
            cat /nasty
            seq 1 30000 | sed 's|$| GET /orders 200 of a customer who looks at all the orders of the year|'
            echo ERROR no orders
            echo 'warning: few orders'
            seq 30001 60000 | sed 's|$| GET /orders 200 of a customer who looks at all the orders of the year|'
            touch /written
            sleep 600
        volumes: ['./nasty:/nasty:ro']
      db: {image: BUSYBOX, command: [sleep, '600']}
"};

/// The log is whole before the tests begin.
const SPEC: &str = indoc! {r#"
    health_checks: [{name: log, exec: [test, -e, /written], service: web, timeout: 60}]
    junit: junit.xml
    test_command: |
      docker compose restart -t 0 db
      began=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
      docker compose exec -T web sh -c 'echo no price >/proc/1/fd/1'
      sed "s/BEGAN/$began/" e2e/report.xml >junit.xml
      cat e2e/nasty
      printf '\033[31mred\033[0m\n'
      exit 3
"#};

/// Twelve tests that failed, of which the page opens ten, one that was skipped, and 31 that passed,
/// one of them at its second attempt; in four modules.
fn report() -> String {
    let mut cases = String::new();
    let mut late = String::new();
    for number in 0..10 {
        // Writing to a String can't fail.
        let _ = write!(
            late,
            "<testcase classname=\"tests.test_late\" name=\"test_part_{number}\" time=\"0.01\">\
             <failure message=\"expected part {number}\">E nothing came of {number}</failure></testcase>"
        );
    }
    for number in 0..30 {
        let module = if number < 20 { "cart" } else { "pay" };
        let _ = write!(
            cases,
            "<testcase classname=\"tests.test_{module}\" name=\"test_{number}\" time=\"0.01\"/>"
        );
    }
    format!(
        "<testsuite name=\"pytest\" timestamp=\"BEGAN\" time=\"61\">\
         <testcase classname=\"tests.test_shop\" name=\"test_price\" time=\"60\">\
         <failure message=\"expected 5.00\">E expected 5.00, got 4.99</failure></testcase>{late}{cases}\
         <testcase classname=\"tests.test_pay\" name=\"test_twice\" time=\"0.01\"><flakyFailure message=\"paid 3 times\"/></testcase>\
         <testcase classname=\"tests.test_cart\" name=\"test_card\" time=\"0\"><skipped message=\"no card reader\"/></testcase>\
         <testcase classname=\"tests.test_shop\" name=\"test_name\" time=\"0.1\">\
         <failure message=\"expected a name\"/></testcase></testsuite>"
    )
}

/// Words of what is shown, for scripts.
const SHOWN: &str = "
    const all = (what) => [...document.querySelectorAll(what)];
    const seen = (what) => all(what).filter((one) => one.checkVisibility({contentVisibilityAuto: false})).length;
    const search = (text) => { filter.value = text; filter.dispatchEvent(new Event('input')); };
    const lines = () => all('.log .chunk > div').filter((one) => !one.hidden && !one.closest('[hidden]')).length;
";

const FITS: &str =
    "return document.documentElement.scrollWidth <= document.documentElement.clientWidth;";

fn shown(browser: &Browser, script: &str) -> Value {
    browser.run(&format!("{SHOWN}\n{script}"))
}

fn ran(repo: &Repo) -> Ran<'_> {
    let ran = repo.run(Host::Local, &[]);
    ran.ended(100, "failed");
    ran
}

#[test]
fn the_page_of_a_run_works_in_a_browser_and_without_scripts() {
    let repo = Repo::new("page")
        .compose(STACK)
        .spec(SPEC)
        .file("e2e/nasty", &format!("{NASTY}\n"))
        .file("e2e/report.xml", &report())
        .gitignore("junit.xml\n")
        .executable(
            "bin/xdg-open",
            "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$0.asked\"\n",
        );
    let path = std::env::var("PATH").expect("there is a PATH");
    let path = format!("{}:{path}", repo.path("bin").display());
    let repo = repo.env("PATH", &path);
    let ran = ran(&repo);
    let page = ran.bundle().join("report.html");
    let browser = Browser::start();

    // Without scripts all can be read, and nothing is offered that does not work.
    let silent = repo.path("silent.html");
    let text = fs::read_to_string(&page).expect("a page");
    let policy = text.replace("script-src 'unsafe-inline'", "script-src 'none'");
    fs::write(&silent, policy).expect("writable");
    browser.open(&silent);
    let read = shown(
        &browser,
        "return [document.title, seen('.tools, .copy, .zoom'), seen('.test'), document.body.textContent];",
    );
    assert_eq!(read[0], json!(format!("{} e2e: Failed", repo.slug())));
    assert_eq!(
        (&read[1], &read[2]),
        (&json!(0), &json!(12)),
        "the failed tests"
    );
    for text in [
        "ERROR no orders",
        "rewrite: web: container name page-web is kept as a network alias only",
    ] {
        assert!(read[3].as_str().expect("a text").contains(text), "{text}");
    }

    browser.open(&page);
    assert_eq!(shown(&browser, "return document.title;"), read[0]);
    a_skip_is_no_failure(&browser);
    browser.open(&page);
    looks_well(&browser);
    // Anew: that left lines out.
    browser.open(&page);
    search::finds(&browser);
    search::opens_what_it_finds(&browser);
    shows_when(&browser);
    copies(&browser);
    let link = browser.run("return new URL(document.querySelector('#log-web p a').href).pathname;");
    let log = fs::read_to_string(link.as_str().expect("a path")).expect("the whole log");
    assert_eq!(log.lines().count(), 60_004);

    timeline::zooms(&browser, &page);
    let opened = repo.cargo_e2e(&["report", "--open"]);
    assert!(opened.stdout.ends_with("/report.html\n"), "{opened}");
    let asked = repo.path("bin/xdg-open.asked");
    wait_for("xdg-open", Duration::from_secs(20), || {
        fs::read_to_string(&asked).is_ok_and(|asked| asked == opened.stdout)
    });
    let id = &ran.run_id()[18..];
    assert_eq!(
        repo.cargo_e2e(&["report", "--open", id]).stdout,
        opened.stdout
    );
    assert_eq!(
        repo.cargo_e2e(&["report", "--open", "nothing"]).code,
        Some(2)
    );
}

/// The border of a reason to skip is that of any text.
fn a_skip_is_no_failure(browser: &Browser) {
    let borders = shown(browser, "
        const of = (part) => getComputedStyle(document.querySelector(part)).borderLeftColor;
        document.body.append(document.createElement('pre'));
        return {skipped: of('.test pre.skipped'), failed: of('.test pre.bad'), plain: of('body > pre')};");
    assert_eq!(borders["skipped"], borders["plain"], "{borders}");
    assert_ne!(borders["skipped"], borders["failed"], "{borders}");
}

/// On a wide screen, on a phone and in the dark: it fits, and axe-core has nothing against it, also
/// when all of it is open.
fn looks_well(browser: &Browser) {
    for (width, dark) in [(1280, false), (1280, true), (390, false)] {
        browser.look(width, dark);
        assert_eq!(browser.run(FITS), true, "{width}");
        assert_eq!(browser.axe(), [""; 0], "{width}, dark: {dark}");
    }
    browser.act("document.querySelectorAll('details').forEach((one) => { one.open = true; });");
    assert_eq!(browser.run(FITS), true, "all open, on a phone");
    browser.look(1280, false);
    // But for the long log, in which every line is alike.
    browser.act("document.getElementById('log-web').open = false;");
    assert_eq!(browser.axe(), [""; 0], "all open");
}

/// What logs say during a test, when containers lived, and a closer look at a part of the run.
fn shows_when(browser: &Browser) {
    let during = shown(browser, "
        all('.jump').find((one) => one.closest('.test').textContent.includes('test_price')).click();
        const list = [...document.querySelectorAll('#by-time .log > div')].map((one) => one.textContent);
        const alone = [seen('#by-time'), seen('#log-web')];
        whole.click();
        return [list.filter((line) => line.includes('web no price')).length, alone, seen('#by-time')];");
    assert_eq!(during, json!([1, [1, 0], 0]));
    let lives = shown(browser, "
        const row = all('#bars details').find((one) => one.querySelector('.name').textContent.trim() === 'db');
        if (!row) { return ['no row of db', document.querySelector('#bars').innerText]; }
        row.open = true;
        return [row.querySelectorAll('.bar').length, row.querySelector('p').innerText];");
    assert_eq!(lives[0], 2, "{lives}");
    assert!(
        lives[1]
            .as_str()
            .is_some_and(|text| text.contains(", exited with code 137; ")),
        "{lives}"
    );
}

/// What was copied is what stands beside the button, without its word.
fn copies(browser: &Browser) {
    // As a person copies and pastes: with the browser's clipboard, and where a page has none.
    browser.act("scrollTo(0, 0);");
    browser.clicks("header .copy");
    wait_for("the copy", Duration::from_secs(20), || {
        browser.run("return document.querySelector('header .copy').textContent") == "copied"
    });
    assert_eq!(
        pasted(browser),
        "tests.test_shop::test_price: expected 5.00"
    );
    let place = shown(
        browser,
        "
        Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true});
        search('no orders');
        document.querySelector('#log-web .copy').scrollIntoView({block: 'center'});
        return scrollY;",
    );
    browser.clicks("#log-web .copy");
    assert_eq!(browser.run("return scrollY"), place, "the page stays");
    let log = pasted(browser);
    assert!(log.ends_with(" ERROR no orders"), "{log}");
    let copied = shown(
        browser,
        "
        const copied = [];
        const clipboard = {writeText: (text) => { copied.push(text); return Promise.resolve(); }};
        Object.defineProperty(navigator, 'clipboard', {value: clipboard});
        const of = (button) => { document.querySelector(button).click(); return copied.at(-1); };
        const why = [of('#why .copy'), document.querySelector('#why pre').textContent.trim()];
        return {why, test: of('.test .copy')};",
    );
    assert_eq!(copied["why"][0], copied["why"][1]);
    let why = copied["why"][0].as_str().expect("a text");
    assert!(
        why.contains("\n- tests.test_shop::test_price: expected 5.00\n"),
        "{why}"
    );
    assert_eq!(copied["test"], "expected 5.00\nE expected 5.00, got 4.99");
}

/// Pastes into the search, and clears it.
fn pasted(browser: &Browser) -> String {
    browser.act("filter.value = '';");
    browser.types("/");
    browser.pastes();
    let pasted = browser.run("return filter.value");
    // Escape, as WebDriver has it.
    browser.types("\u{e00c}");
    pasted.as_str().expect("a text").to_owned()
}
