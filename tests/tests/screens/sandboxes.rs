//! The screens that list a host's sandboxes and this machine's runs, for a user with no others there.

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Account, Repo};

use super::views::shown;

#[test]
fn list_history_and_gc() {
    let account = Account::new("screens", "docker", ":");
    let (host, name) = (account.host(), account.host().name());
    let repo = Repo::new("screen").compose(WEB).spec(&format!(
        "ports: isolated\n{WEB_IS_HEALTHY}test_command: eval\n"
    ));
    let on_it = |words: &[&str]| repo.cargo_e2e(&[words, &["--host", &name]].concat());
    shown("list_empty", &repo, &on_it(&["list"]), 0);
    shown("history_empty", &repo, &repo.cargo_e2e(&["history"]), 0);

    repo.run(host, &["--", "exit 3"]).ended(100, "failed");
    let kept = repo.run_and_keep(host, &["--keep", "--", "true"]);
    kept.kept(0, "passed");
    shown("list", &repo, &on_it(&["list"]), 0);
    shown("history", &repo, &repo.cargo_e2e(&["history"]), 0);
    let of_repo = repo.cargo_e2e(&["history", "--repo", repo.slug()]);
    shown("history_repo", &repo, &of_repo, 0);
    shown("gc_nothing", &repo, &on_it(&["gc"]), 0);
    let down = on_it(&["down", kept.run_id()]);
    assert_eq!(down.code, Some(0), "{down}");
    kept.leaves_nothing();
    shown("gc_repo", &repo, &on_it(&["gc", "--repo", repo.slug()]), 0);
}
