//! The last lines: what never came to an end, what else is to be known, the verdict, the files, and the next command.

use std::path::{Path, PathBuf};

use crate::report::columns::{cut, fit, left, printable, width, wrapped};
use crate::report::command::{self, argument};
use crate::report::paint::{Paint, Tint};
use crate::report::summary::options::Files;
use crate::report::verdict::{Impression, impression};
use crate::stats::result::row::Times;
use crate::stats::result::{RunResult, Source};
use crate::units::fitting::{bytes, count, percent, time_ms};

/// Late starts are shown above this share. Fewer happen in any run on a busy machine.
const WORTH_TELLING: f64 = 0.01;

/// Requests that never came to an end, by row.
pub(super) fn unfinished(result: &RunResult, columns: usize, paint: Paint) -> Vec<String> {
    let all = &result.unfinished;
    if all.count == 0 {
        return Vec::new();
    }
    let requests = |number: u64| {
        if number == 1 { "1 request".to_owned() } else { format!("{} requests", count(number)) }
    };
    let after = |oldest: Option<f64>| {
        oldest.map_or_else(String::new, |ms| format!(", the oldest after {}", time_ms(ms)))
    };
    let heading =
        format!("Unfinished: {}{}; not counted in the rows above", requests(all.count), after(all.oldest_ms));
    let mut lines: Vec<_> =
        wrapped(&heading, columns, columns).iter().map(|line| paint.text(Tint::Warning, line)).collect();
    let title = |request_type: &str, name: &str| printable(format!("{request_type} {name}").trim_start());
    let titles: Vec<_> = all.rows.iter().map(|row| title(&row.request_type, &row.name)).collect();
    let widest = titles.iter().map(|title| width(title)).max().unwrap_or(0);
    for (row, title) in all.rows.iter().zip(&titles) {
        let numbers = format!("{}{}", requests(row.count), after(row.oldest_ms));
        // The name is cut, so that the line is not broken.
        let room = columns.saturating_sub(width(&numbers) + 4).max(12).min(widest);
        let line = format!("  {}  {numbers}", left(&cut(title, room), room));
        lines.extend(fit(&line, columns).lines().map(str::to_owned));
    }
    lines
}

/// Times beside the rows, messages received, the generator, and what the source of the numbers cannot tell.
pub(super) fn remarks(result: &RunResult, columns: usize, paint: Paint) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut times = |what: &str, times: &Option<Times>| {
        if let Some(Times { p50, p99, max, .. }) = times {
            let (p50, p99, max) = (time_ms(*p50), time_ms(*p99), time_ms(*max));
            remarks.push((Tint::Plain, format!("{what}: p50 {p50}, p99 {p99}, max {max}")));
        }
    };
    times("Response times from when they were due (constant_pacing)", &result.from_intended_moments_ms);
    times("Service time, from when each request began", &result.service_time_ms);
    let starts = result.scheduled_starts;
    let late = if starts.count == 0 { 0.0 } else { starts.late as f64 / starts.count as f64 };
    if late > WORTH_TELLING {
        let (late_runs, all, share) = (count(starts.late), count(starts.count), percent(late));
        let text = format!(
            "Late starts (rate): {late_runs} of {all} task runs, {share}: their users were still busy"
        );
        remarks.push((Tint::Warning, text));
    }
    let subscribed = result.rows.iter().any(|row| row.name.starts_with("subscribe:"));
    if result.received.messages > 0 || subscribed {
        let messages = match result.received.messages {
            1 => "1 message".to_owned(),
            messages => format!("{} messages", count(messages)),
        };
        remarks.push((Tint::Plain, format!("Received {messages}, {}", bytes(result.received.bytes))));
    }
    if !result.generator.sentence.is_empty() {
        let tint = if result.generator.was_the_limit { Tint::Warning } else { Tint::Plain };
        remarks.push((tint, printable(&result.generator.sentence)));
    }
    remarks.extend(result.notes.iter().map(|note| (Tint::Warning, printable(&format!("Note: {note}")))));
    let lines = remarks.iter().flat_map(|(tint, text)| {
        let lines = fit(text, columns);
        lines.lines().map(|line| paint.text(*tint, line)).collect::<Vec<_>>()
    });
    lines.collect()
}

/// Whether the run was good, in one word and in one sentence.
pub(super) fn verdict(result: &RunResult, columns: usize, paint: Paint) -> Vec<String> {
    if result.source == Source::Csv {
        // A file of numbers has no verdict.
        return Vec::new();
    }
    let tint = match impression(result).0 {
        Impression::Good => Tint::Good,
        Impression::Doubtful => Tint::Warning,
        Impression::Bad => Tint::Bad,
    };
    let text = fit(&printable(&result.verdict.sentence), columns);
    // The sentence begins with the outcome in one word.
    let (word, rest) = text.split_at(text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len()));
    format!("{}{rest}", paint.text(tint, &word.to_uppercase())).lines().map(str::to_owned).collect()
}

/// Where the results lie, the next command that makes sense, and at last what is missing: nobody reads on after a line
/// that sounds like a success.
pub(super) fn files(result: &RunResult, files: Files<'_>, columns: usize, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(folder) = files.folder {
        let is_whole = !files.incomplete.iter().any(|path| path.starts_with(folder));
        let results = if is_whole { "Results in" } else { "What could be written is in" };
        lines.push(fit(&printable(&format!("{results} {}", folder.display())), columns));
    }
    if !files.others.is_empty() {
        lines.push(fit(&printable(&format!("Written: {}", files.others.join(", "))), columns));
    }
    if result.source == Source::Run
        && let Some(next) = next(result, files)
    {
        lines.extend(command::next(&next, columns));
    }
    let dimmed = lines.iter().flat_map(|line| line.lines()).map(|line| paint.text(Tint::Dim, line));
    dimmed.chain(incomplete(files, columns, paint)).collect()
}

/// The arguments of the next command; `None` if it would need a file that is not there, as for a shard without a result file.
fn next(result: &RunResult, files: Files<'_>) -> Option<Vec<String>> {
    let arguments = |words: &[&str], paths: &[&Path]| {
        let words = words.iter().map(|&word| word.to_owned());
        Some(words.chain(paths.iter().map(|path| argument(path))).collect())
    };
    let is_whole =
        |file: &&Path| !files.incomplete.iter().any(|path| path == file || *path == file.join("result.json"));
    if result.run.is_part() {
        // Without a file it cannot be merged, and one shard alone is not worth another run.
        let shard = files.folder.or(files.result).filter(is_whole)?;
        let mut next: Vec<_> = arguments(&["merge"], &[shard])?;
        next.extend(["…", "--out", "all"].map(str::to_owned));
        return Some(next);
    }
    match (files.folder, files.earlier) {
        (Some(folder), _) if files.incomplete.contains(&folder.join("result.json")) => None,
        (Some(folder), Some(earlier)) => arguments(&["compare"], &[earlier, folder]),
        (Some(folder), None) => arguments(&["report"], &[folder]),
        (None, _) => {
            // The built-in example has no file, and runs without a name.
            let file = Path::new(&result.run.file);
            let is_built_in = file.starts_with("built-in");
            let mut next: Vec<_> =
                arguments(&["run"], if is_built_in { &[] } else { std::slice::from_ref(&file) })?;
            next.extend(result.run.changes.iter().map(|change| argument(Path::new(change))));
            next.extend(["--out", "runs"].map(str::to_owned));
            Some(next)
        }
    }
}

/// Which files are missing or not whole.
fn incomplete(files: Files<'_>, columns: usize, paint: Paint) -> Vec<String> {
    if files.incomplete.is_empty() {
        return Vec::new();
    }
    let name = |path: &PathBuf| {
        let inside = files.folder.and_then(|folder| path.strip_prefix(folder).ok());
        inside.unwrap_or(path).display().to_string()
    };
    let names: Vec<_> = files.incomplete.iter().map(name).collect();
    let text = format!("INCOMPLETE: not written, or not to the end: {}", names.join(", "));
    fit(&printable(&text), columns).lines().map(|line| paint.text(Tint::Bad, line)).collect()
}
