//! `completions`: what a shell needs to complete commands, flags, scenario files, and the classes and tags of a scenario.
//!
//! The script asks this program at each press of Tab, since only it can read the scenario that stands on the line. So a
//! script belongs to the version that printed it: shells should make it anew when they start.

use std::process::ExitCode;

use clap::{Args, Command, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use crate::cli::exit;

/// The shell's question is in this variable.
const VARIABLE: &str = "MQTT_SCENARIO_COMPLETE";

const AFTER_HELP: &str = "\
Put the line of your shell into its start file:
  ~/.bashrc                   source <(mqtt-scenario completions bash)
  ~/.zshrc, after compinit    source <(mqtt-scenario completions zsh)
  ~/.config/fish/config.fish  mqtt-scenario completions fish | source
  ~/.config/elvish/rc.elv     eval (mqtt-scenario completions elvish | slurp)
  PowerShell's $PROFILE       mqtt-scenario completions powershell | Out-String | Invoke-Expression";

/// Print what a shell needs to complete commands, scenarios, classes and tags
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CompletionsOptions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// A shell that can be helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

pub(super) fn run(options: &CompletionsOptions) -> ExitCode {
    let shell: &dyn EnvCompleter = match options.shell {
        Shell::Bash => &Bash,
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::Powershell => &Powershell,
        Shell::Zsh => &Zsh,
    };
    let name = "mqtt-scenario";
    let mut script = Vec::new();
    match shell.write_registration(VARIABLE, name, name, name, &mut script) {
        Ok(()) => exit::output(&String::from_utf8_lossy(&script)),
        Err(error) => exit::error(exit::CANNOT_GO_ON, error),
    }
}

/// Answers a shell and ends the process, if it is a shell that asks.
pub(super) fn answer(command: fn() -> Command) {
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
}
