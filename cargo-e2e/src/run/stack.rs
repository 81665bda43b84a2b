//! The stack of a run: `up` makes it, later stages read it.

use std::time::Duration;

use serde_json::Value;

use crate::compose::Published;

#[derive(Debug, Clone)]
pub struct Stack {
    /// Its published ports, all with numbers.
    pub published: Vec<Published>,
    /// The longest time that a container's own health check may take.
    pub health_allowance: Duration,
    /// The sandbox's own port numbers, in the order of the model.
    pub numbers: Vec<u16>,
    /// Compose's variables, for later commands.
    pub interpolation: Vec<(String, String)>,
    /// The compose model that runs.
    pub model: Value,
}
