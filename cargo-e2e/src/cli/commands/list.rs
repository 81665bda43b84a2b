//! `cargo e2e list`: the sandboxes on a host.

use crate::record::summary::duration;
use crate::sandbox::{self, Listed};
use crate::text::printable;

use crate::cli::args::HostArgument;
use crate::cli::host::on_host;
use crate::cli::print::{errln, outln};

pub(crate) async fn list(arguments: HostArgument) -> u8 {
    on_host(&arguments, async |host, facts| {
        let all = sandbox::list(host, &facts.root).await?;
        if all.is_empty() {
            errln!("no sandboxes on {}", host.name());
            return Ok(0);
        }
        outln!(
            "{:<26}  {:<20}  {:>10}  {:<12}  FROM",
            "RUN",
            "REPO",
            "CONTAINERS",
            "EXPIRES"
        );
        for one in &all {
            outln!("{}", line(one));
        }
        Ok(0)
    })
    .await
}

fn line(one: &Listed) -> String {
    let about = |key: &str| printable(one.about[key].as_str().unwrap_or("?"));
    let left = one.expires.saturating_sub(one.now);
    let expires = if left == 0 {
        "expired".to_owned()
    } else {
        format!("in {}", short(left))
    };
    let by = one
        .spec()
        .map_or_else(String::new, |spec| format!(" by {}", printable(spec)));
    format!(
        "{}  {:<20}  {:>10}  {expires:<12}  {} {}{by}",
        one.run_id,
        about("repo"),
        one.containers,
        about("by"),
        about("folder")
    )
}

fn short(seconds: u64) -> String {
    match seconds {
        0..120 => duration(std::time::Duration::from_secs(seconds)),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        // Rounded up, so that a sandbox kept for 24 h says 24 h a second later.
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}
