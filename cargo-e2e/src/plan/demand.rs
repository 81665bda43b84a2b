//! What the services of a stack declare to need of their host, read from the compose files as they
//! are written: a run takes its turn before Compose reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_yaml::Value;

use crate::secrets::{dotenv, read_small, read_yaml};
use crate::spec::{Need, Spec, cpus, memory};

/// What each service declares last; `replicas` times it.
#[derive(Default)]
struct Declared {
    cpus: [Option<u32>; 2],
    memory: [Option<u64>; 2],
    replicas: Option<u32>,
    profiles: Vec<String>,
    depends_on: Vec<String>,
}

/// How deep `include` and `extends` are followed, and through how many files in all.
const DEEPEST: usize = 8;
const MOST: usize = 100;

/// Returns what the compose files of a repo in this folder say that the stack needs. `env_files` are
/// those whose variables Compose puts there, the one that counts last.
pub(super) fn of(root: &Path, spec: &Spec, env_files: &[PathBuf]) -> Need {
    let files = spec.compose_file.iter();
    let files: Vec<PathBuf> = files.map(|file| root.join(file)).collect();
    let texts = env_files.iter().filter_map(|file| read_small(file));
    let variables = texts.flat_map(|text| dotenv(&text)).collect();
    declared(&files, variables, &spec.profiles, &spec.wanted_services())
}

/// Returns the sum of what services reserve, or else are limited to; none of what no service says.
/// Services of other profiles do not count, nor, where some are named, all that these do not depend on.
/// Files that can't be read are Compose's to complain about.
fn declared(
    files: &[PathBuf],
    variables: BTreeMap<String, String>,
    profiles: &[String],
    named: &[String],
) -> Need {
    let mut reader = Reader {
        variables,
        services: BTreeMap::new(),
        left: MOST,
    };
    for file in files {
        reader.take(file, 0);
    }
    let services = reader.services;
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&str> = if named.is_empty() {
        let is_named = |name: &String| profiles.iter().any(|on| on == "*" || on == name);
        let is_on = |one: &Declared| one.profiles.is_empty() || one.profiles.iter().any(is_named);
        let on = services.iter().filter(|(_, one)| is_on(one));
        on.map(|(name, _)| name.as_str()).collect()
    } else {
        named.iter().map(String::as_str).collect()
    };
    while let Some(name) = next.pop() {
        if wanted.insert(name)
            && let Some(one) = services.get(name)
        {
            next.extend(one.depends_on.iter().map(String::as_str));
        }
    }
    let mut need = Need::default();
    for (_, one) in services
        .iter()
        .filter(|(name, _)| wanted.contains(name.as_str()))
    {
        let times = one.replicas.unwrap_or(1);
        let [reserved, limit] = one.cpus;
        if let Some(cpus) = reserved.or(limit) {
            let sum = need.cpus.unwrap_or(0);
            need.cpus = Some(sum.saturating_add(cpus.saturating_mul(times)));
        }
        let [reserved, limit] = one.memory;
        if let Some(memory) = reserved.or(limit) {
            let sum = need.memory.unwrap_or(0);
            need.memory = Some(sum.saturating_add(memory.saturating_mul(times.into())));
        }
    }
    need
}

/// What the files say, as they are read.
struct Reader {
    variables: BTreeMap<String, String>,
    services: BTreeMap<String, Declared>,
    /// How many more files are read.
    left: usize,
}

impl Reader {
    /// Returns the documents of a file.
    fn documents(&mut self, file: &Path, depth: usize) -> Vec<Value> {
        if depth > DEEPEST || self.left == 0 {
            return Vec::new();
        }
        self.left -= 1;
        let text = read_yaml(file).unwrap_or_default();
        let documents = serde_yaml::Deserializer::from_str(&text).map_while(|document| {
            let mut model = Value::deserialize(document).ok()?;
            model.apply_merge().ok()?;
            Some(model)
        });
        documents.collect()
    }

    fn take(&mut self, file: &Path, depth: usize) {
        for model in self.documents(file, depth) {
            let folder = file.parent().unwrap_or(file);
            for included in list(&model["include"]) {
                let paths = match included {
                    Value::Mapping(_) => list(&included["path"]),
                    _ => vec![included],
                };
                for path in paths.into_iter().filter_map(Value::as_str) {
                    self.take(&folder.join(path), depth + 1);
                }
            }
            for (name, service) in model["services"].as_mapping().into_iter().flatten() {
                let name = name.as_str().unwrap_or_default();
                let mut declared = self.services.remove(name).unwrap_or_default();
                self.inherit(&mut declared, &model, file, service, depth);
                declared.take(service, &self.variables);
                self.services.insert(name.to_owned(), declared);
            }
        }
    }

    /// Takes what the service says that this one extends.
    fn inherit(
        &mut self,
        declared: &mut Declared,
        model: &Value,
        file: &Path,
        service: &Value,
        depth: usize,
    ) {
        let extends = &service["extends"];
        let Some(name) = extends.as_str().or_else(|| extends["service"].as_str()) else {
            return;
        };
        if depth > DEEPEST {
            return;
        }
        let other = extends["file"].as_str();
        let other = other.map(|other| file.parent().unwrap_or(file).join(other));
        let read: Vec<Value>;
        let (file, models) = if let Some(other) = &other {
            read = self.documents(other, depth + 1);
            (other.as_path(), read.as_slice())
        } else {
            (file, std::slice::from_ref(model))
        };
        for model in models {
            let base = &model["services"][name];
            self.inherit(declared, model, file, base, depth + 1);
            declared.take(base, &self.variables);
        }
    }
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Sequence(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

impl Declared {
    /// A later file sets aside what an earlier one says.
    fn take(&mut self, service: &Value, variables: &BTreeMap<String, String>) {
        let resources = &service["deploy"]["resources"];
        let (reserved, limits) = (&resources["reservations"], &resources["limits"]);
        let first = |values: [&Value; 2]| {
            let mut all = values.into_iter();
            all.find_map(|value| written(value, variables))
        };
        let of_cpus = [
            [&reserved["cpus"], &Value::Null],
            [&limits["cpus"], &service["cpus"]],
        ];
        for (known, values) in self.cpus.iter_mut().zip(of_cpus) {
            *known = first(values).and_then(|text| cpus(&text)).or(*known);
        }
        let of_memory = [
            [&reserved["memory"], &service["mem_reservation"]],
            [&limits["memory"], &service["mem_limit"]],
        ];
        for (known, values) in self.memory.iter_mut().zip(of_memory) {
            *known = first(values).and_then(|text| memory(&text)).or(*known);
        }
        let text = |value: &Value| Some(value.as_str()?.to_owned());
        let texts = |value: &Value| -> Vec<String> {
            let items = value.as_sequence().into_iter().flatten();
            items.filter_map(text).collect()
        };
        self.profiles.extend(texts(&service["profiles"]));
        self.depends_on.extend(texts(&service["depends_on"]));
        let conditions = service["depends_on"].as_mapping().into_iter().flatten();
        let names = conditions.filter_map(|(name, _)| text(name));
        self.depends_on.extend(names);
        let others = [texts(&service["links"]), texts(&service["volumes_from"])].concat();
        let services = others.iter().filter_map(|entry| entry.split(':').next());
        let modes = ["network_mode", "ipc", "pid"].map(|key| service[key].as_str());
        let modes = modes.into_iter().flatten();
        let shared = modes.filter_map(|mode| mode.strip_prefix("service:"));
        self.depends_on
            .extend(services.chain(shared).map(str::to_owned));
        let replicas = first([&service["deploy"]["replicas"], &service["scale"]]);
        let replicas = replicas.and_then(|text| text.parse().ok());
        self.replicas = replicas.or(self.replicas);
    }
}

/// A number or a text; of `$NAME` the variable, of `${NAME:-512m}` what stands there for want of it.
fn written(value: &Value, variables: &BTreeMap<String, String>) -> Option<String> {
    let text = match value {
        Value::Number(number) => return Some(number.to_string()),
        Value::String(text) => text.trim(),
        _ => return None,
    };
    let Some(name) = text.strip_prefix('$') else {
        return Some(text.to_owned()).filter(|text| !text.contains('$'));
    };
    let inner = name
        .strip_prefix('{')
        .map_or(Some(name), |inner| inner.strip_suffix('}'))?;
    let parts = inner.split_once(":-").or_else(|| inner.split_once('-'));
    let (name, default) = parts.map_or((inner, None), |(name, default)| {
        (name, Some(default.to_owned()))
    });
    let known = std::env::var(name).ok();
    let known = known.or_else(|| variables.get(name).cloned());
    known.filter(|value| !value.is_empty()).or(default)
}

#[cfg(test)]
mod tests {
    use indoc::indoc;

    use super::*;

    fn all_of(texts: &[&str]) -> Need {
        of_some(texts, &[], &[])
    }

    fn of_some(texts: &[&str], profiles: &[&str], named: &[&str]) -> Need {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let file = folder.path().join(format!("{at}.yml"));
            std::fs::write(&file, text).unwrap();
            files.push(file);
        }
        let owned = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        let variables = BTreeMap::from([("FROM_DOTENV".to_owned(), "3m".to_owned())]);
        declared(&files, variables, &owned(profiles), &owned(named))
    }

    #[test]
    fn what_services_reserve_or_are_limited_to_is_summed() {
        let first = indoc! {"
            services:
              db:
                mem_limit: 512m
                deploy: {resources: {limits: {cpus: '0.5', memory: 2G}, reservations: {memory: 1G}}}
              web:
                cpus: 1.5
                deploy: {replicas: 2}
              search:
                mem_limit: ${DEMAND_TEST_MEMORY:-256m}
              other: {image: x, mem_limit: $DEMAND_TEST_UNKNOWN}
        "};
        let need = all_of(&[first]);
        assert_eq!((need.cpus, need.memory), (Some(3500), Some(1_310_720)));
        let second = "services: {web: {cpus: 1}, db: {mem_reservation: 256m}}";
        let need = all_of(&[first, second]);
        assert_eq!((need.cpus, need.memory), (Some(2500), Some(524_288)));
        assert_eq!(all_of(&["services: {web: {image: x}}"]), Need::default());
        assert_eq!(all_of(&["services: ["]), Need::default());
        // A device has no end.
        let device = declared(&["/dev/zero".into()], BTreeMap::new(), &[], &[]);
        assert_eq!(device, Need::default());
    }

    #[test]
    fn included_and_extended_files_count_as_compose_reads_them() {
        let stack = indoc! {"
            include: [1.yml, {path: [2.yml]}, 0.yml]
            services:
              web: {extends: {file: 3.yml, service: base}, mem_limit: 16m}
              worker: {extends: {file: 3.yml, service: base}, profiles: []}
              cron: {extends: worker, mem_limit: '${FROM_DOTENV}'}
              loop: {extends: loop}
              far: {extends: {file: missing.yml, service: x}, mem_limit: $FROM_DOTENV}
        "};
        let cache = "services: {cache: {mem_limit: 32m}}";
        let queue = "services: {queue: {mem_limit: '${DEMAND_TEST_UNKNOWN:-64m}'}}";
        let base = "services: {base: {mem_limit: 128m, cpus: 2}, unused: {mem_limit: 4g}}";
        let folder = tempfile::tempdir().unwrap();
        for (at, text) in [stack, cache, queue, base].iter().enumerate() {
            std::fs::write(folder.path().join(format!("{at}.yml")), text).unwrap();
        }
        let variables = BTreeMap::from([("FROM_DOTENV".to_owned(), "3m".to_owned())]);
        let need = declared(&[folder.path().join("0.yml")], variables, &[], &[]);
        let mb = need.memory.map(|kb| kb / 1024);
        assert_eq!(mb, Some(16 + 128 + 3 + 3 + 32 + 64));
        assert_eq!(need.cpus, Some(6000));
    }

    #[test]
    fn only_services_that_come_up_count() {
        let text = indoc! {"
            services:
              web: {mem_limit: 1m, depends_on: [db]}
              db: {mem_limit: 2m}
              queue: {mem_limit: 4m, depends_on: {db: {condition: service_healthy}}}
              load: {mem_limit: 8m, profiles: [load]}
        "};
        let memory = |profiles: &[&str], named: &[&str]| {
            of_some(&[text], profiles, named).memory.map(|kb| kb / 1024)
        };
        assert_eq!(memory(&[], &[]), Some(7));
        assert_eq!(memory(&["load"], &[]), Some(15));
        assert_eq!(memory(&[], &["web"]), Some(3));
        assert_eq!(memory(&["*"], &["load", "queue"]), Some(14));
        assert_eq!(memory(&["*"], &[]), Some(15));
        let text = indoc! {"
            services:
              web: {mem_limit: 1m, links: ['db:database'], network_mode: 'service:vpn'}
              db: {mem_limit: 2m, volumes_from: ['files:ro']}
              vpn: {mem_limit: 4m}
              files: {mem_limit: 8m, pid: host}
              other: {mem_limit: 16m}
        "};
        let need = of_some(&[text], &[], &["web"]);
        assert_eq!(need.memory.map(|kb| kb / 1024), Some(15));
    }
}
