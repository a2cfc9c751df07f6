//! The options of `run`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use tracing::Level;

use crate::cli::completers;
use crate::cli::mistake::Mistake;
use crate::cli::outputs::{self, Render, Wanted};
use crate::cli::plan::RatioOptions;
use crate::cli::repeat::RepeatOptions;
use crate::cli::scenario_options::ScenarioOptions;
use crate::cli::screen::PrintStats;
use crate::cli::web::options::WebOptions;
use crate::engine;
use crate::plan::Plan;
use crate::report::csv::history::{History, HistoryRows};
use crate::report::csv::state::StateFile;
use crate::stats::percentiles::PercentileList;
use crate::units::Moment;

/// Paragraphs are not broken here, since the terminal may have any width. Examples fit eighty columns.
const AFTER_HELP: &str = "\
Ctrl-C, SIGTERM or SIGHUP stops the run: users finish their tasks (--stop-timeout), all files are written, and the \
verdict says how far the run came. A second Ctrl-C or SIGTERM ends the run at once. Every file is then complete, and \
at most one second old.

While it runs on a terminal, w and W start 1 and 10 more users, s and S stop 1 and 10, and q stops the run as Ctrl-C \
does.

Exit codes:
  0    the run was fine, or was fine until it was interrupted
  1    requests failed (--exit-code-on-error)
  2    wrong usage or a wrong scenario
  3    a threshold was missed or could not be judged, or B is worse than A
  4    the run could not go on, or a file could not be written
  130  the run was interrupted twice

Examples:
  mqtt-scenario run
  mqtt-scenario run scenarios/seed.toml -H localhost -u 50 -t 30s --csv out/seed
  mqtt-scenario run scenarios/publish.toml --out runs
  mqtt-scenario run my.toml -H old:1883 --versus-host new:1883 -t 60s
  mqtt-scenario run my.toml --shard 0/4 --run-id nightly-7 --start-at 12:30:00
  mqtt-scenario run -f my.toml -u 100 -r 10 --html 'report_{u}_{r}.html' Car Bus
  mqtt-scenario run my.yaml --request-log out/requests.jsonl --only-summary";

/// Run a scenario
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(in crate::cli) struct RunOptions {
    #[command(flatten)]
    pub(super) scenario: ScenarioOptions,

    /// Run only users of these classes, as -C does
    #[arg(value_name = "CLASS", add = completers::user_classes())]
    classes: Vec<String>,

    /// Write Locust's four CSV files
    #[arg(long, value_name = "PREFIX")]
    #[arg(help = "Write Locust's four CSV files: PREFIX_stats.csv, _stats_history, _failures, _exceptions")]
    pub(super) csv: Option<PathBuf>,

    /// Each second, write one history row per statistics row, with percentiles of the last ten seconds
    #[arg(long, requires = "csv")]
    pub(super) csv_full_history: bool,

    /// The percentiles of the CSV files and tables, as fractions
    #[arg(long, value_name = "LIST", value_parser = PercentileList::from_str)]
    #[arg(help = "The percentiles of the CSV files and tables, as fractions with commas between, such as \
                  0.25,0.5,0.99 [default: Locust's list]")]
    pub(super) percentiles: Option<PercentileList>,

    /// Write every request as a line of JSON, from which `mqtt-scenario replay` makes the CSV files again
    #[arg(long, value_name = "FILE")]
    pub(super) request_log: Option<PathBuf>,

    /// Write the result of the run as JSON: the document `result.json` that docs/result.md describes
    #[arg(long, value_name = "FILE")]
    pub(super) summary_json: Option<PathBuf>,

    /// Make a folder of this run in DIR, with everything that it leaves behind
    #[arg(long, value_name = "DIR")]
    #[arg(help = "Make a folder of this run in DIR, named by time and scenario: result.json, \
                  report.html, the four CSV files, history.hlog (a histogram per row and second), run.log, the \
                  scenario and its plan")]
    pub(super) out: Option<PathBuf>,

    /// Write a report for any browser: one file that needs nothing from the network
    #[arg(long, value_name = "FILE")]
    #[arg(
        help = "Write a report for any browser: one file that needs nothing from the network. {u}, {r} and {t} in its \
                  name become the users, the spawn rate and the run time in seconds"
    )]
    html: Option<PathBuf>,

    /// Write the verdicts on thresholds in the form of `JUnit`, which CI servers show
    #[arg(long, value_name = "FILE")]
    #[arg(help = "Write the verdicts on thresholds as JUnit XML, which CI servers show")]
    pub(super) junit: Option<PathBuf>,

    /// Print the statistics as Locust's JSON instead of the tables at the end
    #[arg(long, conflicts_with = "print_stats")]
    pub(super) json: bool,

    /// Write the statistics as Locust's JSON to NAME.json
    #[arg(long, value_name = "NAME")]
    pub(super) json_file: Option<PathBuf>,

    /// Wait for this moment before the first user starts: all shards of a run at the same one
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    #[arg(
        help = "Wait for this moment before the first user starts, as the other shards of the run do: 12:30:00 (UTC), \
                  2026-11-29T12:30:00Z or seconds of unix time"
    )]
    pub(super) start_at: Option<Moment>,

    #[command(flatten)]
    pub(super) repeat: RepeatOptions,

    #[command(flatten)]
    pub(in crate::cli) web: WebOptions,

    /// Maximum number of rows in the statistics; requests with further names are counted in one extra row
    #[arg(long, value_name = "N", default_value_t = engine::MAX_ROWS, value_parser = at_least_one)]
    pub(super) max_rows: usize,

    /// Show no progress during the run, only what runs and the summary at the end
    #[arg(long)]
    pub(super) only_summary: bool,

    /// Print nothing but errors: the exit code and the files tell how the run went
    #[arg(short, long, conflicts_with = "print_stats")]
    pub(in crate::cli) quiet: bool,

    /// The table of rows at the end: `table` in fitting units, `locust` Locust's three tables to the byte
    #[arg(long, value_name = "FORM", value_enum, default_value_t, hide_possible_values = true)]
    pub(super) print_stats: PrintStats,

    /// Reset the statistics when all users have started
    #[arg(long)]
    pub(super) reset_stats: bool,

    /// Exit code of a run that had failures or exceptions
    #[arg(long, value_name = "CODE", allow_negative_numbers = true)]
    #[arg(help = "Exit code of a run that had failures or exceptions [default: 1]")]
    pub(super) exit_code_on_error: Option<u8>,

    /// Number of threads that run the users; by default one per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    #[arg(allow_negative_numbers = true)]
    pub(super) threads: Option<u16>,

    #[command(flatten)]
    pub(super) ratio: RatioOptions,

    /// Run without a page, as every run does without --web
    #[arg(long, conflicts_with = "web")]
    pub(super) headless: bool,

    /// How much to log: error, warning, info, debug
    #[arg(short = 'L', long, value_name = "LEVEL", value_parser = parse_level)]
    #[arg(help = "How much to log: error, warning, info, debug [default: info]")]
    pub(super) loglevel: Option<Level>,

    /// Write the log to this file instead of standard error
    #[arg(long, value_name = "FILE")]
    pub(super) logfile: Option<PathBuf>,
}

/// Locust's names of the levels, in any case, and Rust's.
pub(in crate::cli) fn parse_level(text: &str) -> Result<Level, String> {
    match text.to_ascii_lowercase().as_str() {
        "critical" | "error" => Ok(Level::ERROR),
        "warning" | "warn" => Ok(Level::WARN),
        "info" => Ok(Level::INFO),
        "debug" => Ok(Level::DEBUG),
        "trace" => Ok(Level::TRACE),
        _ => Err("one of error, warning, info, debug".into()),
    }
}

impl RunOptions {
    /// The scenario that it is about.
    pub(in crate::cli) fn scenario(&self) -> &ScenarioOptions {
        &self.scenario
    }

    /// The same, to change it.
    pub(in crate::cli) fn scenario_mut(&mut self) -> &mut ScenarioOptions {
        &mut self.scenario
    }

    /// What is printed instead of a run, if something is asked for.
    pub(in crate::cli) fn ratio_text(&self, plan: &Plan) -> Option<String> {
        self.ratio.text(plan)
    }

    /// The same options for another scenario, or for the same one with other flags.
    pub(in crate::cli) fn with_scenario(&self, scenario: ScenarioOptions) -> Self {
        Self { scenario, ..self.clone() }
    }

    /// The percentiles of the files and tables.
    pub(in crate::cli) fn percentiles(&self) -> PercentileList {
        self.percentiles.clone().unwrap_or_default()
    }

    /// The file with the history of every row, if one is written.
    pub(in crate::cli) fn full_history(&self) -> Option<PathBuf> {
        self.csv.as_ref().filter(|_| self.csv_full_history).map(|prefix| HistoryRows::path(prefix))
    }

    /// The files that will be written, each with the flag that asks for it.
    pub(super) fn outputs(&self, plan: &Plan) -> Vec<(&'static str, PathBuf)> {
        let mut outputs = Vec::new();
        if let Some(prefix) = &self.csv {
            outputs.extend(StateFile::ALL.map(|table| ("--csv", table.path(prefix))));
            outputs.push(("--csv", HistoryRows::path(prefix)));
        }
        for (flag, path) in [
            ("--request-log", &self.request_log),
            ("--summary-json", &self.summary_json),
            ("--html", &self.html(plan)),
            ("--junit", &self.junit),
            ("--json-file", &self.locust_json()),
            ("--logfile", &self.logfile),
        ] {
            outputs.extend(path.clone().map(|path| (flag, path)));
        }
        outputs
    }

    /// The same for people: as they named it.
    pub(super) fn written(&self, plan: &Plan) -> Vec<String> {
        let csv = self.csv.iter().map(|prefix| format!("{}_*.csv", prefix.display()));
        let (html, json) = (self.html(plan), self.locust_json());
        let others = [&self.request_log, &self.summary_json, &html, &self.junit, &json, &self.logfile];
        csv.chain(others.into_iter().flatten().map(|path| path.display().to_string())).collect()
    }

    /// The file of `--json-file`: the name always gets an ending, as in Locust.
    fn locust_json(&self) -> Option<PathBuf> {
        self.json_file.as_ref().map(|name| {
            let mut path = name.clone().into_os_string();
            path.push(".json");
            path.into()
        })
    }

    /// Whether something asks for Locust's JSON.
    pub(super) fn wants_locust_json(&self) -> bool {
        self.json || self.json_file.is_some()
    }

    /// What the flags ask for.
    pub(super) fn wanted(&self, plan: &Plan) -> Wanted {
        let html = self.html(plan);
        let documents: [(_, _, Render); 3] = [
            ("result", &self.summary_json, outputs::result_json),
            ("report", &html, outputs::html),
            ("JUnit file", &self.junit, outputs::junit),
        ];
        let to_stdout = self.json.then(|| PathBuf::from("/dev/stdout"));
        Wanted {
            csv: self.csv.iter().cloned().collect(),
            percentiles: self.percentiles.clone().unwrap_or_default(),
            history: if self.csv_full_history { History::Full } else { History::Aggregated },
            request_log: self.request_log.clone(),
            history_log: None,
            locust_json: self.locust_json().into_iter().chain(to_stdout).collect(),
            documents: documents
                .into_iter()
                .filter_map(|(what, path, render)| Some((what, path.clone()?, render)))
                .collect(),
        }
    }

    /// Brings what Locust says in other words into the options that say it here.
    pub(in crate::cli) fn settle(&mut self) -> Result<(), Mistake> {
        self.scenario.settle(Some(std::mem::take(&mut self.classes)))?;
        self.web.settle()
    }

    /// The file of the report, named as Locust names it: by what the run is.
    fn html(&self, plan: &Plan) -> Option<PathBuf> {
        let name = self.html.as_ref()?;
        let Some(text) = name.to_str().filter(|text| text.contains('{')) else { return Some(name.clone()) };
        let first = plan.load.stages.first();
        let fields = [
            ("{u}", first.map(|stage| stage.users.total().to_string())),
            ("{r}", first.map(|stage| stage.spawn_rate.to_string())),
            ("{t}", plan.load.run_time.map(|time| time.as_secs_f64().to_string())),
        ];
        // As in Locust, a field that the run does not have stays as it is.
        let named = fields.into_iter().fold(text.to_owned(), |name, (field, value)| match value {
            Some(value) => name.replace(field, &value),
            None => name,
        });
        Some(named.into())
    }
}

/// With no room for a single row nothing could be told of a run.
fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|rows| *rows > 0).ok_or_else(|| "write a whole number from 1".to_owned())
}
