//! The table of runners: the commands that name each, and the filter that selects tests of it.

use super::*;
use crate::plan::test_kind::Harness;
use crate::record::outcome::StageStatus;
use crate::record::samples;

fn runner(command: &str) -> Option<Runner> {
    Runner::of(&Tests::Command(command.to_owned()))
}

fn case(class: &str, name: &str) -> TestRecord {
    let full = if class.is_empty() {
        name.to_owned()
    } else {
        format!("{class}::{name}")
    };
    let mut test = samples::test(&full, StageStatus::Failed);
    test.classname = Some(class.to_owned()).filter(|class| !class.is_empty());
    test
}

fn only(runner: &Runner, tests: &[TestRecord], typed: &[&str]) -> Option<Vec<String>> {
    let tests: Vec<&TestRecord> = tests.iter().collect();
    let typed: Vec<String> = typed.iter().map(|&word| word.to_owned()).collect();
    let exists = |path: &str| ["tests/test_orders.py", "tests/test_broken.py"].contains(&path);
    runner.only(&tests, &typed, &exists)
}

fn harness(nextest: bool, prefixes: &[&str]) -> Runner {
    let targets = Harness {
        targets: Vec::new(),
        nextest,
    };
    let mut runner = Runner::of(&Tests::Targets(targets)).unwrap();
    runner.prefixes = prefixes.iter().map(|&one| one.to_owned()).collect();
    runner.whole = "all".to_owned();
    runner
}

#[test]
fn a_runner_is_recognized_where_arguments_reach_it() {
    for (command, kind) in [
        ("pytest --junitxml=out.xml", Kind::Pytest),
        ("\"$E2E_CACHE/venv/bin/python\" -m pytest -q", Kind::Pytest),
        ("uv run --frozen pytest -q", Kind::Pytest),
        ("DB=x timeout 60 .venv/bin/pytest", Kind::Pytest),
        (
            "alembic upgrade head\npytest -q # all\ntrue && pytest",
            Kind::Pytest,
        ),
        ("pytest > out.txt 2>&1", Kind::Pytest),
        ("npx jest --ci", Kind::Jest),
        (
            "node --experimental-vm-modules node_modules/jest/bin/jest.js",
            Kind::Jest,
        ),
        ("npm exec -- jest", Kind::Jest),
        ("npx vitest run --reporter=junit", Kind::Vitest),
        ("pnpm exec playwright test", Kind::Playwright),
        ("cd api && go test -count=1 ./...", Kind::Go),
        ("gotestsum --junitfile out.xml ./...", Kind::Gotestsum),
        ("cargo +nightly test -p shop", Kind::CargoTest),
        ("cargo nextest run --profile ci", Kind::Nextest),
    ] {
        let found = runner(command).map(|runner| runner.call.kind);
        // The first `pytest` of two is one runner too many.
        let expected = (!command.contains("true && pytest")).then_some(kind);
        assert_eq!(found, expected, "{command}");
    }
    for command in [
        "sh e2e/tests/run.sh",
        "npm test",
        "pytest | tee out.txt",
        "pytest |\n  tee out.txt",
        "pytest # quick",
        "pytest &",
        "if true; then pytest; fi",
        "(cd api; pytest)",
        "npx vitest run\nnpx playwright test",
        "cat <<X | pytest\nX",
        "playwright install",
        "cargo build",
        "python pytest",
        "pytest; docker compose logs",
        "",
    ] {
        assert!(runner(command).is_none(), "{command}");
    }
    let service = |command: Option<&str>| {
        let command = command.map(str::to_owned);
        let name = "tests".to_owned();
        Runner::of(&Tests::Service { name, command })
    };
    assert!(service(Some("pytest")).is_some() && service(None).is_none());
}

/// A runner, the failed tests, what was typed, and the filter.
type Row<'a> = (Runner, &'a [TestRecord], &'a [&'a str], &'a [&'a str]);

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn each_runner_gets_its_own_filter() {
    let pytest = [
        case("tests.test_orders.TestShip", "test_pays[a b]"),
        case("tests.test_orders", "test_list"),
        case("", "tests.test_broken"),
    ];
    let script = [
        case("web/orders.test.ts", "orders > pays (1+1)"),
        case("web/orders.test.ts", "top"),
    ];
    let browser = [
        case("orders.spec.ts", "orders › pays"),
        case("orders.spec.ts", "top"),
    ];
    let jest = [
        case("orders pays (1+1)", "orders pays (1+1)"),
        case(" top", " top"),
        case("orders", "lists"),
    ];
    let go = [
        case("shop/orders", "TestShip"),
        case("shop/orders", "TestShip/by_air"),
    ];
    let rust = [
        case("shop::it", "orders::ship"),
        case("shop::it", "orders::list"),
    ];
    let own = [case("", "orders::ship"), case("", "list")];
    let run = |command: &str| runner(command).unwrap();
    let table: &[Row<'_>] = &[
        (
            run("pytest -q -o log_cli=true --junitxml out.xml"),
            &pytest,
            &["-v"],
            &[
                "tests/test_broken.py",
                "tests/test_orders.py::TestShip::test_pays[a b]",
                "tests/test_orders.py::test_list",
            ],
        ),
        // With a path, node ids would add to it.
        (
            run("pytest tests"),
            &pytest,
            &[],
            &[
                "-k",
                "(TestShip and test_pays) or (test_orders and test_list) or test_broken",
            ],
        ),
        (
            run("pytest"),
            &pytest[1..2],
            &["tests"],
            &["-k", "(test_orders and test_list)"],
        ),
        (
            run("cd api\npytest"),
            &pytest[1..2],
            &[],
            &["-k", "(test_orders and test_list)"],
        ),
        (
            run("npx jest"),
            &jest,
            &[],
            &["-t", r"^((?:.* )?lists|orders pays \(1\+1\)|top)$"],
        ),
        (
            run("npx vitest run"),
            &script,
            &[],
            &[
                "-t",
                r"^(orders(?: >)? pays \(1\+1\)|top)( .*)?$",
                "web/orders.test.ts",
            ],
        ),
        (
            run("npx playwright test"),
            &browser,
            &[],
            &[
                "--grep",
                "(^| )(orders(?: ›)? pays|top)( @[^ ]+)*$",
                "orders.spec.ts",
            ],
        ),
        (run("go test ./..."), &go, &[], &["-run", "^(TestShip)$"]),
        (
            run("gotestsum"),
            &go,
            &[],
            &["--", "-run", "^(TestShip)$", "./..."],
        ),
        (run("gotestsum ./..."), &go, &[], &["-run", "^(TestShip)$"]),
        (
            run("cargo test"),
            &rust,
            &[],
            &["--", "--exact", "orders::list", "orders::ship"],
        ),
        (
            run("cargo test -- --nocapture"),
            &rust[..1],
            &[],
            &["--exact", "orders::ship"],
        ),
        (
            run("cargo nextest run"),
            &rust,
            &[],
            &["-E", "test(=orders::list) + test(=orders::ship)"],
        ),
        (
            run("cargo nextest run -E 'kind(test)'"),
            &rust[..1],
            &[],
            &["orders::ship"],
        ),
        (
            harness(false, &[""]),
            &own,
            &[],
            &["--exact", "list", "orders::ship"],
        ),
        (
            harness(false, &["orders::", "slow::"]),
            &own[..1],
            &[],
            &["--exact", "ship"],
        ),
        (harness(true, &[""]), &own[1..], &[], &["-E", "test(=list)"]),
    ];
    for (runner, tests, typed, expected) in table {
        let words = only(runner, tests, typed).unwrap_or_default();
        assert_eq!(words, *expected, "{runner:?}");
    }
}

#[test]
fn what_has_no_filter_is_not_guessed() {
    let pytest = runner("pytest").unwrap();
    assert_eq!(only(&pytest, &[case("", "says - this")], &[]), None);
    assert_eq!(only(&pytest, &[], &[]), None);
    let name = "t".repeat(MOST + 1);
    assert_eq!(
        only(&pytest, &[case("tests.test_orders", &name)], &[]),
        None
    );
    // The command itself failed: all of it is to run.
    let whole = [
        case("tests.test_orders", "test_list"),
        case("", "test_command"),
    ];
    assert_eq!(only(&pytest, &whole, &[]), Some(Vec::new()));
}

#[test]
fn a_typed_name_gives_way_to_those_that_failed() {
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|&it| it.to_owned()).collect() };
    let filter = words(&["--exact", "ship"]);
    let harness = harness(false, &[""]);
    let joined = harness.joined(&words(&["--ignored", "s", "--skip", "x"]), filter);
    assert_eq!(joined, ["--ignored", "--skip", "x", "--exact", "ship"]);
    let again = words(&["--exact", "a", "--exact"]);
    assert_eq!(
        harness.joined(&again, words(&["--exact", "a"])),
        ["--exact", "a"]
    );
    assert_eq!(harness.joined(&words(&["s"]), Vec::new()), ["s"]);
    // Two patterns are an error for vitest, and one with a comma for jest.
    let vitest = runner("npx vitest run").unwrap();
    let typed = words(&[
        "-t",
        "^(a|b)$",
        "x.test.ts",
        "--testNamePattern=c",
        "--bail=0",
    ]);
    let joined = vitest.joined(&typed, words(&["-t", "^(a)$"]));
    assert_eq!(joined, ["x.test.ts", "--bail=0", "-t", "^(a)$"]);
    let own = runner("npx vitest run -t orders").unwrap();
    assert_eq!(only(&own, &[case("a.test.ts", "pays")], &[]), None);
}

#[test]
fn a_runner_is_told_to_go_on_after_a_failure() {
    let with = |command: &str, typed: &[&str]| {
        let going_on = runner(command)
            .unwrap()
            .goes_on(&typed.iter().map(|&it| it.to_owned()).collect::<Vec<_>>());
        going_on.map(<[&str]>::to_vec)
    };
    let told = |command: &str| with(command, &[]);
    assert_eq!(told("pytest -x"), Some(vec!["--maxfail=0"]));
    assert_eq!(told("cargo nextest run"), Some(vec!["--no-fail-fast"]));
    assert_eq!(told("cargo nextest run -- --skip a"), None);
    assert_eq!(told("cargo test"), None);
    assert_eq!(told("npx vitest run"), Some(vec!["--bail=0"]));
    for stops in ["npx vitest run --bail=1", "npx playwright test -x"] {
        assert_eq!(told(stops), None, "{stops}");
    }
    assert_eq!(with("npx jest", &["--bail"]), None);
    // A panic ends all tests of a package.
    assert_eq!(told("go test ./..."), None);
    assert_eq!(told("gotestsum ./..."), None);
    assert_eq!(told("cargo test --no-fail-fast"), Some(vec![]));
    let failed = |command: &str, status| runner(command).unwrap().failed_with(status);
    assert!(failed("pytest", 1) && !failed("pytest", 2) && failed("cargo nextest run", 100));
}
