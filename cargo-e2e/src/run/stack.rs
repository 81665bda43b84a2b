//! The stack of a run: `up` makes it, and all that comes later reads it.

use std::time::Duration;

use serde_json::Value;

use crate::compose::Published;

/// A stack that was brought up.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its published ports, every one with its number.
    pub published: Vec<Published>,
    /// The longest that a container's own health check may take.
    pub health_allowance: Duration,
    /// The numbers of its own, in the model's order.
    pub numbers: Vec<u16>,
    /// What Compose interpolates, for commands that come later.
    pub interpolation: Vec<(String, String)>,
    /// What was brought up.
    pub model: Value,
}
