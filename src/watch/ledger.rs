//! The values that a broker has told, by name and time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::stats::result::watched::{Watched, WatchedFigure, WatchedPoint, WatchedText};

/// So many figures are kept of a source. A broker may have one per client.
const MAX_FIGURES: usize = 200;

/// So many values are kept of a figure. When there are more, each second one goes.
const MAX_POINTS: usize = 600;

/// A figure with a longer name is not kept: cut, it could be taken for another one.
const MAX_NAME_BYTES: usize = 1_000;

/// A text is cut behind so many characters.
const MAX_TEXT: usize = 200;

/// So many sentences are kept on what went wrong.
const MAX_NOTES: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Ledger {
    broker: String,
    source: String,
    figures: BTreeMap<String, Figure>,
    texts: BTreeMap<String, String>,
    notes: Vec<String>,
    is_full: bool,
}

/// The values of a figure in the order of time, and its extremes, which stay when values go.
#[derive(Debug, Clone)]
struct Figure {
    points: Vec<(f64, f64)>,
    lowest: f64,
    highest: f64,
    /// Of so many values one is kept; the last one always is.
    keeps_one_of: u32,
    /// How many values came since the last one that stays.
    since_kept: u32,
}

impl Ledger {
    pub(super) fn new(broker: &str, source: String) -> Self {
        Self { broker: broker.to_owned(), source, ..Self::default() }
    }

    /// Notes a value that was told at this moment of unix time in seconds. What is no finite number is not noted.
    pub(super) fn number(&mut self, name: &str, at: f64, value: f64) {
        if !value.is_finite() || !self.can_be_named(name) {
            return;
        }
        if let Some(figure) = self.figures.get_mut(name) {
            figure.add(at, value);
        } else if self.has_room() {
            self.figures.insert(name.to_owned(), Figure::new(at, value));
        }
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        if !self.can_be_named(name) {
            return;
        }
        let is_known = self.texts.contains_key(name);
        if !is_known && !self.has_room() {
            return;
        }
        let text: String = text.chars().take(MAX_TEXT).collect();
        match self.texts.entry(name.to_owned()) {
            Entry::Occupied(mut known) => *known.get_mut() = text,
            Entry::Vacant(new) => {
                new.insert(text);
            }
        }
    }

    /// Notes what went wrong, and returns whether it is new.
    pub(super) fn note(&mut self, sentence: &str) -> bool {
        let is_new = self.notes.len() < MAX_NOTES && !self.notes.iter().any(|known| known == sentence);
        if is_new {
            self.notes.push(sentence.to_owned());
        }
        is_new
    }

    /// The run begins: what was told before counts as its first values.
    pub(super) fn begin(&mut self) {
        for figure in self.figures.values_mut() {
            if let Some((at, value)) = figure.points.last().copied() {
                *figure = Figure::new(at, value);
            }
        }
    }

    /// What is known of a run that started at this moment of unix time in seconds.
    pub(super) fn so_far(&self, started: f64) -> Watched {
        let texts =
            self.texts.iter().map(|(name, text)| WatchedText { name: name.clone(), text: text.clone() });
        let mut notes = self.notes.clone();
        if self.is_full {
            notes.push(format!(
                "The broker told more than {MAX_FIGURES} figures; the rest is not kept. Ask for fewer of them."
            ));
        }
        Watched {
            broker: self.broker.clone(),
            source: self.source.clone(),
            figures: self.figures.iter().filter_map(|(name, figure)| figure.so_far(name, started)).collect(),
            texts: texts.collect(),
            notes,
        }
    }

    /// Notes that the source has told nothing, if that is so.
    pub(super) fn note_silence(&mut self) {
        if self.figures.is_empty() && self.texts.is_empty() && self.notes.is_empty() {
            self.notes.push(format!("{} has told nothing in this run.", self.source));
        }
    }

    fn can_be_named(&mut self, name: &str) -> bool {
        let can = name.len() <= MAX_NAME_BYTES;
        if !can {
            self.note("Figures with names of more than 1,000 bytes are not kept.");
        }
        can
    }

    fn has_room(&mut self) -> bool {
        let has_room = self.figures.len() + self.texts.len() < MAX_FIGURES;
        self.is_full |= !has_room;
        has_room
    }
}

impl Figure {
    fn new(at: f64, value: f64) -> Self {
        Self { points: vec![(at, value)], lowest: value, highest: value, keeps_one_of: 1, since_kept: 0 }
    }

    fn add(&mut self, at: f64, value: f64) {
        self.lowest = self.lowest.min(value);
        self.highest = self.highest.max(value);
        // The last point is there in any case; it goes if the one before it is too near.
        if self.since_kept > 0 {
            self.points.pop();
        }
        self.points.push((at, value));
        self.since_kept = (self.since_kept + 1) % self.keeps_one_of;
        if self.points.len() > MAX_POINTS {
            let mut index = 0;
            let last = self.points.len() - 1;
            self.points.retain(|_| {
                let stays = index % 2 == 0 || index == last;
                index += 1;
                stays
            });
            self.keeps_one_of = self.keeps_one_of.saturating_mul(2);
            self.since_kept = u32::from(last % 2 == 1);
        }
    }

    fn so_far(&self, name: &str, started: f64) -> Option<WatchedFigure> {
        let point = |&(at, value): &(f64, f64)| WatchedPoint { at_s: (at - started).max(0.0), value };
        let figure = WatchedFigure::of(name.to_owned(), self.points.iter().map(point).collect())?;
        Some(WatchedFigure { lowest: self.lowest, highest: self.highest, ..figure })
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "values stay what they were")]
mod tests;
