//! What ran, where and when.

use askama::Template;

use crate::report::html::text;
use crate::stats::result::RunResult;
use crate::stats::result::what_ran::{BrokerRan, WhatRan};
use crate::units::fitting;

#[derive(Template)]
#[template(path = "report/what_ran.html", whitespace = "minimize")]
pub(crate) struct Head {
    /// Name and value of what is known.
    facts: Vec<(&'static str, String)>,
}

impl Head {
    pub(crate) fn of(result: &RunResult) -> Self {
        let run = &result.run;
        let known = |text: &str| (!text.is_empty()).then(|| text::line(text));
        let list = |texts: Vec<String>| (!texts.is_empty()).then(|| texts.join(", "));
        let facts = [
            ("Scenario file", known(&run.file)),
            (
                "Changed by",
                list(run.changes.iter().map(|change| text::line(change)).collect())
                    .map(|it| it.replace(", ", " ")),
            ),
            ("Git revision", run.git_revision.as_deref().and_then(known)),
            ("Program", known(&run.program)),
            ("Brokers", Some(brokers(run)).filter(|brokers| !brokers.is_empty())),
            ("Host", known(&host(run))),
            ("Started", Some(text::moment(run.started))),
            ("Ended", Some(text::moment(run.ended))),
            ("Length", Some(length(run))),
            ("End", known(&run.end).map(|end| ending(&end))),
            ("Users", (run.users > 0).then(|| format!("{} at most", fitting::count(u64::from(run.users))))),
            ("Seed", run.seed.map(|seed| seed.to_string())),
            ("Merged from", list(run.merged_from.iter().map(|path| text::line(path)).collect())),
        ];
        Self { facts: facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect() }
    }
}

/// The brokers with their addresses and versions; empty if the source does not tell.
pub(crate) fn brokers(run: &WhatRan) -> String {
    run.brokers.iter().map(broker).collect::<Vec<_>>().join(", ")
}

fn broker(broker: &BrokerRan) -> String {
    let addresses = broker.addresses.join(", ");
    let version = if broker.mqtt_version.is_empty() {
        String::new()
    } else {
        format!(", MQTT {}", broker.mqtt_version)
    };
    text::line(&if broker.name.is_empty() {
        format!("{addresses}{version}")
    } else {
        format!("{} ({addresses}{version})", broker.name)
    })
}

/// Name, system and cores of the host; empty if the source does not tell.
pub(crate) fn host(run: &WhatRan) -> String {
    let cores = match run.host.cores {
        0 => String::new(),
        1 => "1 core".to_owned(),
        cores => format!("{cores} cores"),
    };
    let parts = [run.host.name.as_str(), &run.host.system, &cores];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn length(run: &WhatRan) -> String {
    let length = text::length(run.ended - run.started);
    match run.planned_s {
        Some(planned) => format!("{length} (planned: {})", text::length(planned)),
        None => length,
    }
}

/// How a run ended, in words.
pub(crate) fn ending(end: &str) -> String {
    match end {
        "finished" => "finished as planned".to_owned(),
        "interrupted" => "interrupted by a signal, a key or the page".to_owned(),
        "running" => "not yet".to_owned(),
        "aborted" => "aborted".to_owned(),
        "threshold" => "ended by a threshold".to_owned(),
        "error" => "ended by an error".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests;
