//! What brokers said of themselves, as several processes heard it.
//!
//! All have heard the same broker, so its figures are not added: the values of all are put in the order of time.

use std::collections::{BTreeMap, BTreeSet};

use crate::stats::result::RunResult;
use crate::stats::result::watched::{Watched, WatchedFigure, WatchedPoint, WatchedText};

/// What one source said: points with their moments of unix time, texts and notes.
#[derive(Default)]
struct Heard {
    figures: BTreeMap<String, (Vec<WatchedPoint>, f64, f64)>,
    texts: BTreeMap<String, String>,
    notes: BTreeSet<String>,
}

/// What all heard, of a run that started at this moment of unix time.
pub(super) fn merged(all: &[&RunResult], started: f64) -> Vec<Watched> {
    let mut sources: BTreeMap<(&str, &str), Heard> = BTreeMap::new();
    for result in all {
        let later_s = result.run.started - started;
        for watched in &result.watched {
            sources.entry((&watched.broker, &watched.source)).or_default().add(watched, later_s);
        }
    }
    sources.into_iter().map(|((broker, source), heard)| heard.into_watched(broker, source)).collect()
}

impl Heard {
    fn add(&mut self, watched: &Watched, later_s: f64) {
        for figure in &watched.figures {
            let points = figure.points.iter();
            let points = points.map(|point| WatchedPoint { at_s: point.at_s + later_s, ..*point });
            let entry = (Vec::new(), figure.lowest, figure.highest);
            let (known, lowest, highest) = self.figures.entry(figure.name.clone()).or_insert(entry);
            known.extend(points);
            *lowest = lowest.min(figure.lowest);
            *highest = highest.max(figure.highest);
        }
        for WatchedText { name, text } in &watched.texts {
            self.texts.entry(name.clone()).or_insert_with(|| text.clone());
        }
        for sentence in &watched.notes {
            self.notes.insert(sentence.clone());
        }
    }

    fn into_watched(self, broker: &str, source: &str) -> Watched {
        let figures = self.figures.into_iter().filter_map(|(name, (mut points, lowest, highest))| {
            points.sort_by(|a, b| a.at_s.total_cmp(&b.at_s).then(a.value.total_cmp(&b.value)));
            points.dedup();
            Some(WatchedFigure { lowest, highest, ..WatchedFigure::of(name, points)? })
        });
        Watched {
            broker: broker.to_owned(),
            source: source.to_owned(),
            figures: figures.collect(),
            texts: self.texts.into_iter().map(|(name, text)| WatchedText { name, text }).collect(),
            notes: self.notes.into_iter().collect(),
        }
    }
}
