//! `replay`: Locust's files and tables from an event log.

use std::path::PathBuf;
use std::process::ExitCode;
use std::slice;
use std::str::FromStr;

use clap::Args;

use crate::cli::screen::{fitted, tables};
use crate::cli::{conflicts, exit};
use crate::report::columns::printable;
use crate::report::csv::history::{History, HistoryRows};
use crate::report::csv::state::StateFile;
use crate::report::replay::{ReplayError, ReplayOptions as Rules, replay};
use crate::report::unfinished;
use crate::stats::percentiles::PercentileList;

/// Make the CSV files and tables of a run again from its request log
///
/// The log is what `run --request-log` writes: one JSON object per line, of type request,
/// unfinished, users, reset, exception or end. Without an end, as after a kill, it is read to its last whole line.
/// The files are byte for byte what Locust makes of these events.
#[derive(Debug, Args)]
pub struct ReplayOptions {
    /// The request log
    #[arg(value_name = "FILE")]
    events: PathBuf,

    /// Prefix of the four CSV files
    #[arg(long, value_name = "PREFIX")]
    #[arg(help = "Write PREFIX_stats.csv, PREFIX_stats_history.csv, PREFIX_failures.csv and \
                  PREFIX_exceptions.csv")]
    csv: PathBuf,

    /// Each second, write one history row per statistics row, with percentiles of the last ten seconds
    #[arg(long)]
    csv_full_history: bool,

    /// The percentiles of the files and tables, as fractions
    #[arg(long, value_name = "LIST", value_parser = PercentileList::from_str)]
    #[arg(help = "The percentiles of the files and tables, as fractions with commas between, such as \
                  0.25,0.5,0.99 [default: Locust's list]")]
    percentiles: Option<PercentileList>,

    /// Leave out the row of the last, partial second, as Locust does
    #[arg(long)]
    no_final_row: bool,

    /// Number of seconds between two rows of the history
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = parse_interval)]
    #[arg(allow_negative_numbers = true)]
    interval: f64,
}

fn parse_interval(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds > 0.0 => Ok(seconds),
        _ => Err("seconds above 0, such as 1 or 0.5".into()),
    }
}

/// Replays; the tables go to standard output.
pub(super) fn run(options: &ReplayOptions) -> ExitCode {
    let rules = Rules {
        history: if options.csv_full_history { History::Full } else { History::Aggregated },
        final_row: !options.no_final_row,
        interval_s: options.interval,
    };
    let outputs = StateFile::ALL.map(|table| table.path(&options.csv)).into_iter();
    let outputs = outputs.chain([HistoryRows::path(&options.csv)]).map(|path| ("--csv", path));
    let outputs: Vec<_> = outputs.collect();
    if let Err(message) = conflicts::refuse(&outputs, slice::from_ref(&options.events)) {
        return exit::error(exit::BAD_INPUT, message);
    }
    match replay(&options.events, &options.csv, rules, &options.percentiles.clone().unwrap_or_default()) {
        Ok(replayed) => {
            if !replayed.has_ended {
                let log = printable(&options.events.display().to_string());
                exit::say(&format!("{log}: the run did not end; the files are as of its last whole line\n"));
            }
            let snapshot = replayed.snapshot;
            exit::output(&fitted(tables(&snapshot) + &unfinished::table(&snapshot.unfinished)))
        }
        Err(error @ ReplayError::Events(_)) => exit::error(exit::BAD_INPUT, error),
        Err(error) => exit::error(exit::CANNOT_GO_ON, error),
    }
}
