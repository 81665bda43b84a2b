//! What shells offer for words of `cargo e2e`, and pages of `man`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use e2e_tests::stacks::{WEB, WEB_IS_HEALTHY};
use e2e_tests::{Host, Repo, Running};

/// What bash would offer for the words so far; `before` is loaded first.
fn offers(repo: &Repo, before: &str, words: &[&str]) -> String {
    let last = words[words.len() - 1];
    let script = format!(
        "{before}\nsource ./completions.bash\n\
         COMP_WORDS=({all}); COMP_CWORD={at}\n\
         offer=$(complete -p {program}); offer=${{offer##*-F }}; \"${{offer%% *}}\" {program} '{last}' ''\n\
         echo \"${{COMPREPLY[*]}}\"",
        all = words
            .iter()
            .map(|word| format!("'{word}'"))
            .collect::<Vec<_>>()
            .join(" "),
        at = words.len() - 1,
        program = words[0],
    );
    let said = said_by(repo, "bash", &["--norc", "-c", &script]);
    said.trim().to_owned()
}

#[test]
fn bash_completes_commands_and_options_and_cargo_keeps_its_own() {
    let repo = Repo::new("bash");
    let script = repo.cargo_e2e(&["completions", "bash"]);
    assert_eq!(script.code, Some(0), "{script}");
    fs::write(repo.path("completions.bash"), &script.stdout).expect("a file");
    let sound = Command::new("bash")
        .arg("-n")
        .arg(repo.path("completions.bash"))
        .status();
    assert!(sound.expect("bash runs").success());

    for words in [&["cargo", "e2e", "pla"][..], &["cargo-e2e", "pla"]] {
        assert_eq!(offers(&repo, "", words), "plan", "{words:?}");
    }
    assert_eq!(
        offers(&repo, "", &["cargo", "e2e", "plan", "--ho"]),
        "--host"
    );
    let cargos_own = "_own() { COMPREPLY=(build); }; complete -F _own cargo";
    assert_eq!(offers(&repo, cargos_own, &["cargo", "bu"]), "build");
    assert_eq!(offers(&repo, cargos_own, &["cargo", "e2e", "pla"]), "plan");
}

/// What a shell prints that has the tool in its PATH, and complains of nothing.
fn said_by(repo: &Repo, shell: &str, arguments: &[&str]) -> String {
    let own = e2e_tests::cargo_e2e().parent().expect("a folder");
    let path = format!(
        "{}:{}",
        own.display(),
        std::env::var("PATH").expect("a PATH")
    );
    let mut command = Command::new(shell);
    command
        .args(arguments)
        .env("PATH", path)
        .current_dir(repo.root());
    for (name, value) in repo.command().get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let ran = Running::start(command, None).finish(Duration::from_mins(1));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran}");
    ran.stdout
}

#[test]
fn fish_completes_commands_options_and_values() {
    let repo = Repo::new("fish");
    let script = repo.cargo_e2e(&["completions", "fish"]).stdout;
    fs::write(repo.path("completions.fish"), &script).expect("a file");
    for (typed, offered) in [
        ("cargo e2e pla", "plan\t"),
        ("cargo-e2e pla", "plan\t"),
        ("cargo e2e plan --stri", "--strict\t"),
        ("cargo e2e --host lo", "local\n"),
    ] {
        let asks = format!("source completions.fish; complete -C '{typed}'");
        let said = said_by(&repo, "fish", &["--no-config", "-c", &asks]);
        assert!(said.starts_with(offered), "{typed}: {said}");
    }
}

/// Tab is pressed in a shell that has a terminal: zsh completes nowhere else.
#[test]
fn zsh_completes_commands_options_and_values() {
    let repo = Repo::new("zsh");
    let script = repo.cargo_e2e(&["completions", "zsh"]).stdout;
    fs::write(repo.path("_cargo-e2e"), &script).expect("a file");
    let presses = "
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell \"fpath=($PWD \\$fpath); autoload -U compinit; compinit -u -D; print rea''dy\"
        zpty -r shell text '*ready*'
        for typed completed in 'cargo-e2e pla' plan ' --stri' --strict ' --host lo' local; do
            zpty -n -w shell \"$typed\"$'\\t'
            zpty -r shell text \"*$completed*\" && print -r -- $completed
        done
        zpty -d shell";
    let said = said_by(&repo, "zsh", &["-f", "-c", presses]);
    assert_eq!(said, "plan\n--strict\nlocal\n");
}

/// Services are read from the repo, sandboxes from the host.
#[test]
fn one_tab_shows_services_and_sandboxes() {
    // A folder of its own, or those of other tests would be shown.
    let root = tempfile::tempdir().expect("a folder");
    let spec = format!("{WEB_IS_HEALTHY}ports: isolated\ntest_command: 'true'\n");
    let repo = Repo::new("tab")
        .compose(WEB)
        .spec(&spec)
        .env("CARGO_E2E_ROOT", &root.path().display().to_string());
    let up = repo.run_and_keep(Host::Local, &["up"]);
    let id = &up.run_id()[18..];
    for (shell, file) in [
        ("bash", "completions.bash"),
        ("fish", "completions.fish"),
        ("zsh", "_cargo-e2e"),
    ] {
        let script = repo.cargo_e2e(&["completions", shell]).stdout;
        fs::write(repo.path(file), &script).expect("a file");
    }
    let words = ["cargo", "e2e", "logs", "--host", "local", ""];
    let fish = "source completions.fish; complete -C 'cargo e2e logs --host local '";
    // A list is not drawn while more has been typed, so the key says itself when it is done.
    let zsh = "
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell \"fpath=($PWD \\$fpath); autoload -U compinit; compinit -u -D; setopt autolist\"
        zpty -w shell \"tab() { zle expand-or-complete; zle -R; print -n do''ne }; zle -N tab; bindkey '^I' tab; print rea''dy\"
        zpty -r shell text '*ready*'
        zpty -n -w shell 'cargo-e2e logs --host local '$'\\t'
        zpty -r shell text '*done*' && print -r -- $text
        zpty -d shell";
    let shells: [(&str, &dyn Fn() -> String); 3] = [
        ("bash", &|| offers(&repo, "", &words)),
        ("fish", &|| {
            said_by(&repo, "fish", &["--no-config", "-c", fish])
        }),
        ("zsh", &|| said_by(&repo, "zsh", &["-f", "-c", zsh])),
    ];
    for (shell, offered) in shells {
        // A host that does not answer soon is left out: on a busy machine, Tab is pressed again.
        let mut said = String::new();
        let shown = (0..10).any(|_| {
            said = offered();
            said.contains("web") && said.contains(id)
        });
        assert!(shown, "{shell}: {said}");
    }
    let down = repo.cargo_e2e(&["down", "--host", "local"]);
    assert_eq!(down.code, Some(0), "{down}");
    up.leaves_nothing();
}

#[test]
fn other_shells_and_man_are_printed() {
    let repo = Repo::new("shells");
    for shell in ["elvish", "powershell"] {
        let script = repo.cargo_e2e(&["completions", shell]);
        assert_eq!(script.code, Some(0), "{script}");
        assert!(script.stdout.contains("plan"), "{script}");
    }
    let page = repo.cargo_e2e(&["man"]);
    assert!(page.stdout.contains(".TH cargo-e2e 1"), "{page}");
    let page = repo.cargo_e2e(&["man", "plan"]);
    assert!(page.stdout.contains(".TH cargo-e2e-plan 1"), "{page}");
    let none = repo.cargo_e2e(&["man", "plam"]);
    assert_eq!(none.code, Some(2), "{none}");
}
