//! What is said before a run begins: what will run, against whom, for how long, and where the results go.

use std::time::Duration;

use crate::cli::screen::size::Size;
use crate::report::columns::{fit, left, printable};
use crate::report::paint::{Paint, Tint};
use crate::stats::result::what_ran::WhatRan;
use crate::units::fitting::{count, length};

/// More addresses than these are not listed.
const MAX_ADDRESSES: usize = 5;

/// The lines before a run; `stages` is how many there are, and `results` are the paths of what will be written.
pub(in crate::cli) fn banner(run: &WhatRan, stages: usize, results: &[String], coloured: bool) -> String {
    text(run, stages, results, Size::of_stderr().columns, Paint { coloured })
}

fn text(run: &WhatRan, stages: usize, results: &[String], columns: usize, paint: Paint) -> String {
    let addresses: Vec<_> = run
        .brokers
        .iter()
        .flat_map(|broker| {
            let version = format!("MQTT {}", broker.mqtt_version);
            broker.addresses.iter().map(move |address| format!("{address} ({}, {version})", broker.name))
        })
        .collect();
    let mut lines = vec![("scenario", format!("{} ({})", run.scenario, run.file))];
    lines.extend(addresses.iter().take(MAX_ADDRESSES).map(|address| ("broker", address.clone())));
    if let Some(more @ 1..) = addresses.len().checked_sub(MAX_ADDRESSES) {
        lines.push(("", format!("and {more} more")));
    }
    let in_stages = if stages > 1 { format!(" at most, in {stages} stages") } else { String::new() };
    if let Some(shard) = run.shard() {
        lines.push(("shard", format!("{shard} of the run {}", run.run_id.as_deref().unwrap_or_default())));
    }
    let of_all = run.shards.as_ref().map_or_else(String::new, |of| format!(" of {}", count(of.users.into())));
    lines.push(("users", format!("{}{of_all}{in_stages}", count(run.users.into()))));
    let planned = run.planned_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let lasts = planned.map_or_else(|| "until it is stopped (Ctrl-C)".to_owned(), length);
    lines.push(("length", lasts));
    if let Some(seed) = run.seed {
        lines.push(("seed", seed.to_string()));
    }
    match results {
        [] => lines.push(("results", "only shown here; --out DIR keeps them".to_owned())),
        results => lines.extend(results.iter().map(|path| ("results", path.clone()))),
    }
    let mut out = String::new();
    let mut before = "";
    for (what, text) in lines {
        let label = if what == before { "" } else { what };
        before = what;
        let fitted = fit(&format!("  {}  {}", left(label, 8), printable(&text)), columns);
        let rest = fitted.get(10..).unwrap_or_default();
        out.push_str(&paint.text(Tint::Dim, fitted.get(..10).unwrap_or_default()));
        out.push_str(rest);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;
