//! Which of a host's sandboxes is meant.

use super::Listed;

/// The end of a run id that is hardly another's.
const SHORTEST: usize = 6;

/// Who asks, for when no id is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asker {
    /// The repo's slug; none outside a repo.
    pub slug: Option<String>,
    /// The repo's folder on this machine.
    pub folder: Option<String>,
    /// The e2e.yml that was typed, empty for e2e/e2e.yml: a repo's sandboxes of others are not
    /// meant. None where none was.
    pub spec: Option<String>,
}

/// Why no sandbox was chosen.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChooseError {
    /// A word that could be the end of many ids.
    #[error("not an id: `{0}`")]
    NotAnId(String),
    /// Neither an id nor a repo names one.
    #[error("not in a repo: give a sandbox id")]
    NoRepo,
    #[error("no sandbox {0}")]
    None(String),
    #[error("{what} matches several sandboxes: {}", ids.join(" or "))]
    Several {
        /// What was asked for.
        what: String,
        ids: Vec<String>,
    },
}

/// By a run id, the end of one, or a project name; without any, the only one of the asker's repo,
/// their own working copy's first.
pub fn choose<'a>(
    all: &'a [Listed],
    id: Option<&str>,
    asker: &Asker,
) -> Result<&'a Listed, ChooseError> {
    let Some(id) = id else {
        return own(all, asker);
    };
    if id.len() < SHORTEST {
        return Err(ChooseError::NotAnId(id.to_owned()));
    }
    let matching = all
        .iter()
        .filter(|one| one.run_id.ends_with(id) || one.about["project"].as_str() == Some(id));
    only(matching.collect(), format!("`{id}`"))
}

fn own<'a>(all: &'a [Listed], asker: &Asker) -> Result<&'a Listed, ChooseError> {
    let Some(slug) = &asker.slug else {
        return match all {
            [one] => Ok(one),
            _ => Err(ChooseError::NoRepo),
        };
    };
    let by_spec = |one: &&Listed| {
        let typed = asker.spec.as_deref();
        typed.is_none_or(|spec| one.spec().unwrap_or_default() == spec)
    };
    let of_repo = all.iter().filter(|one| one.about["repo"] == **slug);
    let mut chosen: Vec<&Listed> = of_repo.filter(by_spec).collect();
    let of_folder = |one: &&Listed| asker.folder.as_deref() == one.about["folder"].as_str();
    if chosen.iter().any(of_folder) {
        chosen.retain(of_folder);
    }
    only(chosen, format!("of {slug}"))
}

fn only(mut matching: Vec<&Listed>, what: String) -> Result<&Listed, ChooseError> {
    match matching.len() {
        0 => Err(ChooseError::None(what)),
        1 => Ok(matching.remove(0)),
        _ => Err(ChooseError::Several {
            what,
            ids: matching.iter().map(|one| with_spec(one)).collect(),
        }),
    }
}

/// The run id, and what tells it from others of the repo.
fn with_spec(one: &Listed) -> String {
    let id = &one.run_id;
    one.spec()
        .map_or_else(|| id.clone(), |spec| format!("{id} (by {spec})"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listed(run_id: &str, repo: &str, folder: &str) -> Listed {
        Listed {
            run_id: run_id.to_owned(),
            expires: 0,
            now: 0,
            created: 0,
            state: crate::sandbox::ListedState::Kept,
            place: 0,
            containers: crate::sandbox::Counts::default(),
            usage: crate::record::outcome::Usage::default(),
            about: json!({ "repo": repo, "folder": folder, "project": format!("e2e-{repo}-{run_id}") }),
        }
    }

    #[test]
    fn an_id_may_be_short_but_not_ambiguous() {
        let all = [
            listed("aaaa123456", "shop", "/a"),
            listed("bbbb123456", "shop", "/b"),
        ];
        let choose = |id| choose(&all, Some(id), &Asker::default()).map(|one| one.run_id.as_str());
        assert_eq!(choose("a123456"), Ok("aaaa123456"));
        assert_eq!(choose("e2e-shop-bbbb123456"), Ok("bbbb123456"));
        assert!(matches!(choose("123456"), Err(ChooseError::Several { .. })));
        assert!(matches!(choose("6"), Err(ChooseError::NotAnId(_))));
        assert!(matches!(choose(""), Err(ChooseError::NotAnId(_))));
        assert!(matches!(choose("zzzzzz"), Err(ChooseError::None(_))));
    }

    #[test]
    fn without_an_id_it_is_the_only_one_of_the_repo() {
        let asker = |slug: &str, folder: &str| Asker {
            slug: Some(slug.to_owned()),
            folder: Some(folder.to_owned()),
            spec: None,
        };
        let all = [
            listed("1", "shop", "/a"),
            listed("2", "shop", "/b"),
            listed("3", "bank", "/c"),
        ];
        let choose = |asker: &Asker| choose(&all, None, asker).map(|one| one.run_id.as_str());
        assert_eq!(choose(&asker("shop", "/b")), Ok("2"));
        assert_eq!(choose(&asker("bank", "/elsewhere")), Ok("3"));
        assert!(matches!(
            choose(&asker("shop", "/c")),
            Err(ChooseError::Several { .. })
        ));
        assert!(matches!(
            choose(&asker("none", "/c")),
            Err(ChooseError::None(_))
        ));
    }

    #[test]
    fn of_several_specs_the_one_that_was_typed_is_meant() {
        let mut all = [listed("1", "shop", "/a"), listed("2", "shop", "/a")];
        all[1].about["spec"] = "e2e/slow.yml".into();
        let choose = |spec: Option<&str>| {
            let asker = Asker {
                slug: Some("shop".to_owned()),
                folder: Some("/a".to_owned()),
                spec: spec.map(str::to_owned),
            };
            choose(&all, None, &asker).map(|one| one.run_id.as_str())
        };
        assert_eq!(choose(Some("e2e/slow.yml")), Ok("2"));
        assert_eq!(choose(Some("")), Ok("1"));
        assert!(matches!(choose(Some("x")), Err(ChooseError::None(_))));
        let several = choose(None).expect_err("two").to_string();
        assert_eq!(
            several,
            "of shop matches several sandboxes: 1 or 2 (by e2e/slow.yml)"
        );
    }
}
