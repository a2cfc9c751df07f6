//! The options of several runs.

use std::path::PathBuf;

use clap::Args;

use crate::cli::compare::parse_percent;
use crate::cli::scenario_options::ScenarioOptions;

/// What only one run can have. Outputs: each run of several has its own in its folder, and in a single file the last one
/// would remain. Shards: several runs of them would not be at the same times.
const OF_ONE_RUN: [&str; 11] = [
    "csv",
    "request_log",
    "summary_json",
    "html",
    "junit",
    "json",
    "json_file",
    "print_stats",
    "logfile",
    "shard",
    "start_at",
];

/// Runs a side if nothing is said: with fewer, no difference can be shown.
const A_SIDE: u16 = 4;

/// Several runs instead of one.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct RepeatOptions {
    /// Run the scenario N times, one run after the other
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000), conflicts_with_all = OF_ONE_RUN)]
    #[arg(allow_negative_numbers = true)]
    #[arg(
        help = "Run the scenario N times, one run after the other, each in a folder of its own; with --versus: N \
                  times a side [default: 4]"
    )]
    pub(super) repeat: Option<u16>,

    /// Run another scenario in turn with this one (A B A B), and say whether it is worse
    #[arg(long, value_name = "SCENARIO", conflicts_with_all = OF_ONE_RUN)]
    #[arg(
        help = "Run another scenario in turn with this one (A B A B), and say whether it is worse: exit code 3"
    )]
    pub(super) versus: Option<PathBuf>,

    /// The same with another address of the broker
    #[arg(long, value_name = "URL", conflicts_with_all = OF_ONE_RUN)]
    pub(super) versus_host: Vec<String>,

    /// The same with another value of a key of the scenario; can be repeated
    #[arg(long, value_name = "PATH=VALUE", conflicts_with_all = OF_ONE_RUN)]
    pub(super) versus_set: Vec<String>,

    /// The least change between two sides that is worth a word: smaller ones count as none
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent)]
    #[arg(
        help = "The least change between two sides that is worth a word: smaller ones count as none [default: 5%]"
    )]
    least_effect: Option<f64>,

    /// The folder of this run itself, for a program that runs several
    // What only one run can have is in that folder, so settings from outside the command line must not ask for it.
    #[arg(long, value_name = "DIR", hide = true, conflicts_with = "out", conflicts_with_all = OF_ONE_RUN)]
    pub(in crate::cli) run_folder: Option<PathBuf>,
}

impl RepeatOptions {
    /// Whether more than one run is asked for.
    pub(in crate::cli) fn is_asked(&self) -> bool {
        self.repeat.is_some() || self.is_versus()
    }

    /// Says what is wrong with them together, and what to do.
    pub(in crate::cli) fn mistake(&self) -> Option<&'static str> {
        (self.least_effect.is_some() && !self.is_versus()).then_some(
            "--least-effect is for the comparison of two sides\nhelp: add --versus SCENARIO, --versus-host URL or \
             --versus-set PATH=VALUE",
        )
    }

    /// The least change that is worth a word, as a share.
    pub(super) fn least_effect(&self) -> f64 {
        self.least_effect.unwrap_or(0.05)
    }

    /// Whether there are two sides.
    pub(super) fn is_versus(&self) -> bool {
        self.versus.is_some() || !self.versus_host.is_empty() || !self.versus_set.is_empty()
    }

    /// The scenario of side B, if there is one.
    pub(in crate::cli) fn other(&self, a: &ScenarioOptions) -> Option<ScenarioOptions> {
        self.is_versus().then(|| a.with(self.versus.as_deref(), &self.versus_host, &self.versus_set))
    }

    /// How many runs each side has.
    pub(super) fn runs(&self) -> u16 {
        self.repeat.unwrap_or(A_SIDE)
    }
}
