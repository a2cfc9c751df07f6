//! What ran, of several runs: what they have in common, and what differs side by side.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::merge::shards;
use crate::stats::result::RunResult;
use crate::stats::result::what_ran::{BrokerRan, Host, Shards, WhatRan};

/// What different values of one text are separated by; a merged result that is merged again is split there.
const BETWEEN: &str = ", ";

/// How a run can end, the worst first.
const ENDS: [&str; 5] = ["error", "aborted", "threshold", "interrupted", "finished"];

/// All of them, without `users`, `merged_from` and `merged_ids`.
pub(super) fn merged(all: &[&RunResult]) -> WhatRan {
    let each = || all.iter().map(|of| &of.run);
    let ends: BTreeSet<&str> = each().map(|run| run.end.as_str()).collect();
    let planned: Option<Vec<f64>> = each().map(|run| run.planned_s).collect();
    WhatRan {
        program: texts(each().map(|run| run.program.as_str())),
        scenario: texts(each().map(|run| run.scenario.as_str())),
        file: texts(each().map(|run| run.file.as_str())),
        git_revision: common(each().map(|run| &run.git_revision)),
        scenario_text: common(each().map(|run| &run.scenario_text)),
        plan_text: common(each().map(|run| &run.plan_text)),
        host: host(each().map(|run| &run.host)),
        started: each().map(|run| run.started).fold(f64::INFINITY, f64::min),
        ended: each().map(|run| run.ended).fold(f64::NEG_INFINITY, f64::max),
        seed: common(each().map(|run| &run.seed)),
        run_id: common(each().map(|run| &run.run_id)),
        shards: shards::merged(all),
        clock: None,
        changes: same_changes(all),
        users: 0,
        planned_s: planned.and_then(|planned| planned.into_iter().max_by(f64::total_cmp)),
        brokers: brokers(each().flat_map(|run| &run.brokers)),
        end: ENDS.into_iter().find(|end| ends.contains(end)).unwrap_or_default().to_owned(),
        merged_from: Vec::new(),
        merged_ids: Vec::new(),
    }
}

/// What all of them changed. Which shard each one is stands in `shards`.
fn same_changes(all: &[&RunResult]) -> Vec<String> {
    let Some((first, others)) = all.split_first() else { return Vec::new() };
    let others: Vec<_> = others.iter().map(|of| flags(of)).collect();
    let all_have = |flag: &&[String]| others.iter().all(|of| of.contains(flag));
    flags(first).into_iter().filter(all_have).flatten().cloned().collect()
}

/// The flags that a run was given, each with its value, without that of its shard.
fn flags(of: &RunResult) -> Vec<&[String]> {
    let flags = of.run.changes.chunk_by(|_, next| !next.starts_with('-'));
    flags.filter(|flag| flag.first().is_none_or(|flag| flag != "--shard")).collect()
}

/// What shards of one run should have in common and do not, and which of them has what.
pub(super) fn unlike_shards(all: &[&RunResult]) -> Vec<String> {
    if shards::merged(all).is_none() {
        return Vec::new();
    }
    let of_flags = |of: &RunResult| flags(of).concat().join(" ");
    let of_brokers = |of: &RunResult| {
        let broker = |broker: &BrokerRan| {
            let addresses: BTreeSet<&str> = broker.addresses.iter().map(|address| chosen(address)).collect();
            let addresses = addresses.into_iter().collect::<Vec<_>>().join(BETWEEN);
            format!("{} {addresses} (MQTT {})", broker.name, broker.mqtt_version)
        };
        of.run.brokers.iter().map(broker).collect::<Vec<_>>().join(BETWEEN)
    };
    let different = |what: &str, has: &dyn Fn(&RunResult) -> String| {
        let mut found = BTreeMap::<String, Vec<u32>>::new();
        for result in all {
            found.entry(has(result)).or_default().extend(shards::indices(result));
        }
        let said = |(value, indices): (&String, &Vec<u32>)| {
            let value = if value.is_empty() { "nothing" } else { value };
            format!("{} had {value}", Shards::named(indices))
        };
        let said: Vec<String> = found.iter().map(said).collect();
        (found.len() > 1).then(|| format!("The shards had different {what}: {}.", said.join("; ")))
    };
    [
        different("flags", &of_flags),
        different("brokers", &of_brokers),
        different("versions of the program", &|of| of.run.program.clone()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The address of a broker as far as somebody has chosen it: the system draws the port of an embedded one.
fn chosen(address: &str) -> &str {
    let embedded = address.split_once(" at ").filter(|_| address.starts_with("embedded:"));
    embedded.map_or(address, |(url, _)| url)
}

/// What to say of runs that did not do the same thing: their sum describes none of them.
pub(super) fn unlike(all: &[&RunResult]) -> Option<String> {
    let runs = || all.iter().map(|of| &of.run);
    let names: BTreeSet<&str> =
        runs().flat_map(|run| run.scenario.split(BETWEEN)).filter(|name| !name.is_empty()).collect();
    if names.len() > 1 {
        let names: Vec<_> = names.into_iter().collect();
        return Some(format!("The results are of different scenarios: {}.", names.join(BETWEEN)));
    }
    let texts: BTreeSet<&str> = runs().filter_map(|run| run.scenario_text.as_deref()).collect();
    (texts.len() > 1).then(|| "The scenario files of the runs differ.".to_owned())
}

/// The different ones, in alphabetical order.
fn texts<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let different: BTreeSet<&str> =
        values.flat_map(|text| text.split(BETWEEN)).filter(|text| !text.is_empty()).collect();
    different.into_iter().collect::<Vec<_>>().join(BETWEEN)
}

/// The value that all have; `None` if they differ.
fn common<'a, T: Clone + PartialEq + 'a>(mut values: impl Iterator<Item = &'a Option<T>>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then(|| first.clone()).flatten()
}

/// The hosts; the cores of different hosts are added.
fn host<'a>(mut hosts: impl Iterator<Item = &'a Host>) -> Host {
    let Some(first) = hosts.next() else { return Host::default() };
    hosts.fold(first.clone(), |sum, host| {
        let known: BTreeSet<&str> = sum.name.split(BETWEEN).collect();
        let is_known = host.name.split(BETWEEN).any(|name| known.contains(name));
        Host {
            cores: if is_known { sum.cores.max(host.cores) } else { sum.cores.saturating_add(host.cores) },
            name: texts([sum.name.as_str(), &host.name].into_iter()),
            system: texts([sum.system.as_str(), &host.system].into_iter()),
        }
    })
}

/// Brokers of equal names are one, with the addresses of all.
fn brokers<'a>(all: impl Iterator<Item = &'a BrokerRan>) -> Vec<BrokerRan> {
    let mut found = BTreeMap::<&str, (BTreeSet<&str>, Vec<&str>)>::new();
    for broker in all {
        let (addresses, versions) = found.entry(&broker.name).or_default();
        addresses.extend(broker.addresses.iter().map(String::as_str));
        versions.push(&broker.mqtt_version);
    }
    let broker = |(name, (addresses, versions)): (&str, (BTreeSet<&str>, Vec<&str>))| BrokerRan {
        name: name.to_owned(),
        addresses: addresses.into_iter().map(str::to_owned).collect(),
        mqtt_version: texts(versions.into_iter()),
    };
    found.into_iter().map(broker).collect()
}
