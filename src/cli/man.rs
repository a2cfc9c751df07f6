//! `man`: manual pages, made of the same definitions as the help.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::Man;

use crate::cli::exit;

const AFTER_HELP: &str = "\
Examples:
  mqtt-scenario man | man -l -                       the page of the program
  mqtt-scenario man --out ~/.local/share/man/man1    a page for the program and for each command";

/// Print the manual page, or write the pages of all commands
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ManOptions {
    /// Write one page per command into this folder, which is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Makes sure that no page would go into a pipe or a folder of its name.
fn pages_can_be_written(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("mqtt-scenario") && name.ends_with(".1") && !path.is_file() {
            return Err(io::Error::other(format!("{name} is no regular file")));
        }
    }
    Ok(())
}

pub(super) fn run(options: &ManOptions, command: Command) -> ExitCode {
    let Some(folder) = &options.out else {
        let mut page = Vec::new();
        return match Man::new(command).render(&mut page) {
            Ok(()) => exit::output(&String::from_utf8_lossy(&page)),
            Err(error) => exit::error(exit::CANNOT_GO_ON, error),
        };
    };
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| pages_can_be_written(folder))
        .and_then(|()| clap_mangen::generate_to(command.disable_help_subcommand(true), folder));
    match written {
        Ok(()) => exit::output(&format!("{}: written\n", folder.display())),
        Err(error) => {
            exit::error(exit::CANNOT_GO_ON, format_args!("cannot write to {}: {error}", folder.display()))
        }
    }
}
