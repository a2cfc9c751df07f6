//! How the load generator itself did, and the clocks that response times can start from.

use askama::Template;

use crate::report::html::text;
use crate::stats::result::RunResult;
use crate::stats::result::generator::{Generator, Used};
use crate::stats::result::row::Times;
use crate::units::fitting;

#[derive(Template)]
#[template(path = "report/generator.html", whitespace = "minimize")]
pub(crate) struct GeneratorSection {
    sentence: String,
    class: &'static str,
    /// Name, value, meaning.
    facts: Vec<(&'static str, String, &'static str)>,
    /// Name, meaning and p50, p99, p99.9, longest.
    clocks: Vec<(&'static str, &'static str, [String; 4])>,
    late: Option<String>,
}

impl GeneratorSection {
    pub(crate) fn of(result: &RunResult) -> Self {
        let generator = &result.generator;
        let starts = result.scheduled_starts;
        Self {
            sentence: text::line(&generator.sentence),
            class: if generator.was_the_limit { "bad" } else { "good" },
            facts: facts(generator),
            clocks: clocks(result),
            late: (starts.count > 0).then(|| {
                format!(
                    "Of {} task runs that a schedule started, {} were late, because their user was still busy.",
                    fitting::count(starts.count),
                    fitting::count(starts.late)
                )
            }),
        }
    }

    /// Returns whether there is something to tell.
    pub(crate) fn is_known(&self) -> bool {
        !self.facts.is_empty() || !self.clocks.is_empty()
    }
}

fn facts(generator: &Generator) -> Vec<(&'static str, String, &'static str)> {
    let used = |used: Used| format!("{} of {}", fitting::count(used.used), fitting::count(used.of));
    let cpu = generator.cpu_cores.map(|cores| format!("{:.0} % of a core", cores * 100.0));
    let lag = generator.send_lag_ms.map(|lag| {
        let [p50, p99, max] = [lag.p50, lag.p99, lag.max].map(fitting::time_ms);
        format!("p50 {p50}, p99 {p99}, longest {max}")
    });
    let limited = (generator.seconds > 0).then(|| {
        format!("{} of {} s", fitting::count(generator.limited_seconds), fitting::count(generator.seconds))
    });
    let stood_still = (generator.standstills.count > 0).then(|| {
        let all = text::length(generator.standstills.seconds);
        format!("{} times, {all} in all", fitting::count(generator.standstills.count))
    });
    let facts = [
        (
            "It was the limit",
            limited,
            "Seconds in which response times include a delay of the load generator itself",
        ),
        ("CPU", cpu, "Mean over the run, without an embedded broker"),
        ("Send lag", lag, "How late pauses ended"),
        (
            "Stood still",
            stood_still,
            "The whole process did nothing: it was stopped, or the machine was suspended",
        ),
        ("Open files", generator.open_files.map(used), "The most at a time, of those that the system allows"),
        (
            "Local ports",
            generator.local_ports.map(used),
            "The most connections to one address, of those that local ports allow",
        ),
    ];
    facts.into_iter().filter_map(|(name, value, meaning)| Some((name, value?, meaning))).collect()
}

/// Response times by what they start from, if it makes a difference in this run.
fn clocks(result: &RunResult) -> Vec<(&'static str, &'static str, [String; 4])> {
    if result.service_time_ms.is_none() && result.from_intended_moments_ms.is_none() {
        return Vec::new();
    }
    let clocks = [
        ("Response time", "As everywhere on this page", result.response_times_ms),
        (
            "From when it was due",
            "Users with pacing: a request that starts late because the one before was slow counts as slow",
            result.from_intended_moments_ms,
        ),
        ("Service time", "Requests that a schedule started, from when each began", result.service_time_ms),
    ];
    let times = |times: Times| [times.p50, times.p99, times.p999, times.max].map(fitting::time_ms);
    clocks.into_iter().filter_map(|(name, meaning, of)| Some((name, meaning, times(of?)))).collect()
}
