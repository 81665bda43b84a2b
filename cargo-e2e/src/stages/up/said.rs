//! What `docker compose up` said, made short, and what to do about it.

use std::sync::LazyLock;

use regex::Regex;

use crate::compose::subnets;
use crate::stages::Trouble;

pub(super) const FAILED: &str = "`docker compose up` failed";
pub(super) const COMPOSE: &str = "docker compose up";

/// What Compose said without the steps that went well; all of it where nothing else is there.
pub(super) fn without_progress(said: &str) -> String {
    static STEP: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^\s*(?:Network|Volume|Container) \S+ +(?:Creating|Created|Recreate|Recreated|Starting|Started|Waiting|Healthy|Running|Exited)\s*$",
        )
        .ok()
    });
    let is_step = |line: &&str| STEP.as_ref().is_some_and(|step| step.is_match(line));
    let told: Vec<&str> = said.lines().filter(|line| !is_step(line)).collect();
    if told.iter().all(|line| line.trim().is_empty()) {
        said.to_owned()
    } else {
        told.join("\n")
    }
}

/// Says in the first line why `up` failed. Where a container did, how images were built does not
/// matter.
#[must_use]
pub fn with_reason(mut trouble: Trouble) -> Trouble {
    let said = trouble.excerpts.iter().find(|one| one.title == COMPOSE);
    let last = said.and_then(|said| {
        said.text
            .lines()
            .map(str::trim)
            .rfind(|line| !line.is_empty())
    });
    let (first, rest) = match trouble.message.split_once('\n') {
        Some((first, rest)) => (first, format!("\n{rest}")),
        None => (trouble.message.as_str(), String::new()),
    };
    if let Some(last) = last
        && first == FAILED
    {
        let last = last.trim_start_matches("Error response from daemon: ");
        trouble.message = format!("{FAILED}: {last}{rest}");
        return trouble;
    }
    for excerpt in trouble
        .excerpts
        .iter_mut()
        .filter(|one| one.title == COMPOSE)
    {
        let is_building = |line: &&str| line.trim().is_empty() || line.starts_with('#');
        let rest: Vec<&str> = excerpt
            .text
            .lines()
            .filter(|line| !is_building(line))
            .collect();
        excerpt.text = rest.join("\n");
    }
    trouble.excerpts.retain(|excerpt| !excerpt.text.is_empty());
    trouble
}

/// What to do about it, where that is known.
pub(super) fn help(said: &str, host: &str, local: bool) -> Option<String> {
    let has = |needle: &str| said.contains(needle);
    if has("pull access denied") || has("unauthorized") || has("denied: requested access") {
        let login = if local {
            "docker login REGISTRY".to_owned()
        } else {
            format!("ssh -t {host} docker login REGISTRY")
        };
        Some(format!(
            "the image does not exist, or the host may not pull it. Log in on the host: {login}"
        ))
    } else if has("no matching manifest") {
        Some(
            "the image is not made for the host's architecture; name another tag, or `build:` it"
                .to_owned(),
        )
    } else if has("could not find an available") || has("fully subnetted") {
        Some("Docker has no address left for another network: `docker network ls` on the host shows what holds them".to_owned())
    } else if subnets::overlap(said) {
        Some("the subnet that the compose file writes down is taken: another sandbox of this repo may have it; without `ipam` any number runs side by side".to_owned())
    } else if has("no space left on device") {
        Some("the host's disk is full: `docker system df` there shows what Docker holds".to_owned())
    } else if has("port is already allocated") || has("address already in use") {
        Some(
            "something took the port meanwhile: `ss -ltnp` and `docker ps` on the host show what"
                .to_owned(),
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Verdict;

    #[test]
    fn of_what_compose_says_what_went_well_is_left_out() {
        let said = " Network e2e-shop-1_default  Creating\n Container e2e-shop-1-db-1  Started\n \
                    Container e2e-shop-1-db-1  Error\ndependency failed to start: container e2e-shop-1-db-1 exited (1)\n";
        assert_eq!(
            without_progress(said),
            " Container e2e-shop-1-db-1  Error\ndependency failed to start: container e2e-shop-1-db-1 exited (1)"
        );
        let only = " Volume \"e2e-shop-1_data\"  Creating\n";
        assert_eq!(without_progress(only), only);
    }

    #[test]
    fn the_first_line_says_why_nothing_came_up() {
        let said = " db Pulling\nError response from daemon: no such host\n";
        let trouble = |message: &str| {
            with_reason(Trouble::new(Verdict::UpFailed, message).excerpt(COMPOSE, said)).message
        };
        assert_eq!(
            trouble("`docker compose up` failed\ndb is created"),
            "`docker compose up` failed: no such host\ndb is created"
        );
        let known = "`docker compose up` failed: db exited with code 1";
        let text = "\n#9 CACHED\n\nservice db failed\n";
        let known = with_reason(Trouble::new(Verdict::UpFailed, known).excerpt(COMPOSE, text));
        assert_eq!(
            (known.message.as_str(), known.excerpts[0].text.as_str()),
            (
                "`docker compose up` failed: db exited with code 1",
                "service db failed"
            )
        );
    }

    #[test]
    fn a_refused_pull_says_how_to_log_in() {
        let text = help("Error pull access denied for x", "railiance01", false);
        assert!(
            text.is_some_and(|text| text.ends_with("ssh -t railiance01 docker login REGISTRY"))
        );
        assert_eq!(help("exit 1", "local", true), None);
    }
}
