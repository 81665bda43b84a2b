//! Images on a host: which are there, and how others get there. For the sync stage.

use std::time::Duration;

use tokio::io::AsyncRead;

use crate::host::{self, Host, HostError};

use super::{Sandbox, check, succeed, terminated};

impl Sandbox {
    /// Returns the id of each image, in their order; none of one that the host does not have.
    pub async fn image_ids(
        &self,
        host: &dyn Host,
        images: impl Iterator<Item = &str>,
    ) -> Result<Vec<Option<String>>, HostError> {
        let script = self.bind(script!("image ids", "ids"));
        let said = succeed(host, &script, &terminated(images)).await?.text();
        let id = |line: &str| (!line.is_empty()).then(|| line.to_owned());
        Ok(said.lines().map(id).collect())
    }

    /// Loads images as `docker save` writes them. It ends with the connection, and with the sandbox.
    pub async fn load_images(
        &self,
        host: &dyn Host,
        from: impl AsyncRead + Unpin + Send,
        deadline: Duration,
    ) -> Result<(), HostError> {
        let script = self.bind(script!("docker load", "load")).long();
        let output = host::feed(host, &script, from, deadline).await?;
        check(host, &script, output).map(drop)
    }
}
