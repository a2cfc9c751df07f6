//! The verdicts on the thresholds, each with its value.

use crate::report::columns::{fit, left, printable, width};
use crate::report::judged;
use crate::report::paint::{Paint, Tint};
use crate::report::verdict::is_cut_short;
use crate::stats::result::{RunResult, Source, ThresholdResult};

pub(super) fn lines(result: &RunResult, columns: usize, paint: Paint) -> Vec<String> {
    let all = &result.thresholds;
    if all.is_empty() {
        return Vec::new();
    }
    let number = |wanted: Option<bool>| all.iter().filter(|threshold| threshold.met == wanted).count();
    let not_judged = match number(None) {
        0 => String::new(),
        not_judged => format!(", {not_judged} not judged"),
    };
    if result.source == Source::Run && result.run.is_part() {
        let heading =
            format!("Thresholds: {}, left to `merge`, which has the requests of all shards", all.len());
        let mut lines = vec![paint.text(Tint::Heading, fit(&heading, columns).trim_end())];
        let title = |of: &ThresholdResult| fit(&printable(&format!("  {}  {}", of.title(), of.row)), columns);
        lines.extend(all.iter().map(|threshold| title(threshold).trim_end().to_owned()));
        return lines;
    }
    let is_cut_short = is_cut_short(&result.run);
    let so_far = if is_cut_short { " so far" } else { "" };
    let heading = format!("Thresholds: {} of {} met{so_far}{not_judged}", number(Some(true)), all.len());
    let word = |threshold| word(threshold, is_cut_short);
    let words = all.iter().map(|threshold| word(threshold).0.len()).max().unwrap_or(0);
    let texts = all.iter().map(|threshold| width(&printable(&threshold.title()))).max().unwrap_or(0);
    let heading = fit(&heading, columns);
    let mut lines: Vec<_> = heading.lines().map(|line| paint.text(Tint::Heading, line)).collect();
    for threshold in all {
        let (word, tint) = word(threshold);
        let condition = left(&printable(&threshold.title()), texts);
        let plain = format!("  {} {condition}  {}", left(word, words), detail(threshold));
        // Colours come last, since they have no width.
        let text = fit(&plain, columns);
        lines.extend(text.lines().enumerate().map(|(index, line)| match line.strip_prefix("  ") {
            Some(rest) if index == 0 => {
                format!("  {}{}", paint.text(tint, &rest[..word.len()]), &rest[word.len()..])
            }
            _ => line.to_owned(),
        }));
    }
    lines
}

fn word(threshold: &ThresholdResult, is_cut_short: bool) -> (&'static str, Tint) {
    match (threshold.met, threshold.fails_the_run) {
        (Some(true), _) if is_cut_short => ("met so far", Tint::Warning),
        (Some(true), _) => ("met", Tint::Good),
        (Some(false), _) => ("MISSED", Tint::Bad),
        (None, true) => ("NOT JUDGED", Tint::Bad),
        (None, false) => ("not judged", Tint::Warning),
    }
}

fn detail(threshold: &ThresholdResult) -> String {
    let mut text = printable(&format!("{}: {}", threshold.row, judged::sentence(threshold)));
    if threshold.aborted_the_run {
        text += "; it ended the run";
    }
    text
}
