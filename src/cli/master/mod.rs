//! `master`: runs the installed Locust as a master whose workers are ours.
//!
//! | file | |
//! |---|---|
//! | `arguments` | what stands after `--`, for Locust |
//! | `program` | which Locust is installed |
//! | `child` | Locust while it runs: signals, and its end |
//!
//! Locust is a child and does not take the place of this process, since somebody has to remove its file at the end.

mod arguments;
mod child;
mod program;

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tempfile::TempDir;

use crate::cli::master::arguments::{Joining, Listening, listening, refuse};
use crate::cli::master::program::{ANSWER_TIME, Program};
use crate::cli::{completers, exit, locustfile};

/// Names the Locust to run, if `--locust` does not.
const VARIABLE: &str = "MQTT_SCENARIO_LOCUST";

/// How long it is tried whether a port of this machine is in use.
const CONNECT_TIME: Duration = Duration::from_millis(300);

const AFTER_HELP: &str = "\
The workers are `mqtt-scenario worker`, on this machine or on others.

It does what `mqtt-scenario locustfile SCENARIO` and `locust -f FILE --master` would do: the file is in a folder that only you \
can read, and is removed when Locust ends. Users, spawn rate, run time, stop timeout and the address of the broker are those \
of the scenario unless -u, -r, -t, -s or -H stand after `--`. Its rates and [vars] are options of Locust too: \
`user_classes.device.rate` is --set-user-classes-device-rate. Locust's --help does not show them; they stand as SETTINGS in \
what `mqtt-scenario locustfile my.toml` writes.

SIGINT, SIGTERM, SIGHUP and SIGQUIT reach Locust as SIGTERM, and it ends in its own time.

Locust 2.32 or newer must be installed on this machine: pip install locust. The workers do not need it.

Exit codes:
  2      wrong usage, a wrong scenario, or one that Locust cannot distribute
  4      Locust is not installed, cannot be started or is too old, or one of its ports is in use
  128+N  signal N has ended Locust
  other  the exit code of Locust: 0 clean; 1 failures or exceptions, or the expected workers did
         not come in time; 2 a worker cannot run the scenario (--headless); 4 a worker was lost

Examples:
  mqtt-scenario master my.toml
  mqtt-scenario master my.toml -- --headless -u 1000 -r 50 -t 5m --expect-workers 2 \\
      --expect-workers-max-wait 60 --csv out/a
  mqtt-scenario master my.toml -- --set-user-classes-device-rate 20/s
  mqtt-scenario master my.toml --locust .venv/bin/locust -- --web-port 8090
  mqtt-scenario master my.toml --locust 'python3 -m locust'";

/// Run the installed Locust as the master of a scenario
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct MasterOptions {
    /// The scenario file, in TOML or YAML
    #[arg(value_name = "SCENARIO", add = completers::scenarios())]
    scenario: PathBuf,

    /// The Locust to run: a program, or a command of several words
    #[arg(long, value_name = "COMMAND", env = VARIABLE, hide_env_values = true, default_value = "locust")]
    locust: OsString,

    /// Arguments for Locust, after `--`
    #[arg(last = true, value_name = "LOCUST-ARGS")]
    arguments: Vec<OsString>,
}

pub(super) fn run(options: &MasterOptions) -> ExitCode {
    try_run(options).unwrap_or_else(|code| code)
}

fn try_run(options: &MasterOptions) -> Result<ExitCode, ExitCode> {
    let refused = |refusal| exit::error(exit::BAD_INPUT, refusal);
    let cannot = |error: &dyn std::fmt::Display| exit::error(exit::CANNOT_GO_ON, error);
    let variable = |name: &str| std::env::var(name).ok();
    refuse(&options.arguments, variable).map_err(refused)?;
    let text = locustfile::made(&options.scenario)?;
    let program = Program::named(&options.locust);
    program.check(ANSWER_TIME).map_err(|error| cannot(&error))?;
    for Listening { at, cure } in listening(&options.arguments, variable) {
        if answers(&at) {
            return Err(cannot(&format_args!("{at} is in use, where Locust would listen\nhelp: {cure}")));
        }
    }
    let kept = |error| cannot(&format_args!("the file for Locust cannot be written: {error}"));
    let folder = keep(&text).map_err(kept)?;
    exit::say(&format!("Workers join with: {}\n", Joining::of(&options.arguments, variable)));
    let mut command = program.command();
    command.arg("-f").arg(file_in(folder.path())).arg("--master").args(&options.arguments);
    // The file looks for this process: nobody else ends Locust if it is killed.
    command.env("MQTT_SCENARIO_MASTER_PID", std::process::id().to_string());
    let end = child::run(&mut command).map_err(|error| cannot(&format_args!("{program}: {error}")));
    if let Err(error) = folder.close() {
        exit::say(&format!("warning: the file for Locust cannot be removed: {error}\n"));
    }
    end.map(ExitCode::from)
}

/// Whether somebody listens there. What cannot be an address is Locust's to say.
fn answers(at: &str) -> bool {
    let mut addresses = at.to_socket_addrs().into_iter().flatten();
    addresses.any(|address| TcpStream::connect_timeout(&address, CONNECT_TIME).is_ok())
}

/// Writes the file into a folder of its own. Its text may say what others must not know.
fn keep(text: &str) -> io::Result<TempDir> {
    let only_mine = Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().prefix("mqtt-scenario-").permissions(only_mine).tempdir()?;
    fs::write(file_in(folder.path()), text)?;
    Ok(folder)
}

/// Locust imports it, so it must not have the name of the scenario, which may be that of a module.
fn file_in(folder: &Path) -> PathBuf {
    folder.join("locustfile.py")
}
