//! `completions SHELL`

use std::io::{self, Write};

use clap::ValueEnum;
use clap_complete::Shell;
use namesys::report::CompletionsReport;

use crate::cli::command;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};
use crate::cli::suggest;

/// `completions SHELL`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose completions
    #[arg(value_enum)]
    shell: Shell,
}

/// Generates the script.
pub fn run(args: Args, _context: &Context) -> Result<Outcome, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "namesys", &mut script);
    let script = with_names(args.shell, String::from_utf8_lossy(&script).into_owned());
    let shell = args.shell.to_possible_value().map(|value| value.get_name().to_owned());
    Ok(Outcome::done(CompletionsReport { shell: shell.unwrap_or_default(), script }))
}

/// The workspace's names, asked for while a person types: bash, zsh and fish have a place for it.
fn with_names(shell: Shell, script: String) -> String {
    match shell {
        Shell::Bash => format!("{script}\n{BASH_NAMES}"),
        // The generated script names what an argument takes, as in ':NAME:_default'.
        Shell::Zsh => {
            let script = script.replace(":NAME:_default", ":NAME:_namesys_names");
            match script.split_once('\n') {
                Some((first, rest)) => format!("{first}\n{ZSH_NAMES}{rest}"),
                None => script,
            }
        }
        // The generator of fish leaves out what is no flag.
        Shell::Fish => {
            let (set, resolve) = (suggest::after_set(), suggest::record_types().joined());
            let of = |commands, words| {
                let seen = format!("__fish_seen_subcommand_from {commands}");
                format!("complete -c namesys -n '{seen}' -f -a '{words}'\n")
            };
            format!("{script}{FISH_NAMES}{}{}", of("set unset", set), of("resolve", resolve))
        }
        _ => script,
    }
}

const BASH_NAMES: &str = r#"_namesys_with_names() {
    if [[ "${COMP_WORDS[COMP_CWORD-1]}" == "--name" ]]; then
        COMPREPLY=($(compgen -W "$(namesys complete names 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        return 0
    fi
    _namesys "$@"
}
complete -F _namesys_with_names -o bashdefault -o default namesys
"#;

const ZSH_NAMES: &str = r#"
_namesys_names() {
    local -a names
    names=(${(f)"$(namesys complete names 2>/dev/null)"})
    compadd -a names
}
"#;

const FISH_NAMES: &str =
    "complete -c namesys -l name -x -a '(namesys complete names 2>/dev/null)'\n";

impl Human for CompletionsReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.script.as_bytes())
    }
}
