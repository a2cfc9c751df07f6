//! The search for the highest rate: the rates that were tried, the lowest first, and the result in a sentence.

use crate::report::columns::{printable, wrapped};
use crate::report::grid::{ALWAYS, Cell, Column, GAP, Grid, Row};
use crate::report::paint::{Paint, Tint};
use crate::stats::result::{RunResult, TriedRate};
use crate::units::fitting::{count, rate, time_ms};

pub(super) fn lines(result: &RunResult, columns: usize, sentence: usize, paint: Paint) -> Vec<String> {
    let Some(search) = &result.search else { return Vec::new() };
    let title = format!("Search for the highest rate at which {}", printable(&search.until));
    let title = wrapped(&title, sentence, sentence);
    let mut lines: Vec<_> = title.iter().map(|line| paint.text(Tint::Heading, line)).collect();
    let mut tried: Vec<_> = search.tried.iter().collect();
    tried.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    if !tried.is_empty() {
        let headings = [("begun", 1), ("p50", 2), ("p99", 4), ("failures", 3), ("verdict", ALWAYS)];
        let grid = Grid {
            title: "  rate tried".to_owned(),
            columns: headings
                .map(|(heading, worth)| Column { heading: heading.to_owned(), worth, least_width: 0 })
                .to_vec(),
            rows: tried.into_iter().map(row).collect(),
            least_name: 12,
            gap: GAP,
        };
        lines.extend(grid.lines(columns, paint));
    }
    lines.extend(wrapped(&printable(&search.sentence), sentence, sentence));
    lines
}

fn row(tried: &TriedRate) -> Row {
    let time = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), time_ms);
    let (word, tint) = match (tried.holds, tried.generator_was_the_limit) {
        (true, _) => ("holds", Tint::Good),
        (false, true) => ("generator at its limit", Tint::Warning),
        (false, false) => ("does not hold", Tint::Bad),
    };
    let failures =
        Cell { text: count(tried.failures), tint: if tried.failures > 0 { Tint::Bad } else { Tint::Plain } };
    let cells = vec![
        rate(tried.achieved).into(),
        time(tried.p50_ms).into(),
        time(tried.p99_ms).into(),
        failures,
        Cell { text: word.to_owned(), tint },
    ];
    Row { indent: 2, name: rate(tried.rate), tint: Tint::Plain, cells }
}
