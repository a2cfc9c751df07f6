//! `run`: carry out a scenario.
//!
//! | file | |
//! |---|---|
//! | `options` | the command line |
//! | `process` | what a process has once: standard error, the log, signals |
//! | `prepare` | what a run needs before it can begin |
//! | `start` | the moment at which a run begins, and the meeting of shards before it |
//! | `carry_out` | one run, from its first line to its last |

mod carry_out;
mod options;
mod prepare;
mod process;
mod start;

use std::process::ExitCode;

use crate::cli::load::{Loaded, load_run};
pub(super) use crate::cli::run::carry_out::carry_out;
pub(super) use crate::cli::run::options::{RunOptions, parse_level};
pub(super) use crate::cli::run::prepare::{Prepared, files_of_a_user, prepare};
pub(super) use crate::cli::run::process::Process;
use crate::cli::{exit, repeat};

pub(super) fn run(options: &RunOptions) -> ExitCode {
    match try_run(options) {
        Ok(code) | Err(code) => code,
    }
}

fn try_run(options: &RunOptions) -> Result<ExitCode, ExitCode> {
    if let Some(mistake) = options.repeat.mistake() {
        return Err(exit::error(exit::BAD_INPUT, mistake));
    }
    let loaded = load_run(&options.scenario)?;
    if let Some(text) = options.ratio_text(&loaded.plan) {
        exit::say(&loaded.warnings);
        exit::say(&options.scenario.locust.told.text(&loaded.variables));
        return Ok(exit::output(&text));
    }
    if options.repeat.is_asked() {
        return several(options, &loaded);
    }
    let started = prepare(options, &loaded).and_then(|prepared| Ok((prepared, Process::start(options)?)));
    let (prepared, process) = started.map_err(|(code, message)| {
        exit::say(&loaded.warnings);
        exit::error(code, message)
    })?;
    let interrupts = process.interrupts.clone();
    Ok(carry_out(options, loaded, prepared, &process, &interrupts, None, std::future::pending()).code.into())
}

/// Several runs, once it is known that each can begin.
fn several(options: &RunOptions, loaded: &Loaded) -> Result<ExitCode, ExitCode> {
    let repeat = &options.repeat;
    let say = |warnings: &str| {
        if !options.quiet {
            exit::say(warnings);
        }
    };
    say(&options.scenario.locust.told.text(&loaded.variables));
    say(&loaded.warnings);
    if let Some(other) = repeat.other(&options.scenario) {
        let other = load_run(&other)?;
        // Both sides often are one scenario, with another address.
        if other.warnings != loaded.warnings {
            say(&other.warnings);
        }
    }
    Ok(repeat::run(repeat, &options.scenario, &loaded.plan.name, options.out.as_deref(), options.quiet))
}
