//! `cargo e2e completions` and `cargo e2e man`: both are generated from the command line.

use clap_complete::Shell;

use crate::cli::args::{self, CompletionsArguments, ManArguments};
use crate::cli::exit::USAGE;
use crate::cli::print::{out, show_error};

const NAME: &str = "cargo-e2e";

/// Bash has one completion for `cargo`; this wraps it and adds `cargo e2e`.
const BASH: &str = r#"
_cargo_e2e__of_cargo() {
    if [[ ${COMP_WORDS[1]} == e2e && $COMP_CWORD -gt 1 ]]; then
        local COMP_WORDS=(cargo-e2e "${COMP_WORDS[@]:2}") COMP_CWORD=$((COMP_CWORD - 1))
        _cargo_e2e cargo-e2e "$2" "$3"
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
complete -F _cargo_e2e -o bashdefault -o default cargo-e2e
"#;

/// Fish completes `cargo e2e …` as it would `cargo-e2e …`.
const FISH: &str = r"
function __cargo_e2e_of_cargo
    set -l words (commandline -opc)
    complete -C (string join ' ' -- cargo-e2e $words[3..] (commandline -ct))
end
complete -c cargo -n '__fish_seen_subcommand_from e2e' -f -a '(__cargo_e2e_of_cargo)'
";

pub(crate) fn completions(arguments: &CompletionsArguments) -> u8 {
    let mut command = args::command();
    let mut script = Vec::new();
    let name = match arguments.shell {
        // clap_complete 4.6 writes no options of subcommands for a name with a `-`.
        Shell::Bash => "cargo_e2e",
        _ => NAME,
    };
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    match arguments.shell {
        Shell::Bash => script.extend_from_slice(BASH.as_bytes()),
        Shell::Fish => script.extend_from_slice(FISH.as_bytes()),
        // Zsh's completion of cargo calls `_cargo-e2e` itself; other shells complete only programs.
        _ => {}
    }
    out(&String::from_utf8_lossy(&script));
    0
}

pub(crate) fn man(arguments: &ManArguments) -> u8 {
    let mut command = args::command().bin_name("cargo e2e");
    command.build();
    let page = match &arguments.command {
        None => command,
        Some(name) => {
            let Some(found) = command.find_subcommand(name) else {
                let all: Vec<_> = command
                    .get_subcommands()
                    .map(clap::Command::get_name)
                    .filter(|name| *name != "help")
                    .collect();
                show_error(
                    &format!("there is no command `{name}`"),
                    Some(&format!("there are {}", all.join(", "))),
                );
                return USAGE;
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
