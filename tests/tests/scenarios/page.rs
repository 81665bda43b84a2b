//! The page of a run, in a real browser.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e_tests::{Host, Repo, Running, wait_for};

/// What the page is after its scripts ran on a phone, as HTML.
fn shown(page: &Path) -> String {
    let profile = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("chromium");
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg("--window-size=390,800")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", &format!("file://{}", page.display())]);
    let ended = Running::start(command, None).finish(Duration::from_mins(1));
    assert_eq!(ended.code, Some(0), "{ended}");
    ended.stdout
}

#[test]
fn the_page_of_a_run_works_in_a_browser_and_without_scripts() {
    let nasty = "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title='taken over'\">";
    let repo = Repo::new("page")
        .compose("services: {web: {image: BUSYBOX, container_name: page-web, command: [sh, -c, 'cat /nasty; echo ERROR no orders; sleep 600'], volumes: ['./nasty:/nasty:ro']}}")
        .spec("test_command: sleep 1; cat e2e/nasty; exit 3\n")
        .file("e2e/nasty", &format!("{nasty}\n"))
        .executable("bin/xdg-open", "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$0.asked\"\n");
    let path = std::env::var("PATH").expect("there is a PATH");
    let path = format!("{}:{path}", repo.path("bin").display());
    let repo = repo.env("PATH", &path);
    let ran = repo.run(Host::Local, &[]);
    ran.ended(100, "failed");
    let page = ran.bundle().join("report.html");

    let text = fs::read_to_string(&page).expect("a page");
    let silent = repo.path("silent.html");
    let policy = text.replace("script-src 'unsafe-inline'", "script-src 'none'");
    fs::write(&silent, policy).expect("writable");
    let plain = shown(&silent);
    for text in [
        "<title>",
        "e2e: Failed</title>",
        "ERROR no orders",
        "rewrite: web: container name page-web is kept as a network alias only",
    ] {
        assert!(plain.contains(text), "{text} is not in\n{plain}");
    }
    assert!(plain.contains("class=\"tools\" hidden"), "{plain}");

    // What a person does, done by a script behind the page's own.
    let script = r"<script>
      const visible = () => [...document.querySelectorAll('.log > div')].filter((one) => !one.hidden).length;
      const counts = [visible()];
      filter.value = 'no orders'; filter.dispatchEvent(new Event('input')); counts.push(visible());
      filter.value = ''; filter.dispatchEvent(new Event('input'));
      complaints.click(); counts.push(visible()); complaints.click();
      document.querySelector('.jump').click(); counts.push(visible());
      counts.push([...document.querySelectorAll('.none')].filter((one) => !one.hidden).length);
      whole.click(); counts.push(visible());
      document.dispatchEvent(new KeyboardEvent('keydown', { key: '/' }));
      counts.push(document.activeElement.id);
      counts.push(document.documentElement.scrollWidth <= innerWidth ? 'fits' : document.documentElement.scrollWidth);
      document.body.append('counts ' + counts.join(' ') + ' ' + document.title);
    </script></body>";
    let copy = repo.path("copy.html");
    fs::write(&copy, text.replace("</body>", script)).expect("writable");
    let used = shown(&copy);
    let (_, counts) = used.rsplit_once("counts ").expect("it ran");
    // Two lines of the service, one of the tests; those of the service came before the test, and
    // both logs say that they have none of that time.
    assert!(
        counts.starts_with(&format!(
            "3 1 1 0 2 3 filter fits {} e2e: Failed",
            repo.slug()
        )),
        "{counts}"
    );
    assert!(!used.contains("class=\"tools\" hidden"), "{used}");

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
