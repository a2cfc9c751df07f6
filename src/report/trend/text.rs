//! A trend for a person: for each row a table of its runs, and a line of bars for each metric.

use crate::report::columns::printable;
use crate::report::grid::{ALWAYS, Cell, Column, GAP, Grid, Row};
use crate::report::paint::{Paint, Tint};
use crate::report::trend::{Trend, TrendRun, title};
use crate::report::verdict::Impression;
use crate::stats::RowKey;
use crate::stats::metric::{Metric, Unit};
use crate::units::fitting;

/// More rows than these are for `--row`, `--format csv` and `--format json`.
const MAX_ROWS: usize = 20;

/// So many characters of a git revision tell it apart.
const REVISION: usize = 12;

/// The whole text, for a terminal with this many columns.
pub fn text(trend: &Trend, columns: usize, paint: Paint) -> String {
    let keys = trend.keys();
    let mut blocks: Vec<String> =
        keys.iter().take(MAX_ROWS).map(|key| block(trend, key, columns, paint)).collect();
    if keys.len() > MAX_ROWS {
        blocks.push(format!(
            "{} of {} rows are not shown here: --row chooses some, --format csv and json have all\n",
            keys.len() - MAX_ROWS,
            keys.len()
        ));
    }
    blocks.join("\n")
}

/// One row of the statistics: its runs, and the course of each metric.
fn block(trend: &Trend, key: &RowKey, columns: usize, paint: Paint) -> String {
    let column = |heading: String, worth| Column { heading, worth, least_width: 0 };
    // What a terminal has no room for goes from the left: the course below has the metrics anyway.
    let mut heads = vec![column("git".to_owned(), 0), column("verdict".to_owned(), 1)];
    heads.extend((2..).zip(&trend.metrics).map(|(worth, metric)| column(metric.to_string(), worth)));
    if let Some(last) = heads.last_mut() {
        last.worth = ALWAYS;
    }
    let rows = trend.runs.iter().filter_map(|run| Some(line(trend, run, run.row(key)?)));
    let grid = Grid {
        title: printable(&title(key)),
        columns: heads,
        rows: rows.collect(),
        least_name: 24,
        gap: GAP,
    };
    let mut lines = grid.lines(columns, paint);
    let width = trend.metrics.iter().map(|metric| metric.to_string().len()).max().unwrap_or_default();
    for (number, metric) in trend.metrics.iter().enumerate() {
        lines.push(course(*metric, width, &trend.values(key, number), columns, paint));
    }
    lines.join("\n") + "\n"
}

fn line(trend: &Trend, run: &TrendRun, values: &[Option<f64>]) -> Row {
    let revision: String =
        run.git_revision.iter().flat_map(|revision| revision.chars()).take(REVISION).collect();
    let tint = match run.impression {
        Impression::Good => Tint::Good,
        Impression::Doubtful => Tint::Warning,
        Impression::Bad => Tint::Bad,
    };
    let mut cells = vec![Cell::from(printable(&revision)), Cell { text: run.word.to_lowercase(), tint }];
    cells.extend(trend.metrics.iter().zip(values).map(|(metric, value)| shown(*metric, *value).into()));
    Row { indent: 0, name: run.name.clone(), tint: Tint::Plain, cells }
}

/// `p99  ▁▂▃█  4.10 ms → 5.20 ms (+27 %)`: the newest runs that there is room for.
fn course(metric: Metric, width: usize, values: &[Option<f64>], columns: usize, paint: Paint) -> String {
    /// Room for the two values and their difference.
    const WORDS: usize = 40;
    let room = columns.saturating_sub(width + WORDS).max(8);
    let newest = &values[values.len().saturating_sub(room)..];
    let change = change(metric, newest).map_or_else(String::new, |change| format!("  {change}"));
    let bars = paint.text(Tint::Progress, &bars(newest));
    format!("  {:width$}  {bars}{change}", metric.to_string())
}

/// From the first known value to the last one: `4.10 ms → 5.20 ms (+27 %)`; `None` with fewer than two.
pub fn change(metric: Metric, values: &[Option<f64>]) -> Option<String> {
    let mut known = values.iter().flatten();
    let (first, last) = (known.next()?, known.next_back()?);
    let [from, to] = [first, last].map(|value| shown(metric, Some(*value)));
    let percent = (last / first - 1.0) * 100.0;
    let is_unknown = metric.is_time() && *last == 0.0;
    let percent = match percent.round() {
        none if is_unknown || !none.is_finite() => String::new(),
        0.0 => " (0 %)".to_owned(),
        percent => format!(" ({percent:+} %)"),
    };
    Some(format!("{from} → {to}{percent}"))
}

/// A bar for each value, the lowest for the least of them; a space where there is none.
fn bars(values: &[Option<f64>]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (least, greatest) =
        values.iter().flatten().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), value| {
            (least.min(*value), greatest.max(*value))
        });
    let bar = |value: f64| {
        let share = if greatest > least { (value - least) / (greatest - least) } else { 0.0 };
        // The highest step whose lower end the share reaches.
        let steps = BARS.len() as f64;
        (0..BARS.len()).rev().find(|step| share * steps >= *step as f64).map_or(BARS[0], |step| BARS[step])
    };
    values.iter().map(|value| value.map_or(' ', bar)).collect()
}

/// A value in the unit that fits.
pub fn shown(metric: Metric, value: Option<f64>) -> String {
    let Some(value) = value else { return "-".to_owned() };
    match metric.unit() {
        // Only files of whole milliseconds have it.
        Unit::Milliseconds if value == 0.0 => "< 1 ms".to_owned(),
        Unit::Milliseconds => fitting::time_ms(value),
        Unit::PerSecond => fitting::rate(value),
        Unit::Percent => fitting::percent(value / 100.0),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count is a whole number from 0"
        )]
        _ => fitting::count(value as u64),
    }
}
