//! What `up` is at, by service: read from the lines of Compose and `BuildKit`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::checks::GAP;
use crate::report::output::Row;
use crate::text::{LazyRegex, count};
use crate::units::duration;

/// `#7 [api builder 2/4] RUN cargo build`; with one service only, its name may be left out.
static STEP: LazyRegex = LazyRegex::new(r"^#(\d+) \[(?:(\S+) )?(?:\S+ )*(\d+/\d+)\] ");
/// `#7 12.34 Compiling serde`.
static SAID: LazyRegex = LazyRegex::new(r"^#(\d+) \d+\.\d+ (.+)");

/// The services that Compose has named.
pub(super) struct Services {
    /// How the names of the sandbox's containers begin, up to the run's part.
    prefix: String,
    all: Vec<Service>,
    /// The service of each step of a build.
    steps: HashMap<String, String>,
    /// How far pulls are.
    pulled: String,
}

struct Service {
    name: String,
    state: &'static str,
    mark: char,
    /// Since when it starts, and how long that took.
    starts: Option<Instant>,
    took: Option<Duration>,
    /// How far its build is, and what that said last.
    build: Option<(String, String)>,
}

impl Services {
    pub(super) fn of(repo: &str) -> Self {
        Self {
            prefix: format!("e2e-{repo}-"),
            all: Vec::new(),
            steps: HashMap::new(),
            pulled: String::new(),
        }
    }

    /// Takes a line; one that says nothing of a service is left out.
    pub(super) fn take(&mut self, line: &str, now: Instant) {
        let line = line.trim();
        if let Some(found) = STEP.captures(line) {
            let name = found.get(2).map_or("image", |name| name.as_str());
            self.steps.insert(found[1].to_owned(), name.to_owned());
            self.service(name).build = Some((found[3].to_owned(), String::new()));
        } else if let Some(found) = SAID.captures(line) {
            if let Some(name) = self.steps.get(&found[1]).cloned()
                && let Some((_, said)) = &mut self.service(&name).build
            {
                found[2].trim().clone_into(said);
            }
        } else if line.contains(" images pulled") {
            line.clone_into(&mut self.pulled);
        } else if let Some((name, (state, mark))) = self.state(line) {
            // Compose makes containers when all is built and pulled.
            self.all.retain(|one| one.build.is_none());
            self.pulled.clear();
            let service = self.service(&name);
            (service.state, service.mark) = (state, mark);
            let since = *service.starts.get_or_insert(now);
            match state {
                "starting" => service.starts = Some(now),
                "healthy" | "done" => service.took = Some(now - since),
                _ => {}
            }
        }
    }

    /// Reads ` Container e2e-shop-1a2b3c4d-db-1  Started`.
    fn state(&self, line: &str) -> Option<(String, (&'static str, char))> {
        let mut words = line.strip_prefix("Container ")?.split_whitespace();
        let container = words.next()?.strip_prefix(&self.prefix)?;
        let (_, name) = container.split_once('-')?;
        let (name, number) = name.rsplit_once('-')?;
        number.parse::<u16>().ok()?;
        let state = match words.next()? {
            "Creating" | "Created" | "Recreate" | "Recreated" => ("created", '…'),
            "Starting" => ("starting", '…'),
            "Waiting" => ("waiting for it", '…'),
            "Started" | "Running" => ("started", '✓'),
            "Healthy" => ("healthy", '✓'),
            "Exited" => ("done", '✓'),
            "Error" => ("failed", '✗'),
            _ => return None,
        };
        Some((name.to_owned(), state))
    }

    fn service(&mut self, name: &str) -> &mut Service {
        let at = self.all.iter().position(|one| one.name == name);
        let at = at.unwrap_or_else(|| {
            self.all.push(Service {
                name: name.to_owned(),
                state: "",
                mark: '…',
                starts: None,
                took: None,
                build: None,
            });
            self.all.len() - 1
        });
        &mut self.all[at]
    }

    /// Returns how many are up, and the lines below: the services, and those that are built.
    pub(super) fn shown(&self) -> (String, Vec<Row>) {
        let (building, mut others): (Vec<_>, Vec<_>) =
            self.all.iter().partition(|one| one.build.is_some());
        // Compose names them in another order each time.
        others.sort_by_key(|one| &one.name);
        let up = others.iter().filter(|one| one.mark == '✓').count();
        let words = match others.len() {
            _ if !self.pulled.is_empty() => self.pulled.clone(),
            0 => String::new(),
            all => format!("{up} of {}", count(all, "service")),
        };
        let state = |one: &&Service| {
            let took = one
                .took
                .map_or_else(String::new, |took| format!(" {}", duration(took)));
            format!("{} {}  {}{took}", one.mark, one.name, one.state)
        };
        let states: Vec<String> = others.iter().map(state).collect();
        let mut rows: Vec<Row> = Vec::new();
        if !states.is_empty() {
            rows.push(Row::of(states.join(GAP)));
        }
        rows.extend(building.iter().filter_map(|one| {
            let (step, said) = one.build.as_ref()?;
            Some(Row::of(format!("… {}  build {step}  {said}", one.name)))
        }));
        (words, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_shown_and_no_lines_of_buildkit() {
        let mut services = Services::of("my-shop");
        let shown = |services: &Services| {
            let (words, rows) = services.shown();
            let rows = rows.into_iter().map(|row| row.text);
            [words].into_iter().chain(rows).collect::<Vec<_>>()
        };
        let began = Instant::now();
        services.take("1/2 images pulled; postgres:16 3/8 layers", began);
        assert_eq!(
            shown(&services),
            ["1/2 images pulled; postgres:16 3/8 layers"]
        );
        for line in [
            "#1 [api internal] load build definition from Dockerfile",
            "#7 [api builder 4/4] RUN cargo build",
            "#7 12.61 Compiling crate 20 of 30",
            "#8 CACHED",
        ] {
            services.take(line, began);
        }
        assert_eq!(
            shown(&services)[1..],
            ["… api  build 4/4  Compiling crate 20 of 30"]
        );
        for (at, line) in [
            (0, " Network e2e-my-shop-1a2b3c4d_default  Created"),
            (100, " Container e2e-my-shop-1a2b3c4d-db-1  Starting"),
            (2200, " Container e2e-my-shop-1a2b3c4d-db-1  Healthy"),
            (2200, " Container e2e-my-shop-1a2b3c4d-big-cache-1  Started"),
            (2200, " Container e2e-my-shop-1a2b3c4d-web-1  Created"),
        ] {
            services.take(line, began + Duration::from_millis(at));
        }
        assert_eq!(
            shown(&services),
            [
                "2 of 3 services",
                "✓ big-cache  started   ✓ db  healthy 2.10 s   … web  created",
            ]
        );
    }
}
