"""Prints, as a shell script, what a CI system's runner would do with a job: ci_job.py KIND FILE ROOT.

The file is a page's recipe for one job. Of GitHub Actions it knows what the recipe and this repo's
action.yml say: steps with `run`, the inputs of the action, and the conditions that it has. What it
does not know is an error, not left out. Secrets are variables of the same name.
"""

import re
import shlex
import sys

import yaml


def lines(value):
    return value if isinstance(value, list) else [value]


def shell(script):
    """A shell of its own, in which the first failure is the end: `set -e` does nothing before `||`."""
    return f"sh -ec {shlex.quote(script)}"


def gitlab(job):
    # One shell for the first two, as GitLab's; one of its own for the last.
    script = "\n".join(lines(job.get("before_script", [])) + lines(job["script"]))
    after = "\n".join(lines(job.get("after_script", [])))
    return f"status=0\n{shell(script)} || status=$?\n{shell(after)}\nexit $status\n"


def buildkite(step):
    # Variables with one dollar sign are filled in when the pipeline is uploaded.
    command = "\n".join(lines(step["command"]))
    assert not re.search(r"(?<!\$)\$(?!\$)", command), command
    return shell(command.replace("$$", "$")) + "\n"


def filled_in(text, values):
    def value(match):
        name = match[1].strip()
        if name.startswith("secrets."):
            return "${" + name.removeprefix("secrets.") + "}"
        return str(values[name])

    return re.sub(r"\$\{\{(.*?)\}\}", value, str(text))


def holds(condition, values):
    def one(part):
        part = part.strip()
        if part == "always()":
            return True
        name, empty = part.split(" != ")
        assert empty == "''", condition
        return values.get(name, "") != ""

    return all(one(part) for part in condition.split("&&"))


def github(job, root):
    action = yaml.safe_load(open(f"{root}/action.yml"))
    used = [step for step in job["steps"] if step.get("uses", "").startswith("railiance/cargo-e2e@")]
    assert len(used) == 1, "the recipe uses the action once"
    given = used[0].get("with", {})
    assert set(given) <= set(action["inputs"]), "the action has all inputs of the recipe"
    inputs = {name: given.get(name, about["default"]) for name, about in action["inputs"].items()}
    values = {f"inputs.{name}": value for name, value in inputs.items()}
    values["github.action_path"] = root
    script = [
        "status=0",
        "export RUNNER_TEMP=$PWD/../runner GITHUB_ACTIONS=true GITHUB_WORKSPACE=$PWD",
        'mkdir -p "$RUNNER_TEMP"',
        "for file in ENV PATH OUTPUT STEP_SUMMARY; do",
        '  export "GITHUB_$file=$RUNNER_TEMP/$file"; : >"$RUNNER_TEMP/$file"',
        "done",
    ]
    for step in action["runs"]["steps"]:
        if "uses" in step:
            assert step["uses"].startswith("actions/upload-artifact@"), step
            continue
        condition = step.get("if", "")
        if condition and not holds(condition, values):
            continue
        always = "always()" in condition
        script.append("(:" if always else '[ "$status" != 0 ] || (:')
        for name, value in step.get("env", {}).items():
            text = filled_in(filled_in(value, values), values)
            # A secret is a variable here; nothing else is filled in by the shell.
            quoted = '"' + re.sub(r'(["\\`]|\$(?!\{[A-Z0-9_]+\}))', r"\\\1", text) + '"'
            script.append(f"export {name}={quoted}")
        script += [shell(step["run"]), ") || status=$?"]
        script.append('while IFS= read -r line; do export "$line"; done <"$GITHUB_ENV"')
        script.append('PATH=$(tr "\\n" : <"$GITHUB_PATH")$PATH')
    script.append("results=$(sed -n 's/^results=//p' \"$GITHUB_OUTPUT\")")
    script.append('cp -R "$results" result')
    script.append('cat "$GITHUB_OUTPUT"; test -s "$GITHUB_STEP_SUMMARY"; exit $status')
    return "\n".join(script) + "\n"


kind, file, root = sys.argv[1:]
pipeline = yaml.safe_load(open(file))
if kind == "github":
    (job,) = pipeline["jobs"].values()
    text = github(job, root)
elif kind == "gitlab":
    text = gitlab(pipeline["e2e"])
else:
    assert kind == "buildkite", kind
    (step,) = pipeline["steps"]
    text = buildkite(step)
sys.stdout.write(text)
