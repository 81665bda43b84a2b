//! Shortens the output of `docker compose up`, and says what to do about a failure.

use serde_json::Value;

use crate::compose::subnets;
use crate::host::HostKind;
use crate::run::StageError;
use crate::run::stages::ports;
use crate::sandbox::pull::is_transient;
use crate::text::LazyRegex;

pub(super) const FAILED: &str = "`docker compose up` failed";
pub(super) const COMPOSE: &str = "docker compose up";
/// Images that are named.
const NAMED: usize = 3;

/// Returns Compose's output without successful steps; all of it where nothing else is there.
pub(super) fn without_progress(said: &str) -> String {
    static STEP: LazyRegex = LazyRegex::new(
        r"^e2e-pull |^\s*(?:Network|Volume|Container) \S+ +(?:Creating|Created|Recreate|Recreated|Starting|Started|Waiting|Healthy|Running|Exited)\s*$",
    );
    let is_step = |line: &&str| STEP.is_match(line);
    let told: Vec<&str> = said.lines().filter(|line| !is_step(line)).collect();
    if told.iter().all(|line| line.trim().is_empty()) {
        said.to_owned()
    } else {
        told.join("\n")
    }
}

/// Returns the images that could not be pulled, with their services where Compose says so.
pub(super) fn not_pulled(said: &str, model: &Value) -> Option<String> {
    let services = model["services"].as_object()?;
    // Old versions name the service, new ones the image.
    let failed = |name: &str, image: &str| {
        said.lines().any(|line| {
            let mut words = line.split_whitespace().skip_while(|word| *word == "Image");
            let of_it = words
                .next()
                .is_some_and(|word| word == name || word == image);
            of_it && words.next() == Some("Error")
        })
    };
    let images = services.iter().filter_map(|(name, service)| {
        let image = service["image"].as_str()?;
        failed(name, image).then(|| format!("{image} ({name})"))
    });
    let mut images: Vec<String> = images.collect();
    let more = images.len().saturating_sub(NAMED);
    images.truncate(NAMED);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    (!images.is_empty()).then(|| format!("failed to pull {}{more}", images.join(", ")))
}

/// Returns Compose's last line, which has the cause.
fn last(said: &str) -> Option<&str> {
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    Some(last.trim_start_matches("Error response from daemon: "))
}

/// Returns the cause in a line, as far as it is known.
pub(super) fn failed(said: &str, model: &Value) -> String {
    match (not_pulled(said, model), last(said)) {
        (Some(images), Some(last)) => format!("{FAILED}: {images}: {last}"),
        (Some(images), None) => format!("{FAILED}: {images}"),
        // The containers' own words are worth more.
        (None, _) => FAILED.to_owned(),
    }
}

/// Why a build failed, where its registry was the reason and may answer in a moment.
pub(super) fn flaked(error: &StageError) -> Option<&str> {
    const ASKING: [&str; 6] = [
        "failed to resolve source metadata",
        "failed to do request",
        "failed to fetch",
        "failed to copy",
        "httpReadSeeker",
        "pulling from host",
    ];
    let said = error.excerpts.iter().find(|one| one.title == COMPOSE)?;
    let last = last(&said.text)?;
    let asks = ASKING.iter().any(|words| last.contains(words));
    (asks && is_transient(last)).then_some(last)
}

/// Puts the cause into the first line. Where a container failed, the output of image builds is left
/// out.
pub fn with_reason(mut error: StageError) -> StageError {
    let said = error.excerpts.iter().find(|one| one.title == COMPOSE);
    let last = said.and_then(|said| last(&said.text));
    let (first, rest) = match error.message.split_once('\n') {
        Some((first, rest)) => (first, format!("\n{rest}")),
        None => (error.message.as_str(), String::new()),
    };
    if let Some(last) = last
        && first == FAILED
    {
        error.message = format!("{FAILED}: {last}{rest}");
        return error;
    }
    for excerpt in error.excerpts.iter_mut().filter(|one| one.title == COMPOSE) {
        let is_building = |line: &&str| line.trim().is_empty() || line.starts_with('#');
        let rest: Vec<&str> = excerpt
            .text
            .lines()
            .filter(|line| !is_building(line))
            .collect();
        excerpt.text = rest.join("\n");
    }
    error.excerpts.retain(|excerpt| !excerpt.text.is_empty());
    error
}

/// Returns help, where there is any.
pub(super) fn help(said: &str, host: HostKind<'_>) -> Option<String> {
    let has = |needle: &str| said.contains(needle);
    if has("pull access denied") || has("unauthorized") || has("denied: requested access") {
        let login = host.paste_command("docker login REGISTRY", true);
        let here = if host.is_local() {
            ""
        } else {
            "\nor use the login of this machine: `registry_auth: client` in e2e.yml"
        };
        Some(format!(
            "the image does not exist, or the host may not pull it. Log in on the host: {login}{here}"
        ))
    } else if has("no matching manifest") {
        Some(
            "the image does not exist for the host's architecture; name another tag, or `build:` it"
                .to_owned(),
        )
    } else if subnets::are_exhausted(said) {
        Some("Docker has no address left for another network: `docker network ls` on the host shows what holds them".to_owned())
    } else if subnets::overlap(said) {
        Some("the fixed subnet in the compose file is taken: another sandbox of this repo may have it; without `ipam`, sandboxes run side by side".to_owned())
    } else if has("no space left on device") {
        Some("the host's disk is full: `docker system df` there shows what Docker holds".to_owned())
    } else if ports::is_taken(said) {
        Some(
            "another process took the port: `ss -ltnp` and `docker ps` on the host show what"
                .to_owned(),
        )
    } else if NO_GIT.iter().any(|words| has(words)) {
        Some("a build asks git, whose own folder does not travel by itself: `sync: {include: [.git]}` in e2e.yml sends it".to_owned())
    } else {
        None
    }
}

/// How builds say that there is no git repository around them: git, `setuptools_scm`, hatch-vcs.
const NO_GIT: [&str; 3] = [
    "not a git repository",
    "unable to detect version for",
    "Unable to detect version control system",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::outcome::Verdict;

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
        let error = |message: &str| {
            with_reason(StageError::new(Verdict::UpFailed, message).excerpt(COMPOSE, said)).message
        };
        assert_eq!(
            error("`docker compose up` failed\ndb is created"),
            "`docker compose up` failed: no such host\ndb is created"
        );
        let known = "`docker compose up` failed: db exited with code 1";
        let text = "\n#9 CACHED\n\nservice db failed\n";
        let known = with_reason(StageError::new(Verdict::UpFailed, known).excerpt(COMPOSE, text));
        assert_eq!(
            (known.message.as_str(), known.excerpts[0].text.as_str()),
            (
                "`docker compose up` failed: db exited with code 1",
                "service db failed"
            )
        );
    }

    #[test]
    fn a_build_is_tried_again_where_its_registry_failed_for_a_moment() {
        let flakes = |said: &str| {
            let error = StageError::new(Verdict::UpFailed, FAILED).excerpt(COMPOSE, said);
            flaked(&error).is_some()
        };
        for registry in [
            "failed to solve: r/base:1: failed to resolve source metadata for r/base:1: unexpected status from HEAD request to https://r/v2/: 429 Too Many Requests",
            "failed to solve: pulling from host r failed with status code [manifests 1]: 503 Service Unavailable",
            "failed to solve: failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://r/v2/\": EOF",
        ] {
            assert!(flakes(&format!("#3 x\n{registry}\n")), "{registry}");
        }
        for other in [
            "failed to solve: process \"npm ci\" did not complete: 503 Service Unavailable",
            "failed to solve: failed to do request: Head \"https://r/v2/\": x509: certificate has expired",
        ] {
            assert!(!flakes(other), "{other}");
        }
    }

    #[test]
    fn an_image_that_can_not_be_pulled_is_named() {
        let model = serde_json::json!({"services": {
            "db": {"image": "postgres:99"}, "web": {"image": "shop/web"}, "ok": {"image": "busybox"},
        }});
        let said = " db Pulling\n ok Pulling\n db Error no such host\n ok Interrupted\n\
                    Error response from daemon: no such host\n";
        assert_eq!(
            failed(said, &model),
            "`docker compose up` failed: failed to pull postgres:99 (db): no such host"
        );
        let said = " Image shop/web Pulling\n Image shop/web Error denied\ndenied\n";
        assert_eq!(
            failed(said, &model),
            "`docker compose up` failed: failed to pull shop/web (web): denied"
        );
        assert_eq!(failed(" Container db  Error\nx\n", &model), FAILED);
    }

    #[test]
    fn a_build_that_looks_for_git_says_how_it_travels() {
        let said = "#8 1.9 LookupError: setuptools-scm was unable to detect version for /app.\n";
        let help = help(said, HostKind::Local).unwrap_or_default();
        assert!(help.contains("`sync: {include: [.git]}`"), "{help}");
    }

    #[test]
    fn a_refused_pull_says_how_to_log_in() {
        let host = HostKind::Ssh("railiance01");
        let text = help("Error pull access denied for x", host);
        // With the configuration of the user who runs this.
        let login = host.paste_command("docker login REGISTRY", true);
        assert!(login.ends_with(" -t railiance01 docker login REGISTRY"));
        assert!(text.is_some_and(|text| text.contains(&format!(": {login}\nor use the login"))));
        assert_eq!(help("exit 1", HostKind::Local), None);
    }
}
