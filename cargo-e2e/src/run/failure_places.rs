//! Finds where tests failed: the file in the repo that a message means, however its runner writes
//! it. Called once when the tests have ended; views take it from the record.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::plan::Plan;
use crate::record::outcome::{StageStatus, TestRecord};
use crate::record::place::{find, places};
use crate::text::printable;

/// Failed tests whose places are looked for, and places of each.
const TESTS: usize = 500;
const PLACES: usize = 20;

/// Names places of failed tests from the repo's root. `ran_in` is the root that the tests saw.
pub(super) async fn locate(plan: &Plan, ran_in: &str, tests: &mut Vec<TestRecord>) {
    let root = plan.repo.root.clone();
    let near = plan.spec.junit.iter().map(|file| root.join(file));
    let near: BTreeSet<PathBuf> = near
        .flat_map(|file| {
            let folders = file.ancestors().skip(1);
            let below = folders.take_while(|folder| folder.starts_with(&root));
            below.map(Path::to_owned).collect::<Vec<_>>()
        })
        .collect();
    // The root comes first, and folders that are deeper before those around them.
    let mut folders = vec![root.clone()];
    folders.extend(near.into_iter().rev().filter(|folder| *folder != root));
    let prefix = format!("{}/", ran_in.trim_end_matches('/'));
    let mut all = std::mem::take(tests);
    let located = tokio::task::spawn_blocking(move || {
        let mut known = HashMap::new();
        let mut is_file = |path: &Path| {
            let there = || path.is_file();
            *known.entry(path.to_owned()).or_insert_with(there)
        };
        let failed = |test: &&mut TestRecord| test.status == StageStatus::Failed;
        for test in all.iter_mut().filter(failed).take(TESTS) {
            test.message = test.message.take().map(|it| it.replace(&prefix, ""));
            test.place = of_test(test, &root, &folders, &mut is_file);
        }
        all
    });
    // Nothing in there panics.
    *tests = located.await.unwrap_or_default();
}

fn of_test(
    test: &TestRecord,
    root: &Path,
    folders: &[PathBuf],
    is_file: &mut dyn FnMut(&Path) -> bool,
) -> Option<String> {
    let message = printable(test.message.as_deref()?);
    let mut folders = folders.to_vec();
    folders.extend(of_class(test, root));
    let mut all = places(&message).take(PLACES);
    all.find_map(|(file, line)| {
        let there = find(file, &folders, is_file)?;
        let there = there.strip_prefix(root).ok()?;
        Some(format!("{}:{line}", there.display()))
    })
}

/// Returns folders that a test's file or class may stand for: Go names files without them.
fn of_class(test: &TestRecord, root: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(folder) = test
        .file
        .as_deref()
        .and_then(|file| Path::new(file).parent())
    {
        folders.push(root.join(folder));
    }
    let class = test.classname.as_deref().unwrap_or_default();
    let parts: Vec<&str> = class.split('/').filter(|part| !part.is_empty()).collect();
    for from in 1..parts.len().min(12) {
        folders.push(root.join(parts[from..].join("/")));
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::test;

    #[test]
    fn a_package_of_go_is_a_folder_of_the_repo() {
        let mut bad = test("example.com/shop/cart::TestPays", StageStatus::Failed);
        bad.classname = Some("example.com/shop/cart".into());
        bad.message = Some("Failed\n    cart_test.go:17: got 3".into());
        let there = Path::new("/r/cart/cart_test.go");
        let root = Path::new("/r");
        let found = of_test(&bad, root, &[root.to_owned()], &mut |path| path == there);
        assert_eq!(found.as_deref(), Some("cart/cart_test.go:17"));
        bad.classname = None;
        let found = of_test(&bad, root, &[root.to_owned()], &mut |path| path == there);
        assert_eq!(found, None);
    }
}
