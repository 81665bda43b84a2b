//! Paths that Compose leaves relative.

use serde_json::Value;

use super::model::entries_mut;

/// Folders behind local volumes, against the project's folder: the engine would take them against
/// its own.
pub fn make_devices_absolute(model: &mut Value, project_dir: &str) {
    for (_, volume) in entries_mut(model, "volumes") {
        let Some(options) = volume.get_mut("driver_opts").and_then(Value::as_object_mut) else {
            continue;
        };
        let is_bind = options.get("o").and_then(Value::as_str).is_some_and(|o| {
            o.split(',')
                .any(|option| matches!(option.trim(), "bind" | "rbind"))
        });
        let Some(Value::String(device)) = options.get_mut("device") else {
            continue;
        };
        let is_relative = device.starts_with("./")
            || device.starts_with("../")
            || device == "."
            || device == ".."
            || (is_bind && !device.is_empty() && !device.starts_with(['/', '~', '$']));
        if is_relative {
            *device = joined(project_dir, device);
        }
    }
}

/// Returns a path below a folder, without `.` and `..`.
pub fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
