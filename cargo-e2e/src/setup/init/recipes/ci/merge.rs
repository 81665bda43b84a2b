//! What a CI job takes from elsewhere in its file: the keys of the jobs that it extends, and the first
//! values of its matrix.

use serde_yaml::{Mapping, Value};

/// No chain of jobs that extend each other is longer.
const LONGEST: usize = 5;

/// Adds to each job of a GitLab file what it takes from the jobs named in `extends`, and the scripts
/// and variables that all jobs have.
pub(super) fn bases(whole: &mut Value) {
    let all = whole.clone();
    let Some(jobs) = whole.as_mapping_mut() else {
        return;
    };
    for (_, job) in jobs.iter_mut().filter(|(_, job)| job.is_mapping()) {
        for _ in 0..LONGEST {
            let keys = job.as_mapping_mut();
            let Some(extends) = keys.and_then(|job| job.shift_remove("extends")) else {
                break;
            };
            let names = match &extends {
                Value::Sequence(names) => names.as_slice(),
                name => std::slice::from_ref(name),
            };
            for name in names.iter().rev() {
                if let Some(base) = name.as_str().map(|name| &all[name]) {
                    take(job, base);
                }
            }
        }
        if !job["script"].is_null() {
            for key in ["before_script", "variables"] {
                let shared = [&all[key], &all["default"][key]].into_iter();
                let shared = shared.filter(|value| !value.is_null()).take(1);
                let shared: Mapping = shared.map(|value| (key.into(), value.clone())).collect();
                take(job, &Value::Mapping(shared));
            }
        }
        in_order(job);
    }
}

/// Takes what a job does not say itself; variables one by one.
fn take(job: &mut Value, base: &Value) {
    for (key, value) in base.as_mapping().into_iter().flatten() {
        let Some(keys) = job.as_mapping_mut() else {
            return;
        };
        match keys.get_mut(key) {
            None => {
                keys.insert(key.clone(), value.clone());
            }
            Some(own) if key == "variables" => take(own, value),
            Some(_) => {}
        }
    }
}

/// A job's scripts in the order in which they are run.
fn in_order(job: &mut Value) {
    let Some(keys) = job.as_mapping_mut() else {
        return;
    };
    for key in ["before_script", "script", "after_script"] {
        if let Some(value) = keys.shift_remove(key) {
            keys.insert(key.into(), value);
        }
    }
}

/// Fills in the first list of options that the job's matrix has in place of an expression, and returns
/// the first value of each of its axes as `matrix.AXIS`.
pub(super) fn matrix(job: &mut Value) -> Vec<(String, String)> {
    let matrix = job["strategy"]["matrix"].clone();
    let mut values: Vec<(String, String)> = Vec::new();
    let mut add = |axis: &Value, value: &Value| {
        let known = axis.as_str().zip(plain(value));
        if let Some((axis, value)) = known.map(|(axis, value)| (format!("matrix.{axis}"), value))
            && !values.iter().any(|(known, _)| *known == axis)
        {
            values.push((axis, value));
        }
    };
    for (axis, listed) in matrix.as_mapping().into_iter().flatten() {
        if let Some(first) = listed.as_sequence().and_then(|listed| listed.first()) {
            add(axis, first);
        }
    }
    let included = matrix["include"].as_sequence().into_iter().flatten();
    for (axis, value) in included.filter_map(Value::as_mapping).flatten() {
        add(axis, value);
    }
    fill(job, &values);
    values
}

/// What is chosen by the matrix: options of a command, and values of variables. Names that are part of
/// a word stay as they are.
fn fill(node: &mut Value, values: &[(String, String)]) {
    match node {
        Value::Sequence(entries) => entries.iter_mut().for_each(|entry| fill(entry, values)),
        Value::Mapping(keys) => {
            for (key, value) in keys.iter_mut() {
                let is_set = matches!(key.as_str(), Some("env" | "environment" | "variables"));
                let variables = value.as_mapping_mut().filter(|_| is_set);
                for (_, set) in variables.into_iter().flatten() {
                    replace(set, values, |_| true);
                }
                fill(value, values);
            }
        }
        text => replace(text, values, |value| value.starts_with('-')),
    }
}

fn replace(node: &mut Value, values: &[(String, String)], takes: impl Fn(&str) -> bool) {
    let Value::String(text) = node else {
        return;
    };
    for (axis, value) in values.iter().filter(|(_, value)| takes(value)) {
        for expression in [format!("${{{{ {axis} }}}}"), format!("${{{{{axis}}}}}")] {
            *text = text.replace(&expression, value);
        }
    }
}

/// A value that is known without CI.
pub(super) fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(whether) => whether.to_string(),
        _ => return None,
    };
    (!text.contains("${{")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_what_it_extends() {
        let mut whole: Value = serde_yaml::from_str(
            "variables: {A: 1}\n.base: {script: [x $C], variables: {B: 2, C: 3}}\nit: {extends: .base, variables: {C: 4}, before_script: [y]}\n",
        )
        .unwrap();
        bases(&mut whole);
        let read = serde_yaml::to_string(&whole["it"]).unwrap();
        assert_eq!(
            read,
            "variables:\n  C: 4\n  B: 2\n  A: 1\nbefore_script:\n- y\nscript:\n- x $C\n"
        );
    }

    #[test]
    fn options_and_variables_of_a_matrix_are_filled_in() {
        let mut job: Value = serde_yaml::from_str(
            "strategy: {matrix: {rust: [stable], f: ['--all', '--lib'], include: [{db: pg}]}}\n\
             env: {DB: '${{ matrix.db }}'}\nsteps: [{run: 'cargo +${{ matrix.rust }} test ${{ matrix.f }}'}]\n",
        )
        .unwrap();
        let values = matrix(&mut job);
        let axes: Vec<&str> = values.iter().map(|(axis, _)| axis.as_str()).collect();
        assert_eq!(axes, ["matrix.rust", "matrix.f", "matrix.db"]);
        assert_eq!(job["env"]["DB"], "pg");
        assert_eq!(
            job["steps"][0]["run"],
            "cargo +${{ matrix.rust }} test --all"
        );
    }
}
