//! What was most likely meant by a condition that cannot be read.

use crate::compile::problems::suggestion;
use crate::diagnostic::nearest;
use crate::stats::criterion::Fault;
use crate::stats::metric::{Metric, Statistic};

pub(super) fn help(fault: &Fault, text: &str) -> String {
    match fault {
        Fault::UnknownMetric(word) => other_word(word, text).map_or_else(
            || kept(word).unwrap_or_else(|| any_word(word)),
            |ours| format!("did you mean `{ours}`?"),
        ),
        _ if text.contains("&&") || text.contains(',') || text.contains(" and ") => {
            "write a threshold of its own for each: [\"p99 < 200ms\", \"failures < 1%\"]".to_owned()
        }
        _ => "a threshold reads \"p99 < 200ms\", \"failures < 1%\" or \"p95[MQTT connect] < 1s\"".to_owned(),
    }
}

fn any_word(word: &str) -> String {
    let (all, common) = (Metric::all_words(), Metric::words());
    if let Some(near) = nearest(word, all.iter().map(String::as_str)) {
        return format!("did you mean `{near}`?");
    }
    let list = suggestion(word, "metrics", common.iter().map(String::as_str));
    format!("{list}, and those of docs/thresholds.md")
}

/// For a percentile of times of which only a few are kept.
fn kept(word: &str) -> Option<String> {
    let times = ["send_lag", "service_time", "intended"];
    let prefix = times
        .into_iter()
        .find(|prefix| word.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_')))?;
    Statistic::from_word(word.strip_prefix(prefix)?.strip_prefix('_')?)?;
    Some(format!(
        "of `{prefix}` a run keeps {prefix}_p50, {prefix}_p90, {prefix}_p95, {prefix}_p99, {prefix}_p99.9 and \
         {prefix}_max"
    ))
}

/// What a metric of another tool, or in another order, is called here.
fn other_word(word: &str, text: &str) -> Option<String> {
    let word = word.to_ascii_lowercase();
    for first in ["succeeded", "failed", "send_lag", "service_time", "intended"] {
        // `p99_failed`.
        let turned = word.strip_suffix(first).and_then(|rest| rest.strip_suffix('_'));
        if let Some(metric) = turned.and_then(|rest| Metric::from_name(&format!("{first}_{rest}"))) {
            return Some(metric.to_string());
        }
    }
    let ours = match word.replace(['_', '-'], "").as_str() {
        "errors" | "error" | "fails" | "failed" => "failures",
        "errorrate" | "errorratio" | "failrate" | "failurerate" | "httpreqfailed" => "failures < 1%",
        "avg" | "mean" | "averageresponsetime" | "avgresponsetime" => "average",
        "med" => "median",
        "count" | "total" | "iterations" => "requests",
        "throughput" | "tps" | "qps" | "reqs/s" | "req/s" => "rps",
        "latency" | "responsetime" | "duration" | "httpreqduration" => "p99",
        "loss" | "lostmessages" | "messageloss" | "packetloss" | "missing" => "lost",
        "dups" | "duplicated" | "dup" => "duplicates",
        "outoforder" | "reordering" | "order" => "reordered",
        "succeeded" | "success" | "successes" => "succeeded_p99",
        "sendlag" | "lag" => "send_lag_p99",
        "servicetime" => "service_time_p99",
        "cpu" => "generator_cpu",
        "connections" => "connected",
        "maxrate" | "knee" | "capacity" => "highest_rate",
        // k6's `p(99)` and JMeter's `99%`.
        "p" | "" => {
            let number = text.trim_start().strip_prefix("p(")?.split(')').next()?;
            return Metric::from_name(&format!("p{number}")).map(|metric| metric.to_string());
        }
        word => {
            let number = word.trim_end_matches("thpercentile").trim_end_matches("th");
            return Metric::from_name(&format!("p{number}")).map(|metric| metric.to_string());
        }
    };
    Some(ours.to_owned())
}
