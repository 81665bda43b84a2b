//! In a job of GitHub Actions.

use e2e_tests::{Repo, here_and_over_ssh};
use indoc::indoc;

here_and_over_ssh! {
    fn what_tests_print_is_no_workflow_command(host) {
        let junit = "<testsuites name=\"all\"><testsuite name=\"s\" tests=\"1\"><testcase name=\"a%0A::error::b\"><failure message=\"c&#10;::error::d\"/></testcase></testsuite></testsuites>";
        let repo = Repo::new("commands")
            .compose("services: {web: {image: BUSYBOX, command: [sleep, '600']}}")
            .spec(
                indoc! {r"
                    test_command: |
                      echo '::add-mask::e2e'
                      echo '  ::set-output name=x::y'
                      cp given.xml e2e/out.xml
                      printf '%s\n::error::z ##[group]end' ok >&2
                      exit 1
                    junit: e2e/out.xml
                "},
            )
            .file("given.xml", junit)
            .env("GITHUB_ACTIONS", "true");
        let ran = repo.run(host, &[]);
        ran.ended(100, "failed");
        let lines: Vec<&str> = ran.output().stdout.lines().collect();
        let token = lines[1].strip_prefix("::stop-commands::").expect("they are stopped first");
        assert!(token.len() >= 20, "{token}");
        let resumed = lines.iter().position(|line| *line == format!("::{token}::"));
        let resumed = resumed.unwrap_or_else(|| panic!("{}", ran.output()));
        let is_theirs = |line: &&str| ["add-mask", "set-output", "error::z"].iter().any(|it| line.contains(it));
        assert_eq!(lines[..resumed].iter().copied().filter(|line| is_theirs(line)).count(), 3, "{}", ran.output());
        // Then come ours, with theirs in them as text.
        assert_eq!((lines[0], lines[resumed + 1]), ("::group::test output", "::endgroup::"));
        let own = &lines[resumed + 2..];
        assert_eq!(own.len(), 1, "{}", ran.output());
        assert!(
            own[0].starts_with("::error title=a%250A%3A%3Aerror%3A%3Ab::c") && own[0].contains("%0A::error::d"),
            "{}",
            ran.output()
        );
        for line in ran.stderr().lines() {
            let is_command = line.trim_start().starts_with("::") || line.contains("##[");
            assert!(!is_command, "{line}\n{}", ran.output());
        }

        let repo = repo.env("GITHUB_ACTIONS", "false");
        let elsewhere = repo.run(host, &[]);
        assert!(elsewhere.output().stdout.starts_with("::add-mask::e2e\n"), "{}", elsewhere.output());
    }
}
