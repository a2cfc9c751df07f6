//! Prometheus' text format, as far as its samples go (version 0.0.4, and `OpenMetrics` 1.0 for what both have).
//!
//! Read by hand: only names, labels and values are needed, and the crates that read it bring a calendar or a grammar.
//! A line that cannot be read is passed over, since other lines are not to blame for it.

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) metric: &'a str,
    /// The labels in braces, as they are written; empty if there are none.
    pub(super) labels: &'a str,
    /// The value; not always a finite number.
    pub(super) value: f64,
}

/// The samples of a page in their order. Buckets of histograms are left out: their counts stand in `_count`.
pub(super) fn samples(page: &str) -> impl Iterator<Item = Sample<'_>> {
    page.lines().filter_map(sample).filter(|sample| !is_bucket(sample))
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let line = line.trim_start();
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))?;
    let (metric, rest) = line.split_at(end);
    if metric.is_empty() || metric.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let (labels, rest) =
        if rest.starts_with('{') { rest.split_at(closing_brace(rest)? + 1) } else { ("", rest) };
    let mut words = rest.split_ascii_whitespace();
    let value = number(words.next()?)?;
    // A time may follow, and in OpenMetrics an example.
    if words.next().is_some_and(|word| word != "#" && number(word).is_none()) {
        return None;
    }
    let labels = if labels[..].trim_matches(['{', '}', ' ', '\t']).is_empty() { "" } else { labels };
    Some(Sample { metric, labels, value })
}

/// Where the brace closes that a text opens; braces in quotes do not count.
fn closing_brace(text: &str) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '}' if !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// A number as Go reads it, with `+Inf`, `-Inf` and `NaN`.
fn number(word: &str) -> Option<f64> {
    let is_number = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_number.then(|| word.parse().ok()).flatten()
}

fn is_bucket(sample: &Sample<'_>) -> bool {
    sample.metric.ends_with("_bucket") && sample.labels.contains("le=\"")
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "values stay what they were")]
mod tests;
