use indoc::indoc;

use super::*;
use crate::record::junit;
use crate::record::outcome::StageStatus;

/// The message of a failed test of a file that a runner wrote.
fn message(file: &str, test: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/junit");
    let tests = junit::read(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap();
    let it = |one: &&crate::record::outcome::TestRecord| {
        one.name.contains(test) && one.status == StageStatus::Failed
    };
    tests.iter().find(it).unwrap().message.clone().unwrap()
}

fn told(text: &str, most: usize) -> String {
    let line = |piece: Piece<'_>| match piece {
        Piece::Line(line) => format!("{line}\n"),
        Piece::Gap(gap) => format!("({gap})\n"),
    };
    shortened(text, most).into_iter().map(line).collect()
}

#[test]
fn the_assertion_of_every_runner_stays() {
    let setup = (0..30).map(|line| format!("    line_{line} = {line}\n"));
    let pytest = format!(
        "AssertionError: assert '4.99' == '5.00'\ndef test_price():\n{}>       assert price() == \"5.00\"\nE       AssertionError: assert '4.99' == '5.00'\nE         - 5.00\nE         + 4.99\n\ntests/test_shop.py:45: AssertionError",
        setup.collect::<String>()
    );
    let shown = told(&pytest, 8);
    for line in [
        ">       assert price() == \"5.00\"\n",
        "E         - 5.00\nE         + 4.99\n",
        "tests/test_shop.py:45: AssertionError\n",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    let jest = message("jest-junit-suite-errors.xml", "fails");
    let shown = told(&jest, 6);
    assert!(
        shown.starts_with("Error: expect(received).toBe(expected) // Object.is equality\n")
            && shown.contains("\nExpected: 4\nReceived: 3\n    at Object.toBe (/home/dev/shop/jest/a.test.js:1:116)\n"),
        "{shown}"
    );
    let vitest = message("vitest.xml", "fails") + &"\n ❯ node_modules/x/y.js:1:2".repeat(30);
    let shown = told(&vitest, 8);
    assert!(
        shown.contains("- Expected\n+ Received\n") && shown.contains("- 4\n+ 3\n"),
        "{shown}"
    );
    assert!(shown.contains("❯ vi/a.test.js:2:89"), "{shown}");
    let frames = "  7: core::x\n             at /rustc/abc/x.rs:1:2\n".repeat(40);
    let rust = format!(
        "thread 'pays' panicked at tests/pay.rs:7:5:\nassertion `left == right` failed: paid\n  left: 500\n right: 200\nstack backtrace:\n{frames}"
    );
    let shown = told(&rust, 6);
    assert!(
        shown.starts_with("thread 'pays' panicked at tests/pay.rs:7:5:\nassertion `left == right` failed: paid\n  left: 500\n right: 200\n"),
        "{shown}"
    );
    let log = "    shop.go: a step\n".repeat(40);
    let go = format!("Failed\n{log}    shop_test.go:17: got 3, want 4\n{log}--- FAIL: TestShip");
    let shown = told(&go, 6);
    assert!(
        shown.contains("    shop_test.go:17: got 3, want 4\n"),
        "{shown}"
    );
}

#[test]
fn a_text_without_an_assertion_keeps_its_end() {
    let text = (0..50).map(|line| format!("step {line}"));
    let text = text.collect::<Vec<_>>().join("\n");
    assert_eq!(told(&text, 4), "step 0\n(46)\nstep 47\nstep 48\nstep 49\n");
    let output = shortened_output(&text, 2);
    let end = ["step 48", "step 49"].map(Piece::Line);
    assert_eq!(output, [&[Piece::Gap(48)][..], &end].concat());
    assert_eq!(told("one\ntwo", 4), "one\ntwo\n");
    assert_eq!(told("", 4), "");
    assert_eq!(told(&text, 0), "(50)\n");
}

#[test]
fn one_line_says_what_was_expected() {
    for (text, expected) in [
        (
            "assert 3 == 4\ndef test():\nE  assert 3 == 4",
            "assert 3 == 4",
        ),
        (
            "expected 3, got 4\n  at tests/a.rs:1:2",
            "expected 3, got 4",
        ),
        (
            "thread 'x' panicked at src/lib.rs:2:44:\nassertion `left == right` failed\n  left: 3\n right: 4",
            "assertion `left == right` failed: left: 3, right: 4",
        ),
        (
            "Failed\nshop_test.go:17: got 3 < 4",
            "shop_test.go:17: got 3 < 4",
        ),
        (
            indoc! {"
                pay.spec.ts:3:5 pays
                  [api] › pay.spec.ts:3:5 › pays ───

                    Error: expect(received).toBe(expected) // Object.is equality

                    Expected: 200
                    Received: 500"},
            "Error: expect(received).toBe(expected) // Object.is equality: Expected: 200, Received: 500",
        ),
        (
            "Error: expect(received).toEqual(expected)\n\n- Expected  - 1\n+ Received  + 1\n\n    \"a\": 1,\n-   \"b\": 2,\n+   \"b\": 3,",
            "Error: expect(received).toEqual(expected): -   \"b\": 2, +   \"b\": 3",
        ),
        ("Failed", "Failed"),
        (" \n", ""),
    ] {
        assert_eq!(in_one_line(text), expected);
    }
}
