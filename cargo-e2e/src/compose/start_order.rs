//! What each service's container waits for before it starts. Compose asks every half second whether
//! that is so; `start.sh` is told by Docker. Where Compose does more at a start than to start
//! containers, there is no order, and Compose does all of it.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::model::entries;

/// One service, and what must be so before its container starts.
#[derive(Debug, PartialEq, Eq)]
pub struct Start<'m> {
    pub service: &'m str,
    pub needs: Vec<Need<'m>>,
}

impl Start<'_> {
    /// Returns whether it waits for more than that another has begun.
    pub fn waits(&self) -> bool {
        let mut needs = self.needs.iter();
        needs.any(|need| need.condition != Condition::Started)
    }
}

/// One entry of `depends_on`.
#[derive(Debug, PartialEq, Eq)]
pub struct Need<'m> {
    pub service: &'m str,
    pub condition: Condition,
    /// Whether the stack does not come up without it.
    pub required: bool,
}

/// What `depends_on` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Started,
    Healthy,
    Completed,
}

/// As `start.sh` reads it: `SERVICE NEED…`, where a need is `CONDITION:REQUIRED:SERVICE`.
impl fmt::Display for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.service)?;
        for need in &self.needs {
            let condition = match need.condition {
                Condition::Started => "started",
                Condition::Healthy => "healthy",
                Condition::Completed => "completed",
            };
            let required = if need.required { "yes" } else { "no" };
            write!(f, " {condition}:{required}:{}", need.service)?;
        }
        Ok(())
    }
}

/// What a service has that Compose brings itself, when it starts one.
const COMPOSES_OWN: [&str; 6] = [
    "pre_start",
    "post_start",
    "provider",
    "models",
    "develop",
    "use_api_socket",
];

/// Returns the services of a rewritten model without one of them, each after all that it waits for;
/// `None` where Compose must start them.
pub fn order<'m>(model: &'m Value, without: Option<&str>) -> Option<Vec<Start<'m>>> {
    let services = model["services"].as_object()?;
    if is_injected(model) {
        return None;
    }
    let mut starts = Vec::new();
    for (name, service) in services {
        if Some(name.as_str()) != without {
            starts.push(start(services, name, service)?);
        }
    }
    sorted(starts)
}

fn start<'m>(
    services: &'m Map<String, Value>,
    name: &'m str,
    service: &'m Value,
) -> Option<Start<'m>> {
    let has = |key: &&str| service.get(key).is_some_and(|value| !value.is_null());
    // Of several containers each may be at another point.
    if COMPOSES_OWN.iter().any(has) || several(service) {
        return None;
    }
    let mut needs = Vec::new();
    for (on, how) in entries(&service["depends_on"]) {
        let required = how["required"] != false;
        if !services.contains_key(on) {
            if required {
                return None;
            }
            continue;
        }
        let condition = match how["condition"].as_str() {
            None | Some("service_started") => Condition::Started,
            // Where its image alone has a health check, Compose finds out.
            Some("service_healthy") if has_health_check(&services[on]) => Condition::Healthy,
            Some("service_completed_successfully") => Condition::Completed,
            Some(_) => return None,
        };
        needs.push(Need {
            service: on,
            condition,
            required,
        });
    }
    Some(Start {
        service: name,
        needs,
    })
}

fn has_health_check(service: &Value) -> bool {
    let check = &service["healthcheck"];
    let is_off = check["disable"] == true || check["test"][0] == "NONE";
    check["test"].is_array() && !is_off
}

fn several(service: &Value) -> bool {
    let numbers = [service.get("scale"), service["deploy"].get("replicas")];
    let mut numbers = numbers.into_iter().flatten();
    numbers.any(|number| number.as_u64() != Some(1))
}

/// Returns whether a secret or a config is written into containers when they start.
fn is_injected(model: &Value) -> bool {
    ["secrets", "configs"].iter().any(|kind| {
        entries(&model[kind])
            .any(|(_, one)| one.get("content").is_some() || one.get("environment").is_some())
    })
}

/// Sorts services after what they wait for; none where they wait in a circle, or for the service that
/// is left out.
fn sorted(mut left: Vec<Start<'_>>) -> Option<Vec<Start<'_>>> {
    let mut known = BTreeSet::new();
    let mut sorted = Vec::new();
    while !left.is_empty() {
        let is_next = |start: &Start| start.needs.iter().all(|need| known.contains(need.service));
        let (next, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(is_next);
        if next.is_empty() {
            return None;
        }
        known.extend(next.iter().map(|start| start.service));
        sorted.extend(next);
        left = rest;
    }
    Some(sorted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(services: &Value) -> Option<Vec<String>> {
        let model = json!({ "services": services });
        let starts = order(&model, Some("tests"))?;
        Some(starts.iter().map(Start::to_string).collect())
    }

    #[test]
    fn each_comes_after_what_it_waits_for() {
        let services = json!({
            "a-web": { "depends_on": {
                "migrate": { "condition": "service_completed_successfully", "required": true },
                "cache": { "condition": "service_started", "required": false },
                "gone": { "condition": "service_started", "required": false },
            } },
            "cache": {},
            "migrate": { "depends_on": { "db": { "condition": "service_healthy" } } },
            "db": { "healthcheck": { "test": ["CMD", "true"] } },
            "tests": { "depends_on": { "a-web": { "condition": "service_healthy" } } },
        });
        let expected = [
            "cache",
            "db",
            "migrate healthy:yes:db",
            "a-web completed:yes:migrate started:no:cache",
        ];
        assert_eq!(lines(&services).unwrap(), expected);
    }

    #[test]
    fn a_service_waits_for_more_than_another_to_begin() {
        let waits = |condition: &str| {
            let web = json!({ "depends_on": { "db": { "condition": condition } } });
            let model = json!({ "services": { "web": web, "db": {} } });
            let starts = order(&model, None).unwrap();
            starts.iter().any(Start::waits)
        };
        assert!(!waits("service_started"));
        assert!(waits("service_completed_successfully"));
    }

    #[test]
    fn compose_starts_what_it_alone_can() {
        let waits = json!({ "depends_on": { "db": { "condition": "service_healthy" } } });
        let healthy = json!({ "healthcheck": { "test": ["CMD", "true"] } });
        let with = |key: &str, value: Value| {
            let mut web = waits.clone();
            web[key] = value;
            lines(&json!({ "web": web, "db": healthy }))
        };
        assert!(with("restart", json!("always")).is_some());
        assert!(with("scale", json!(1)).is_some());
        for (key, value) in [
            ("pre_start", json!([{ "command": "x" }])),
            ("post_start", json!([{ "command": "x" }])),
            ("use_api_socket", json!(true)),
            ("provider", json!({ "type": "x" })),
            ("scale", json!(2)),
            ("scale", json!(0)),
            ("deploy", json!({ "replicas": 3 })),
            (
                "depends_on",
                json!({ "db": { "condition": "service_soon" } }),
            ),
            (
                "depends_on",
                json!({ "web": { "condition": "service_healthy" } }),
            ),
            (
                "depends_on",
                json!({ "tests": { "condition": "service_healthy" } }),
            ),
        ] {
            assert_eq!(with(key, value.clone()), None, "{key}: {value}");
        }
        assert_eq!(lines(&json!({ "web": waits, "db": {} })), None);
        let mut model = json!({ "services": { "web": waits, "db": healthy } });
        assert!(order(&model, None).is_some());
        model["secrets"] = json!({ "token": { "environment": "TOKEN" } });
        assert!(order(&model, None).is_none());
    }
}
