//! What a run needs before it can begin: brokers and outputs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tokio::runtime::{Builder, Runtime};
use tracing::{info, warn};

use crate::broker::Broker;
use crate::cli::endpoints::open_brokers;
use crate::cli::lines::Lines;
use crate::cli::load::{Loaded, certificate_files};
use crate::cli::outputs::{self, OutputError, Outputs, RunFolder, Wanted};
use crate::cli::run::options::RunOptions;
use crate::cli::run::process::{log_error, open_log};
use crate::cli::run::start;
use crate::cli::{conflicts, exit};
use crate::client::transport::Endpoint;
use crate::describe::describe;
use crate::engine::limits::raise_open_files;
use crate::plan::Plan;
use crate::plan::target::Target;
use crate::plan::timeline::LoadTimeline;
use crate::report::destination::Destination;
use crate::watch::{Source, sources};

/// All that a run needs besides its plan.
pub(in crate::cli) struct Prepared {
    pub(super) runtime: Runtime,
    pub(super) brokers: Vec<Broker>,
    pub(super) endpoints: Vec<Endpoint>,
    /// What is watched of the brokers.
    pub(super) sources: Vec<Source>,
    pub(super) outputs: Outputs,
    /// The folder of the run, if one is wanted.
    pub(super) folder: Option<RunFolder>,
    /// The log in that folder.
    pub(super) run_log: Option<(PathBuf, Lines)>,
    /// When it shall begin, if not at once.
    pub(super) start_at: Option<SystemTime>,
}

/// Makes sure that the run can begin, and touches no older result before it is; an error is an exit code and a message.
pub(in crate::cli) fn prepare(options: &RunOptions, loaded: &Loaded) -> Result<Prepared, (u8, String)> {
    fn cannot(error: impl std::fmt::Display) -> (u8, String) {
        (exit::CANNOT_GO_ON, error.to_string())
    }
    let start_at =
        options.start_at.map(start::moment).transpose().map_err(|message| (exit::BAD_INPUT, message))?;
    let plan = &loaded.plan;
    let folder = options.scenario.path().parent().unwrap_or(Path::new(""));
    let written = options.outputs(plan);
    if !written.is_empty() {
        let inputs = loaded.inputs.iter().cloned().chain(certificate_files(plan, folder)).collect::<Vec<_>>();
        conflicts::refuse(&written, &inputs).map_err(|message| (exit::BAD_INPUT, message))?;
    }
    raise_open_files(connections(plan, &LoadTimeline::of(plan))).map_err(cannot)?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let (brokers, endpoints) = open_brokers(plan, folder, &runtime).map_err(cannot)?;

    if let Some(path) = &options.logfile {
        Destination::find(path).map_err(log_error)?;
    }
    let mut wanted = options.wanted(plan);
    let folder = match (&options.repeat.run_folder, &options.out) {
        (Some(path), _) => Some(RunFolder::at(path).map_err(cannot)?),
        (None, Some(parent)) => {
            Some(RunFolder::create(parent, &plan.name, SystemTime::now()).map_err(cannot)?)
        }
        (None, None) => None,
    };
    if let Some(folder) = &folder {
        fill(folder, loaded, &mut wanted).map_err(cannot)?;
    }
    let outputs = Outputs::find(wanted).map_err(cannot)?;

    let run_log = folder.as_ref().map(|folder| open_log(folder.file("run.log"))).transpose()?;
    let sources = sources(plan, &endpoints, &loaded.run_id);
    Ok(Prepared { runtime, brokers, endpoints, sources, outputs, folder, run_log, start_at })
}

/// Writes the scenario and its plan into the folder of a run, and adds the other files to what is wanted.
fn fill(folder: &RunFolder, loaded: &Loaded, wanted: &mut Wanted) -> Result<(), OutputError> {
    for (index, (path, text)) in loaded.texts.iter().enumerate() {
        let name = path.file_name().map_or_else(|| "scenario".into(), |name| name.to_string_lossy());
        match index {
            0 => {
                let extension = path.extension().map_or_else(|| "toml".into(), |it| it.to_string_lossy());
                folder.write("scenario", &format!("scenario.{extension}"), text)?;
            }
            _ => folder.write("scenario", &format!("included-{index}-{name}"), text)?,
        }
    }
    folder.write("plan", "plan.txt", &describe(&loaded.plan))?;
    wanted.csv.push(folder.file("run"));
    wanted.history_log = Some(folder.file("history.hlog"));
    wanted.documents.push(("result", folder.file("result.json"), outputs::result_json));
    wanted.documents.push(("report", folder.file("report.html"), outputs::html));
    Ok(())
}

/// Prints the first lines: what runs, its warnings, and where it runs.
pub(super) fn announce(
    options: &RunOptions,
    plan: &Plan,
    prepared: &Prepared,
    stderr: &Lines,
    warnings: &str,
    variables: &BTreeSet<String>,
) {
    if options.scenario.is_built_in() && !options.quiet {
        stderr.say(
            "No scenario is named, so the built-in example runs. To change it: mqtt-scenario init --from publish\n",
        );
    }
    info!("Running {} ({})", options.scenario.path().display(), plan.name);
    // Of several runs, the program that runs them has told them once.
    if !warnings.is_empty() && !options.quiet && options.repeat.run_folder.is_none() {
        stderr.say(warnings);
    }
    let told = &options.scenario.locust.told;
    told.notes().into_iter().for_each(|note| info!("{note}"));
    told.warnings(variables).into_iter().for_each(|warning| warn!("{warning}"));
    for broker in &prepared.brokers {
        info!("Embedded broker listening on {}", broker.addr());
    }
    for broker in plan.brokers.iter().filter(|broker| broker.tls.as_ref().is_some_and(|tls| tls.insecure)) {
        warn!("INSECURE: no certificate is checked for the broker {}", broker.name);
    }
}

fn connections(plan: &Plan, timeline: &LoadTimeline) -> u64 {
    u64::from(timeline.most_in_all) * files_of_a_user(plan)
}

/// File descriptors for the connection of a user: an embedded broker holds the other end of it.
pub(in crate::cli) fn files_of_a_user(plan: &Plan) -> u64 {
    let embedded = plan.brokers.iter().any(|broker| matches!(broker.target, Target::Embedded { .. }));
    if embedded { 2 } else { 1 }
}
