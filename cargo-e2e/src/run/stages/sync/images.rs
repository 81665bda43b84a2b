//! Images that were built on the client: the host gets those that it does not have.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;

use crate::host::HostError;
use crate::host::client::{self, Dropped, Ended};
use crate::record::outcome::{Stage, Verdict};
use crate::run::{Context, StageError};
use crate::text::printable;

/// Docker on this machine answers a question about an image within this.
const SOON: Duration = Duration::from_mins(1);

/// Sends the images that the host does not have with the same id. Returns each with its id there;
/// none where the host is this machine.
pub(super) async fn send(context: &Context<'_>) -> Result<Vec<(String, String)>, StageError> {
    let images = &context.plan.spec.images;
    if images.is_empty() {
        return Ok(Vec::new());
    }
    let there = ids(context).await?;
    let there = images.iter().zip(&there);
    if context.host.is_local() {
        return match there.into_iter().find(|(_, id)| id.is_none()) {
            Some((image, _)) => Err(absent(image)),
            None => Ok(Vec::new()),
        };
    }
    let mut wanted = Vec::new();
    for (image, there) in there {
        let here = id_here(context, image).await?;
        if there.as_ref() == Some(&here) {
            continue;
        }
        if there.is_some() {
            let host = context.host.name();
            context.events.note(format!(
                "{host} has another {image}: this machine's takes its place there"
            ));
        }
        wanted.push(image.as_str());
    }
    if !wanted.is_empty() {
        let line = format!("sending {}", wanted.join(", "));
        context.events.progress(Stage::Sync, &line);
        stream(context, &wanted).await?;
    }
    let there = images.iter().zip(ids(context).await?);
    there
        .map(|(image, id)| {
            let host = context.host.name();
            let message = format!("{host} took {image}, and does not have it");
            let id = id.ok_or_else(|| StageError::new(Verdict::HostError, message))?;
            Ok((image.clone(), id))
        })
        .collect()
}

async fn ids(context: &Context<'_>) -> Result<Vec<Option<String>>, StageError> {
    let images = context.plan.spec.images.iter().map(String::as_str);
    Ok(context.sandbox.image_ids(context.host, images).await?)
}

fn absent(image: &str) -> StageError {
    let message = format!("`images` names {image}, which this machine does not have");
    let help = format!("build it in `build_command`, such as `docker build -t {image} .`");
    StageError::new(Verdict::SpecError, message).help(help)
}

fn unusable(error: &std::io::Error) -> StageError {
    let message = format!("failed to run `docker` on this machine, for `images`: {error}");
    StageError::new(Verdict::SpecError, message)
}

/// The id of an image on this machine.
async fn id_here(context: &Context<'_>, image: &str) -> Result<String, StageError> {
    let format = "--format={{.Id}} {{.Architecture}}";
    let words = ["docker", "image", "inspect", format, image].map(str::to_owned);
    let mut said = Vec::new();
    let mut sink = |bytes: &[u8]| said.extend_from_slice(bytes);
    let root = &context.plan.repo.root;
    let ended = client::run(&words, root, &[], SOON, &mut sink).await;
    let ended = ended.map_err(|error| unusable(&error))?;
    let said = printable(&String::from_utf8_lossy(&said));
    let words = said.trim().split_once(' ');
    match (ended, words) {
        (Ended::Status(0), Some((id, architecture))) => {
            warn_of_another(context, image, architecture);
            Ok(id.to_owned())
        }
        _ if said.contains("No such image") => Err(absent(image)),
        _ => {
            let message = format!(
                "failed to look for {image} on this machine: {}",
                said.trim()
            );
            Err(StageError::new(Verdict::SpecError, message))
        }
    }
}

fn warn_of_another(context: &Context<'_>, image: &str, architecture: &str) {
    let own = match context.facts.arch.as_str() {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        _ => return,
    };
    if own != architecture {
        let host = context.host.name();
        context.events.warn(format!(
            "{image} is built for {architecture}, but {host} is {own}: `docker build --platform linux/{own}`"
        ));
    }
}

/// Streams images from Docker here to Docker there; nothing is stored in between.
async fn stream(context: &Context<'_>, images: &[&str]) -> Result<(), StageError> {
    let limit = context.plan.limits.sync;
    let pipe = || {
        let (reader, writer) = std::io::pipe()?;
        let reader = Receiver::from_owned_fd(reader.into())?;
        Ok((reader, File::from(OwnedFd::from(writer))))
    };
    let (reader, writer) = pipe().map_err(|error| unusable(&error))?;
    let mut command = Command::new("docker");
    command.arg("save").args(images);
    let mut said = Vec::new();
    let mut sink = |bytes: &[u8]| said.extend_from_slice(bytes);
    let save = client::program(command, Some(writer), Dropped::Kills, limit, &mut sink);
    let load = context.sandbox.load_images(context.host, reader, limit);
    let (saved, loaded) = tokio::join!(save, load);
    let names = images.join(", ");
    let host = context.host.name();
    let failed = |why: &str| {
        let message = format!("failed to send {names} to {host}: {}", why.trim());
        StageError::new(Verdict::HostError, message)
    };
    match (saved.map_err(|error| unusable(&error))?, loaded) {
        (Ended::TimedOut, _) | (_, Err(HostError::TimedOut { .. })) => Err(StageError::new(
            Verdict::HostError,
            format!(
                "sending {names} to {host} exceeded `timeouts.sync` ({} s) and was terminated",
                limit.as_secs_f64()
            ),
        )
        .help("raise `timeouts.sync` in e2e.yml")),
        (_, Err(error @ HostError::Script { .. })) => Err(failed(&error.to_string())),
        (_, Err(error)) => Err(error.into()),
        (Ended::Status(0), Ok(())) => Ok(()),
        (Ended::Status(_), Ok(())) => Err(failed(&printable(&String::from_utf8_lossy(&said)))),
    }
}
