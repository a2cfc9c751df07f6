//! What the brokers said of themselves, beside what we know of the same.

use std::borrow::Cow;

use askama::Template;

use crate::report::html::chart::quantity::Quantity;
use crate::report::html::section::figure::Figure;
use crate::report::html::section::timeline::{OverTime, Timeline};
use crate::report::html::text;
use crate::report::verdict;
use crate::stats::result::RunResult;
use crate::stats::result::watched::{Watched, WatchedFigure};
use crate::units::fitting;

/// So many figures of a source have a chart.
const MAX_CHARTS: usize = 8;

/// If a source was silent for longer than this before the end of the run, the page says so.
const SILENCE_S: f64 = 1.5;

/// If a source told nothing for longer than this after the start of the run, the page says so.
const LATE_S: f64 = 0.5;

/// What a chart is worth, the best first: parts of the names that brokers give to their figures.
const WORTH: [&str; 9] = [
    "connections",
    "clients/connected",
    "clients_connected",
    "messages",
    "memory",
    "heap",
    "bytes",
    "dropped",
    "cpu",
];

/// Figures of open connections, by the ends of the names that brokers give them.
const CONNECTIONS: [&str; 9] = [
    "$SYS/broker/clients/connected",
    "/connections/count",
    "connections.count",
    "emqx_connections_count",
    "emqx_live_connections_count",
    "networking_connections_current",
    "broker_clients_connected",
    "mosquitto_clients_connected",
    "gauge_router_connections",
];

/// Figures of messages that the broker has sent to subscribers, by the ends of their names.
const SENT: [&str; 4] =
    ["publish/messages/sent", "metrics/messages/sent", "emqx_messages_sent", "publish_messages_sent"];

#[derive(Template)]
#[template(path = "report/watched.html", whitespace = "minimize")]
pub(crate) struct WatchedSection {
    sources: Vec<Shown>,
}

struct Shown {
    title: String,
    notes: Vec<String>,
    /// The best known first.
    rows: Vec<Row>,
    /// Those that did not change, with their value.
    still: Vec<(String, String)>,
    texts: Vec<(String, String)>,
    figures: Vec<Figure>,
}

struct Row {
    name: String,
    /// First, last, change, lowest, highest.
    cells: [String; 5],
    /// The same of what we know, and what it is.
    ours: Option<(&'static str, [String; 5])>,
}

impl WatchedSection {
    /// `None` if no broker was watched.
    pub(crate) fn of(result: &RunResult) -> askama::Result<Option<Self>> {
        if result.watched.is_empty() {
            return Ok(None);
        }
        let timeline = Timeline::of(result);
        let shown = result.watched.iter().map(|watched| Shown::of(watched, result, timeline.as_ref()));
        Ok(Some(Self { sources: shown.collect::<Result<_, _>>()? }))
    }
}

impl Shown {
    fn of(watched: &Watched, result: &RunResult, timeline: Option<&Timeline>) -> askama::Result<Self> {
        let mut notes: Vec<String> = watched.notes.iter().map(|note| text::line(note)).collect();
        notes.extend(late_begin(watched));
        notes.extend(silence(watched, result));
        let (mut changed, still): (Vec<_>, Vec<_>) =
            watched.figures.iter().partition(|figure| figure.lowest < figure.highest);
        changed.sort_by_key(|figure| worth(&figure.name));
        let charted: Vec<&WatchedFigure> =
            changed.iter().copied().filter(|figure| is_charted(figure)).take(MAX_CHARTS).collect();
        let figures = match timeline {
            Some(timeline) => charted
                .into_iter()
                .map(|figure| chart(figure, result, timeline))
                .collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        Ok(Self {
            title: format!("{}: {}", text::line(&watched.broker), text::line(&watched.source)),
            notes,
            rows: changed.into_iter().map(|figure| Row::of(figure, result)).collect(),
            still: still
                .into_iter()
                .map(|figure| (text::line(&figure.name), value_of(&figure.name, figure.last)))
                .collect(),
            texts: watched.texts.iter().map(|it| (text::line(&it.name), text::line(&it.text))).collect(),
            figures: figures.into_iter().flatten().collect(),
        })
    }
}

impl Row {
    fn of(figure: &WatchedFigure, result: &RunResult) -> Self {
        let &WatchedFigure { first, last, lowest, highest, .. } = figure;
        let of = |value| value_of(&figure.name, value);
        let change = change_of(last - first, of);
        let cells = [of(first), of(last), change, of(lowest), of(highest)];
        Self { name: text::line(&figure.name), cells, ours: ours(figure, result) }
    }
}

/// What we know of the same.
fn ours(figure: &WatchedFigure, result: &RunResult) -> Option<(&'static str, [String; 5])> {
    let of = |value| value_of("", value);
    if is_one_of(&figure.name, &CONNECTIONS) {
        let values = || result.series.points.iter().filter_map(|point| point.connected).map(f64::from);
        // Before the first second nobody is connected.
        let (first, last) = (0.0, values().next_back()?);
        let highest = values().fold(first, f64::max);
        return Some((
            "users of ours that are connected",
            [of(first), of(last), change_of(last - first, of), of(0.0), of(highest)],
        ));
    }
    let (from, to) = (figure.points.first()?.at_s, figure.points.last()?.at_s);
    // As long as the broker has told its figure, to the interval.
    let within = result.series.points.iter().filter(|point| point.at_s > from && point.at_s <= to);
    let received: u64 = within.map(|point| point.received).sum();
    let is_sent = is_one_of(&figure.name, &SENT) && result.received.messages > 0;
    is_sent.then(|| {
        let none = String::new;
        (
            "messages that reached us meanwhile",
            [none(), none(), format!("+{}", fitting::count(received)), none(), none()],
        )
    })
}

fn is_one_of(name: &str, ends: &[&str]) -> bool {
    // Labels do not matter, and counters of OpenMetrics have a word behind their names.
    let name = name.split('{').next().unwrap_or_default();
    let name = name.strip_suffix("_total").unwrap_or(name);
    ends.iter().any(|end| name.ends_with(end))
}

/// Whether all values are whole and none is below 0, as the axis of a count wants it.
fn is_charted(figure: &WatchedFigure) -> bool {
    let is_count = |value: f64| value >= 0.0 && value.fract() == 0.0;
    figure.points.iter().all(|point| is_count(point.value))
}

fn worth(name: &str) -> usize {
    let is_best = is_one_of(name, &CONNECTIONS) || is_one_of(name, &SENT);
    let known = WORTH.iter().position(|part| name.contains(part)).unwrap_or(WORTH.len());
    if is_best { 0 } else { known + 1 }
}

fn chart(figure: &WatchedFigure, result: &RunResult, timeline: &Timeline) -> askama::Result<Option<Figure>> {
    let ends = timeline.ends();
    let told = timeline.line(ends.map(|at_s| figure.at(at_s)));
    let connected = is_one_of(&figure.name, &CONNECTIONS);
    let ours = result.series.points.iter().map(|point| point.connected.filter(|_| connected).map(f64::from));
    let what =
        OverTime { title: "Broker", meaning: "", quantity: Quantity::Count, logarithmic: false, wide: false };
    let name = text::line(&figure.name);
    let lines = [("c-users", "the broker", told), ("c-connected", "users of ours", timeline.line(ours))];
    let chart = timeline.figure(what, &name, lines)?;
    let meaning = if connected {
        "What the broker counts, with connections that are not ours, and what we count."
    } else {
        ""
    };
    Ok(chart.map(|chart| Figure { title: Cow::Owned(name), meaning: meaning.into(), ..chart }))
}

/// What is to be known of figures that were first told after the start of the run.
fn late_begin(watched: &Watched) -> Option<String> {
    let first = watched.figures.iter().filter_map(|figure| figure.points.first()).map(|point| point.at_s);
    let first = first.fold(f64::INFINITY, f64::min);
    (first.is_finite() && first > LATE_S).then(|| {
        format!(
            "The broker told its first figures {} after the start, so First and Change do not hold what came before.",
            text::length(first)
        )
    })
}

/// What is to be known of figures that are older than the result.
fn silence(watched: &Watched, result: &RunResult) -> Option<String> {
    let length_s = result.run.ended - result.run.started;
    let last = watched.figures.iter().filter_map(|figure| figure.points.last()).map(|point| point.at_s);
    let last = last.fold(f64::NEG_INFINITY, f64::max);
    let silence_s = length_s - last;
    (last.is_finite() && silence_s > SILENCE_S).then(|| {
        let ago = text::length(silence_s);
        if result.run.end == verdict::RUNNING {
            format!("The broker told its figures for the last time {ago} ago.")
        } else {
            format!(
                "The broker told its figures for the last time {ago} before the end, so they do not hold what came after."
            )
        }
    })
}

/// A value of a figure with this name.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both are checked before")]
fn value_of(name: &str, value: f64) -> String {
    let (sign, size) = (if value < 0.0 { "−" } else { "" }, value.abs());
    let is_size =
        ["bytes", "memory", "heap"].iter().any(|part| name.contains(part)) && !name.contains("/load/");
    let text = match size {
        1e15.. => format!("{size:.3e}"),
        _ if is_size && size.fract() == 0.0 => fitting::bytes(size as u64),
        // Nobody reads the fractions of thousands.
        1e3.. => fitting::count(size.round() as u64),
        _ if size.fract() == 0.0 => fitting::count(size as u64),
        _ => format!("{size:.2}"),
    };
    format!("{sign}{text}")
}

fn change_of(change: f64, of: impl Fn(f64) -> String) -> String {
    if change > 0.0 { format!("+{}", of(change)) } else { of(change) }
}

#[cfg(test)]
mod tests;
