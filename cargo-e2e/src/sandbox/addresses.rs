//! What of the host's networks and volumes a sandbox may use.

use crate::compose::external::External;
use crate::host::{Host, HostError};

use super::{Sandbox, succeed};

impl Sandbox {
    /// Returns free private networks of the host, for as long as the sandbox lives; fewer than
    /// asked for when there are no more.
    pub async fn subnets(&self, host: &dyn Host, count: usize) -> Result<Vec<String>, HostError> {
        let script = self
            .bind(script!("finding free networks", "subnets"))
            .var("count", count.to_string());
        let output = succeed(host, &script, b"").await?;
        Ok(output.text().lines().map(str::to_owned).collect())
    }

    /// Returns those that the sandbox has already.
    pub async fn kept_subnets(&self, host: &dyn Host) -> Result<Vec<String>, HostError> {
        let script = script!("reading its networks"; "cat \"$dir/subnets\" 2>/dev/null || :\n");
        let script = self.bind(script);
        let output = succeed(host, &script, b"").await?;
        Ok(output.text().lines().map(str::to_owned).collect())
    }

    /// Of these networks and volumes, those that are not on the host.
    pub async fn absent(
        &self,
        host: &dyn Host,
        externals: Vec<External>,
    ) -> Result<Vec<External>, HostError> {
        if externals.is_empty() {
            return Ok(externals);
        }
        let lines: Vec<String> = externals.iter().map(|one| format!("{one}\n")).collect();
        let script = script!("finding external networks and volumes", "external");
        let script = self.bind(script);
        let output = succeed(host, &script, lines.concat().as_bytes()).await?;
        let text = output.text();
        let is_absent = |one: &External| text.lines().any(|line| line == one.to_string());
        Ok(externals.into_iter().filter(is_absent).collect())
    }
}
