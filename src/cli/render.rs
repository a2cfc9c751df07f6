//! Diagnostics as text, in rustc's look: the line of the file, carets under the mistake, what to do about it.
//!
//! Only the marked line is handed to the renderer, not the file: drawing a hundred mistakes of a large file
//! would otherwise read the file a hundred times.

use std::collections::HashSet;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, FileId, Severity};
use crate::scenario::codes::TOO_MANY;
use crate::scenario::place::Place;
use crate::scenario::secrets::Secrets;
use crate::scenario::source::Source;

/// Columns that a drawn line may take; longer lines are cut around the mark.
const WIDTH: usize = 120;

/// Bytes on each side of a mark that are looked at when a line is cut, more than fit into [`WIDTH`].
const WINDOW: usize = 2_000;

/// Most characters that are marked: the renderer cuts lines, but never a mark.
const MARK: usize = 80;

/// Most diagnostics that are drawn: one mistake in a generated file is soon a thousand.
const MAX: usize = 100;

/// What a mistake stops, for the line that counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stops {
    /// What was to start.
    Start,
    /// A change, made at a Locust master, of a test that goes on.
    Change,
}

/// A diagnostic with its place in a file.
pub(super) struct Placed<'a> {
    pub(super) place: Place,
    pub(super) diagnostic: &'a Diagnostic,
}

/// The diagnostics with their places, in the order of the files and of what stands in them; each once, although
/// a mistake in a shared part of a scenario is found wherever the part is used.
pub(super) fn placed<'a>(diagnostics: &'a [Diagnostic], source: &Source) -> Vec<Placed<'a>> {
    let places = source.places(diagnostics).into_iter();
    let mut placed: Vec<_> =
        places.zip(diagnostics).map(|(place, diagnostic)| Placed { place, diagnostic }).collect();
    placed.sort_by_key(|Placed { place, diagnostic }| {
        (diagnostic.code == TOO_MANY, place.file, place.span.start, place.span.end)
    });
    let mut seen = HashSet::new();
    placed.retain(|Placed { place, diagnostic }| {
        seen.insert((place.clone(), diagnostic.code, &diagnostic.message))
    });
    placed
}

/// Draws the first hundred diagnostics in the order of the files and ends with a line that counts them; an empty
/// text if there are none.
///
/// `colour` adds ANSI escapes. Lines and columns count from 1, columns in characters.
pub fn render(diagnostics: &[Diagnostic], source: &Source, colour: bool) -> String {
    render_for(diagnostics, source, colour, Stops::Start)
}

/// The same about mistakes that stop this.
pub(super) fn render_for(diagnostics: &[Diagnostic], source: &Source, colour: bool, stops: Stops) -> String {
    let marked = placed(diagnostics, source);
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let mut text = String::new();
    let mut lines = Lines::new(source);
    let secrets = Secrets::of(source);
    for Placed { place, diagnostic } in marked.iter().take(MAX) {
        let said = secrets.masked(diagnostic, place);
        let level = match diagnostic.severity {
            Severity::Warning => Level::WARNING,
            Severity::Error => Level::ERROR,
        };
        let mut group = Group::with_title(level.primary_title(&said.message).id(diagnostic.code));
        let file_id = place.file;
        let file = source.file(file_id);
        let span = &place.span;
        // The renderer counts columns in what it is given.
        let mut corrected = None;
        if *span == (0..0) {
            group = group.element(Origin::path(file.name()));
        } else {
            let (number, start, line) = lines.at(place);
            let marked = &file.text()[span.clone()];
            let length = marked.char_indices().nth(MARK).map_or(marked.len(), |(end, _)| end);
            let mark = span.start - start..span.start - start + length;
            let label = Some(said.label.as_str()).filter(|label| !label.is_empty());
            // A mark at the end of a line may stand on what ends it.
            let column = line.get(..mark.start).unwrap_or(line).chars().count() + 1;
            let window = window(line, &mark);
            let place = start + mark.start..start + mark.end;
            let (shown, mark) = secrets.shown(file_id, &line[window.clone()], start + window.start, &place);
            let drawn_column = shown.get(..mark.start).unwrap_or(&shown).chars().count() + 1;
            if drawn_column != column {
                let place = |column| format!("{}:{number}:{column}", file.name());
                corrected = Some((place(drawn_column), place(column)));
            }
            group = group.element(
                Snippet::source(shown)
                    .line_start(number)
                    .path(file.name())
                    .annotation(AnnotationKind::Primary.span(mark).label(label)),
            );
        }
        if let Some(help) = &said.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let drawn = renderer.render(&[group]);
        match corrected {
            Some((shown, right)) => text.push_str(&drawn.replacen(&shown, &right, 1)),
            None => text.push_str(&drawn),
        }
        text.push_str("\n\n");
    }
    if !marked.is_empty() {
        let severities: Vec<_> = marked.iter().map(|marked| marked.diagnostic.severity).collect();
        text.push_str(&summary(&severities, source, &renderer, stops));
        text.push('\n');
    }
    if let Some(first) = marked.first() {
        text.push_str(&more_about(first.diagnostic.code, &renderer));
        text.push('\n');
    }
    text
}

/// The part of a line that the renderer needs to draw a mark: it looks at all that it is given, which takes
/// seconds for a line of megabytes.
fn window(line: &str, mark: &Range<usize>) -> Range<usize> {
    let start = line.floor_char_boundary(mark.start.saturating_sub(WINDOW));
    start..line.ceil_char_boundary(mark.end + WINDOW)
}

/// `3 mistakes and 1 warning in scenarios/x.toml; nothing was started`.
fn summary(severities: &[Severity], source: &Source, renderer: &Renderer, stops: Stops) -> String {
    const MORE: usize = MAX + 1;
    let count = |wanted, word| match severities.iter().filter(|severity| **severity == wanted).count() {
        0 => None,
        1 => Some(format!("1 {word}")),
        MORE.. => Some(format!("more than {MAX} {word}s")),
        count => Some(format!("{count} {word}s")),
    };
    let mistakes = count(Severity::Error, "mistake");
    let (level, place, end) = match (&mistakes, stops) {
        (Some(_), Stops::Start) => (Level::ERROR, source.name(), "; nothing was started"),
        (Some(_), Stops::Change) => {
            (Level::ERROR, "what was set at the master", "; the test goes on as before")
        }
        (None, _) => (Level::WARNING, source.name(), ""),
    };
    let shown = if severities.len() > MAX { format!(", the first {MAX} shown") } else { String::new() };
    let counts: Vec<_> = [mistakes, count(Severity::Warning, "warning")].into_iter().flatten().collect();
    let text = format!("{} in {place}{shown}{end}", counts.join(" and "));
    renderer.render(&[Group::with_title(level.primary_title(text))])
}

/// Where to read more, with one of the codes as an example.
fn more_about(code: &str, renderer: &Renderer) -> String {
    let text = format!("for more on a code: mqtt-scenario explain {code}");
    renderer.render(&[Group::with_title(Level::HELP.primary_title(text))])
}

/// Finds the lines of ascending places in one pass over each file.
pub(super) struct Lines<'a> {
    source: &'a Source,
    file: FileId,
    /// Number of the line that begins at `start`.
    line: usize,
    start: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, file: FileId::default(), line: 1, start: 0 }
    }

    /// Number, first byte and text of the line around a place; the text without its end.
    pub(super) fn at(&mut self, place: &Place) -> (usize, usize, &'a str) {
        if place.file != self.file {
            *self = Self { file: place.file, ..Self::new(self.source) };
        }
        let text = self.source.file(self.file).text();
        let passed = &text[self.start..place.span.start];
        self.line += passed.matches('\n').count();
        self.start += passed.rfind('\n').map_or(0, |line_end| line_end + 1);
        let line = text[self.start..].lines().next().unwrap_or_default();
        (self.line, self.start, line)
    }
}
