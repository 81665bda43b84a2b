//! `gc --repo` and `gc --all` forget what a host keeps for later runs, and nothing that is in use.

use e2e_tests::Repo;

use super::place::Place;

/// With a cache, and with files that a workspace has.
fn repo(place: &Place, name: &str) -> Repo {
    place
        .repo(name)
        .spec("ports: isolated\ntest_command: 'echo cached >\"$E2E_CACHE/file\"'\n")
}

#[test]
fn gc_forgets_a_repo_when_it_is_told_to() {
    let place = Place::new("e2e-gc-forget", "e2e-gc-forget-dev");
    let root = place.host().root();
    let (first, second) = (repo(&place, "first"), repo(&place, "second"));
    let kept = first.run_and_keep(place.host(), &["--keep"]);
    kept.kept(0, "passed");
    for repo in [&first, &second] {
        repo.run(place.host(), &[]).ended(0, "passed");
    }
    let stored = |repo: &Repo| {
        place.says(&format!(
            "cd {root}; ls -d workspaces/{slug}.* cache/{slug} 2>/dev/null | wc -l",
            slug = repo.slug()
        ))
    };
    let ended = "0".repeat(26);
    let _ = place.says(&format!(
        "printf 'lease\\n1\\n{{\"repo\":\"%s\"}}\\n' {} >{root}/ended/{ended}",
        first.slug()
    ));
    // One whose name begins alike.
    let _ = place.says(&format!(
        "mkdir {root}/workspaces/{}-api.0123456789abcdef.run.boot.1",
        first.slug()
    ));

    let slug = first.slug();
    let looked = place.gc(0, place.name, &["--repo", slug, "--dry-run"]);
    assert!(
        looked.stdout.contains(&format!("workspace {slug}.")),
        "{looked}"
    );
    assert_eq!(stored(&first), "2\n");

    let forgot = place.gc(0, place.name, &["--repo", slug]);
    for said in [
        format!("removed workspace {slug}."),
        format!("cache {slug} stays on {}: a run uses it", place.name),
        format!("removed ended {ended}"),
        format!(" freed on {}", place.name),
    ] {
        assert!(forgot.stderr.contains(&said), "{said}\n{forgot}");
    }
    assert_eq!(
        (stored(&first), stored(&second)),
        ("1\n".to_owned(), "2\n".to_owned())
    );
    let _ = place.says(&format!(
        "test -d {root}/workspaces/{slug}-api.0123456789abcdef.run.boot.1; test -e {}/sentinel",
        kept.sandbox()
    ));

    let down = first.cargo_e2e(&["down", "--host", place.name, kept.run_id()]);
    assert_eq!(down.code, Some(0), "{down}");
    place.gc(0, place.name, &["--repo", slug]);
    assert_eq!(stored(&first), "0\n");
    let nothing = place.gc(0, place.name, &["--repo", slug]);
    assert_eq!(
        nothing.stderr,
        format!("no files of `{slug}` on {}\n", place.name)
    );
    place.gc(0, place.name, &["--all"]);
    assert_eq!(
        place.says(&format!(
            "ls {root}/workspaces {root}/cache {root}/ended | grep -v :$ | grep . | wc -l"
        )),
        "0\n"
    );
    // The next run begins anew.
    first.run(place.host(), &[]).ended(0, "passed");

    for wrong in [["--repo", "No slug"].as_slice(), &["--repo", "x", "--all"]] {
        let refused = first.cargo_e2e(&[&["gc", "--host", place.name], wrong].concat());
        assert_eq!(refused.code, Some(2), "{refused}");
    }
    so_many_workspaces_are_kept_and_no_more(&place);
}

fn so_many_workspaces_are_kept_and_no_more(place: &Place) {
    let root = place.host().root();
    let kept = "ls {root}/workspaces | wc -l; ls {root}/workspaces | sort | tail -n 1";
    let kept = || place.says(&kept.replace("{root}", &root));
    let _ = place.says(&format!(
        "rm -rf {root}/workspaces/*; cd {root}/workspaces\n\
         for n in $(seq 10 61); do mkdir many.1.$n.boot.1; touch -d \"$n hours ago\" many.1.$n.boot.1; done\n"
    ));
    let ended = place.gc(0, place.name, &[]);
    assert!(
        ended.stderr.contains("removed workspace many.61 "),
        "{ended}"
    );
    assert_eq!(kept(), "50\nmany.1.59.boot.1\n");
    // Their names say that they take 8 GB each.
    let _ = place.says(&format!(
        "rm -rf {root}/workspaces/*; cd {root}/workspaces\n\
         for n in 1 2 3; do mkdir large.1.$n.boot.8388608; touch -d \"$n hours ago\" large.1.$n.boot.8388608; done\n"
    ));
    let ended = place.gc(0, place.name, &[]);
    assert!(
        ended.stderr.contains("removed workspace large.3 "),
        "{ended}"
    );
    assert_eq!(kept(), "2\nlarge.1.2.boot.8388608\n");
}
