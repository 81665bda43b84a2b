//! Values of options that clap does not know.

use std::path::PathBuf;
use std::time::Duration;

use crate::host::cluster::ClusterName;
use crate::spec::{self, Need};

/// A Cargo.toml that is there.
pub(super) fn manifest(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.file_name().is_none_or(|name| name != "Cargo.toml") {
        return Err("give the path of a Cargo.toml".to_owned());
    }
    if !path.is_file() {
        return Err("there is no such file".to_owned());
    }
    Ok(path)
}

/// The name of a host.
pub(super) fn host(text: &str) -> Result<String, String> {
    if text.split(',').all(|name| name.trim().is_empty()) {
        return Err("give `local`, an ssh alias, user@name or ssh://user@name:port".to_owned());
    }
    match ClusterName::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The `name` of an e2e.yml.
pub(super) fn slug(text: &str) -> Result<String, String> {
    if crate::spec::is_slug(text) {
        Ok(text.to_owned())
    } else {
        Err("give the `name` of its e2e.yml".to_owned())
    }
}

/// `cpus=2,memory=4G`, or one of them.
pub(super) fn need(text: &str) -> Result<Need, String> {
    let mut need = Need::default();
    for part in text.split(',') {
        let known = match part.split_once('=') {
            Some(("cpus", number)) => {
                need.cpus = spec::cpus(number);
                need.cpus.is_some()
            }
            Some(("memory", amount)) => {
                need.memory = spec::memory(amount);
                need.memory.is_some()
            }
            _ => false,
        };
        if !known {
            return Err("give CPUs and memory such as cpus=2,memory=4G".to_owned());
        }
    }
    Ok(need)
}

/// `90m`, `24h`, `3d`, or seconds.
pub(super) fn lifetime(text: &str) -> Result<Duration, String> {
    let help = || "give a time such as 90m, 24h or 3d".to_owned();
    let parsed = match text.strip_suffix('d') {
        Some(days) => days.parse::<f64>().ok().map(|days| days * 86400.0),
        None => match text.parse::<f64>() {
            Ok(seconds) => Some(seconds),
            Err(_) => crate::compose::duration::parse(text).map(|time| time.as_secs_f64()),
        },
    };
    let seconds = parsed.filter(|seconds| *seconds >= 60.0).ok_or_else(help)?;
    if seconds > 30.0 * 86400.0 {
        return Err("a sandbox is kept for 30 days at most".to_owned());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| help())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_cpus_and_memory() {
        let read = |text| need(text).map(|need| (need.cpus, need.memory));
        assert_eq!(read("cpus=2,memory=4G"), Ok((Some(2000), Some(4 << 20))));
        assert_eq!(read("memory=512m"), Ok((None, Some(512 << 10))));
        for bad in [
            "",
            "cpus",
            "cpus=",
            "cpus=two",
            "memory=4 Gold",
            "gpus=1",
            "cpus=1;memory=1G",
        ] {
            assert!(need(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lifetimes_are_read_as_people_write_them() {
        assert_eq!(lifetime("90m"), Ok(Duration::from_mins(90)));
        assert_eq!(lifetime("3d"), Ok(Duration::from_hours(72)));
        assert_eq!(lifetime("3600"), Ok(Duration::from_hours(1)));
        for bad in ["", "soon", "0", "-1h", "NaN", "inf", "40d"] {
            assert!(lifetime(bad).is_err(), "{bad}");
        }
    }
}
