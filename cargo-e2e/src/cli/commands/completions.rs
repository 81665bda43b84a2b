//! `cargo e2e completions` and `cargo e2e man`: both are generated from the command line.

use clap_complete::Shell;

use crate::cli::args;
use crate::cli::print::{out, usage_error};
use crate::spec::did_you_mean;

const NAME: &str = "cargo-e2e";

/// Bash has one completion for `cargo`; this wraps it and adds `cargo e2e`.
const BASH: &str = r#"
_cargo_e2e__with_values() {
    _cargo_e2e "$@"
    local values
    values=$(cargo-e2e complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    [[ -n $values ]] || return 0
    # What is static offers files as values of options.
    [[ ${COMP_WORDS[COMP_CWORD-1]} != -* ]] || COMPREPLY=()
    local IFS=$'\n'
    COMPREPLY+=($(compgen -W "$values" -- "$2"))
}
_cargo_e2e__of_cargo() {
    if [[ ${COMP_WORDS[1]} == e2e && $COMP_CWORD -gt 1 ]]; then
        local COMP_WORDS=(cargo-e2e "${COMP_WORDS[@]:2}") COMP_CWORD=$((COMP_CWORD - 1))
        _cargo_e2e__with_values cargo-e2e "$2" "$3"
    elif [[ -n ${_cargo_e2e__before-} ]]; then
        "$_cargo_e2e__before" "$@"
    fi
}
if ! complete -p cargo >/dev/null 2>&1; then
    if declare -F _comp_load >/dev/null; then
        _comp_load cargo >/dev/null 2>&1
    elif declare -F _completion_loader >/dev/null; then
        _completion_loader cargo >/dev/null 2>&1
    fi
fi
if [[ $(complete -p cargo 2>/dev/null) =~ ' -F '([^ ]+) && ${BASH_REMATCH[1]} != _cargo_e2e__of_cargo ]]; then
    _cargo_e2e__before=${BASH_REMATCH[1]}
fi
complete -F _cargo_e2e__of_cargo -o bashdefault -o default cargo
complete -F _cargo_e2e__with_values -o bashdefault -o default cargo-e2e
"#;

/// Fish completes `cargo e2e …` as it would `cargo-e2e …`.
const FISH: &str = r"
function __cargo_e2e_of_cargo
    set -l words (commandline -opc)
    complete -C (string join ' ' -- cargo-e2e $words[3..] (commandline -ct))
end
complete -c cargo -n '__fish_seen_subcommand_from e2e' -f -a '(__cargo_e2e_of_cargo)'
function __cargo_e2e_values
    set -l words (commandline -opc) (commandline -ct)
    cargo-e2e complete -- $words[2..] 2>/dev/null
end
complete -c cargo-e2e -f -a '(__cargo_e2e_values)'
";

/// Zsh asks for values where its script would offer files.
const ZSH: &str = r#"
(( $+functions[_cargo_e2e__first] )) ||
_cargo_e2e__first() {
    _alternative 'commands:command:_cargo-e2e_commands' 'repos:repo:_files -/'
}
(( $+functions[_cargo_e2e__values] )) ||
_cargo_e2e__values() {
    local -a typed values
    typed=(${(Q)${(z)LBUFFER}})
    [[ ${typed[1]} == cargo ]] && shift typed
    [[ $LBUFFER == *[[:space:]] ]] && typed+=('')
    values=(${(f)"$(cargo-e2e complete -- "${(@)typed[2,-1]}" 2>/dev/null)"})
    compadd -a values
}
"#;
/// What is completed so, by the name of its value.
const ZSH_VALUES: [&str; 7] = ["HOST", "REPO", "RUN", "SLUG", "id", "run", "target"];

pub(crate) fn completions(shell: Shell) -> u8 {
    let mut command = args::command();
    let mut script = Vec::new();
    let name = match shell {
        // clap_complete 4.6 writes no options of subcommands for a name with a `-`.
        Shell::Bash => "cargo_e2e",
        _ => NAME,
    };
    clap_complete::generate(shell, &mut command, name, &mut script);
    match shell {
        Shell::Bash => script.extend_from_slice(BASH.as_bytes()),
        Shell::Fish => script.extend_from_slice(FISH.as_bytes()),
        // Zsh's completion of cargo calls `_cargo-e2e` itself.
        Shell::Zsh => {
            script = with_values(&String::from_utf8_lossy(&script)).into_bytes();
        }
        // Other shells complete only programs.
        _ => {}
    }
    out(&String::from_utf8_lossy(&script));
    0
}

/// Adds values to zsh's script, below its first line, which says what it completes.
fn with_values(script: &str) -> String {
    let script = with_commands_first(script);
    let mut text = String::new();
    for line in script.lines() {
        let has_values = ZSH_VALUES.iter().any(|name| {
            // Of an option, and of a word of its own, which has its help behind the name.
            line.contains(&format!(":{name}:_default'")) || line.contains(&format!("::{name} -- "))
        });
        if has_values {
            text += &line.replace(":_default'", ":_cargo_e2e__values'");
        } else {
            text += line;
        }
        text.push('\n');
    }
    match text.split_once('\n') {
        Some((first, rest)) => format!("{first}\n{ZSH}{rest}"),
        None => text,
    }
}

/// Makes the first word a command or a repo: `clap_complete` 4.6 expects commands behind the words of a
/// run, where they never are.
fn with_commands_first(script: &str) -> String {
    const COMMANDS: &str = "\":: :_cargo-e2e_commands\"";
    let Some((before, rest)) = script.split_once(COMMANDS) else {
        return script.to_owned();
    };
    let of_run = ["'::repo -- ", "'::arguments -- "];
    let mut lines: Vec<&str> = before.split('\n').collect();
    lines.retain(|line| !of_run.iter().any(|word| line.starts_with(word)));
    format!(
        "{}\":: :_cargo_e2e__first\"{}",
        lines.join("\n"),
        rest.replace("$line[3]", "$line[1]")
    )
}

pub(crate) fn man(name: Option<&str>) -> u8 {
    let mut command = args::command().bin_name("cargo e2e");
    command.build();
    let page = match name {
        None => command,
        Some(name) => {
            let Some(found) = command.find_subcommand(name) else {
                let all = command.get_subcommands().map(clap::Command::get_name);
                let all: Vec<_> = all.filter(|name| *name != "help").collect();
                let help = did_you_mean(name, all.iter().copied());
                let help = help.unwrap_or_else(|| format!("there are {}", all.join(", ")));
                return usage_error(&format!("there is no command `{name}`"), Some(&help));
            };
            found
                .clone()
                .display_name(format!("{NAME}-{name}"))
                .bin_name(format!("cargo e2e {name}"))
        }
    };
    let mut text = Vec::new();
    // Writing to memory can't fail.
    let _ = clap_mangen::Man::new(page).render(&mut text);
    out(&String::from_utf8_lossy(&text));
    0
}
