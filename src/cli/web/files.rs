//! Keeps what the page offers equal to the files of the scenario.
//!
//! They are looked at while nothing runs: once a second and before each start. Only their dates and lengths are, not their
//! texts, so a program that waits for days reads nothing. While a run goes on, the page shows what runs.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

use tracing::{info, warn};

use crate::cli::load::try_load_run;
use crate::cli::scenario_options::ScenarioOptions;
use crate::cli::web::offer::offer;
use crate::web::desk::Desk;
use crate::web::offer::Offer;

/// The files of the scenario, as they were when they were read last.
#[derive(Debug)]
pub(super) struct Files<'a> {
    scenario: &'a ScenarioOptions,
    desk: Desk,
    known: Vec<(PathBuf, Option<Stamp>)>,
}

/// What changes when a file is written. An editor that puts another file in its place changes its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    number: u64,
}

impl Stamp {
    /// `None` for a file that is not there.
    fn of(path: &PathBuf) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        Some(Self { modified: about.modified().ok(), length: about.len(), number: about.ino() })
    }
}

impl<'a> Files<'a> {
    /// The files that were just read, of which the desk has the offer.
    pub(super) fn new(scenario: &'a ScenarioOptions, desk: Desk, inputs: &[PathBuf]) -> Self {
        let known = inputs.iter().map(|path| (path.clone(), Stamp::of(path))).collect();
        Self { scenario, desk, known }
    }

    /// Reads the scenario again if one of its files has changed, and offers what stands in it now.
    pub(super) fn offer_if_changed(&mut self) {
        if self.known.iter().any(|(path, stamp)| Stamp::of(path) != *stamp) {
            self.read();
        }
    }

    /// The same before a start. A file that was missing may be there now, although no file that was read has changed.
    pub(super) fn offer_before_start(&mut self) {
        if self.desk.offer().mistakes.is_empty() { self.offer_if_changed() } else { self.read() }
    }

    fn read(&mut self) {
        // From before they are read, so that nothing is missed that changes meanwhile.
        let before: HashMap<_, _> =
            self.known.drain(..).map(|(path, _)| (path.clone(), Stamp::of(&path))).collect();
        let (offer, inputs) = match try_load_run(self.scenario) {
            Ok(loaded) => {
                info!("The scenario has changed: the page shows what is in its files now");
                (offer(&loaded, self.scenario.path().display().to_string()), loaded.inputs)
            }
            Err(mistakes) => {
                warn!(
                    "The scenario has changed and has mistakes: the page shows it as it was, with the mistakes"
                );
                let offered = self.desk.offer();
                (Offer { mistakes: mistakes.text, ..Offer::clone(&offered) }, mistakes.inputs)
            }
        };
        let stamp = |path: &PathBuf| before.get(path).copied().unwrap_or_else(|| Stamp::of(path));
        self.known = inputs.into_iter().map(|path| (path.clone(), stamp(&path))).collect();
        self.desk.offer_anew(offer);
    }
}
