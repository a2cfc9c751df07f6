//! What ran, where and when: the head of a result, as the command line knows it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::describe::describe;
use crate::plan::roster::Roster;
use crate::plan::target::{Server, Target};
use crate::plan::timeline::LoadTimeline;
use crate::plan::{Broker, Plan};
use crate::stats::result::what_ran::{BrokerRan, Host, Shards, WhatRan};

/// What runs. `addresses` are those of embedded brokers, in the order of the plan; `text` is the scenario without its
/// secrets; `changes` is what was said in its place; `run_id` is what `${run.id}` stands for. The times and the end are filled in when they are known.
pub(super) fn what_ran(
    plan: &Plan,
    run_id: &str,
    file: &Path,
    text: Option<&str>,
    changes: Vec<String>,
    embedded: &[String],
) -> WhatRan {
    let mut embedded = embedded.iter();
    WhatRan {
        program: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        scenario: plan.name.clone(),
        file: file.display().to_string(),
        git_revision: git_revision(file),
        scenario_text: text.map(str::to_owned),
        plan_text: Some(describe(plan)),
        host: Host {
            name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cores: std::thread::available_parallelism()
                .map_or(1, |cores| cores.get().try_into().unwrap_or(1)),
        },
        started: 0.0,
        ended: 0.0,
        seed: Some(plan.seed),
        run_id: Some(run_id.to_owned()),
        clock: None,
        shards: (!plan.shard.is_whole()).then(|| Shards {
            of: plan.shard.of(),
            indices: vec![plan.shard.index()],
            users: LoadTimeline::most_wanted(Roster::of_all(plan), &plan.load),
            ..Shards::default()
        }),
        changes,
        users: LoadTimeline::most_wanted(Roster::of(plan), &plan.load),
        planned_s: LoadTimeline::of(plan).length().map(|length| length.as_secs_f64()),
        brokers: plan.brokers.iter().map(|broker| broker_ran(broker, &mut embedded)).collect(),
        end: String::new(),
        merged_from: Vec::new(),
        merged_ids: Vec::new(),
    }
}

fn broker_ran<'a>(broker: &Broker, embedded: &mut impl Iterator<Item = &'a String>) -> BrokerRan {
    let addresses = match &broker.target {
        Target::Remote { transport, servers } => {
            let transport = *transport;
            let address =
                |server: &Server| Target::Remote { transport, servers: vec![server.clone()] }.to_string();
            servers.iter().map(address).collect()
        }
        target @ Target::Embedded { .. } => {
            let at = embedded.next().map_or_else(String::new, |address| format!(" at {address}"));
            vec![format!("{target}{at}")]
        }
    };
    BrokerRan { name: broker.name.clone(), addresses, mqtt_version: broker.settings.version.to_string() }
}

/// The git revision that a file belongs to, with `-dirty` if the file has changed since; `None` outside of a
/// repository, without git, and for a file that git does not know.
fn git_revision(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name()?;
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        // A repository may name programs that git would run.
        command.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]);
        command.args(arguments).arg(name).current_dir(folder);
        command.env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null()).stderr(Stdio::null());
        let output = command.output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
    };
    let revision = git(&["log", "-1", "--format=%H", "--"]).filter(|text| !text.is_empty())?;
    let has_changed = git(&["status", "--porcelain", "--"]).is_none_or(|text| !text.is_empty());
    Some(if has_changed { format!("{revision}-dirty") } else { revision })
}
