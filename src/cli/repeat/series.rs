//! Makes the runs of a series, one after the other, up to the last one or until it is stopped.
//!
//! A run that was interrupted is no part of what the series says: a shorter run is another measurement.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::cli::exit;
use crate::cli::outputs::RunFolder;
use crate::cli::repeat::arguments;
use crate::cli::repeat::child::Children;
use crate::cli::repeat::options::RepeatOptions;
use crate::report::{read, repeat};
use crate::stats::result::RunResult;

/// The runs of one side that came to their end.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    /// Their folders below that of the series.
    pub(super) names: Vec<String>,
    pub(super) results: Vec<RunResult>,
}

/// Why a series did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// By one interrupt.
    Interrupted,
    /// By a second one.
    Aborted,
    /// A run could not begin or go on; with its exit code, if it had one.
    Failed(Option<u8>),
}

/// What a series made.
#[derive(Debug)]
pub(super) struct Made {
    /// One side, or two.
    pub(super) sides: Vec<Side>,
    /// How many runs there should be in all.
    pub(super) planned: usize,
    pub(super) stop: Option<Stop>,
    /// The exit code of the first run that had another one than 0, if the run had a result all the same.
    code: u8,
}

impl Made {
    /// How many runs came to their end.
    pub(super) fn done(&self) -> usize {
        self.sides.iter().map(|side| side.results.len()).sum()
    }

    /// Whether the series ended by force.
    pub(super) fn cannot_go_on(&self) -> bool {
        matches!(self.stop, Some(Stop::Aborted | Stop::Failed(_)))
    }

    /// The exit code, comparison apart.
    pub(super) fn exit_code(&self) -> u8 {
        match self.stop {
            None | Some(Stop::Interrupted) => self.code,
            Some(Stop::Aborted) => exit::INTERRUPTED,
            Some(Stop::Failed(code)) => code.unwrap_or(exit::CANNOT_GO_ON),
        }
    }
}

/// A series before its first run.
pub(super) struct Series<'a> {
    children: Children,
    folder: &'a RunFolder,
    /// The letter of each side, empty without a second one, and the words of its runs.
    sides: Vec<(&'static str, Vec<OsString>)>,
    runs: u16,
}

impl<'a> Series<'a> {
    /// The series that the command line of this process asks for; from now on interrupts are passed on to its runs.
    pub(super) fn new(options: &RepeatOptions, scenario: &Path, folder: &'a RunFolder) -> io::Result<Self> {
        let a = arguments::of_each(env::args_os().skip(2));
        let sides = if options.is_versus() {
            let b = arguments::of_b(&a, scenario, options);
            vec![("A", a), ("B", b)]
        } else {
            vec![("", a)]
        };
        Ok(Self { children: Children::new()?, folder, sides, runs: options.runs() })
    }

    /// Makes the runs; each is told when it is over.
    pub(super) fn make(&mut self, say: &dyn Fn(&str)) -> io::Result<Made> {
        let planned = usize::from(self.runs) * self.sides.len();
        let mut made = Made { sides: vec![Side::default(); self.sides.len()], planned, stop: None, code: 0 };
        for number in 1..=self.runs {
            for side in 0..self.sides.len() {
                self.make_one(number, side, &mut made, say)?;
                if made.stop.is_some() {
                    return Ok(made);
                }
            }
        }
        Ok(made)
    }

    fn make_one(&mut self, number: u16, side: usize, made: &mut Made, say: &dyn Fn(&str)) -> io::Result<()> {
        let (letter, words) = &self.sides[side];
        let name = format!("{letter}{number}");
        let place = self.folder.file(&name);
        let run = ["run".into(), "--run-folder".into(), place.clone().into_os_string()];
        let Some(status) = self.children.run(run.iter().chain(words))? else {
            // Interrupted between two runs.
            made.stop = Some(Stop::Interrupted);
            return Ok(());
        };
        let result = result(&place.join("result.json"));
        match &result {
            Some(result) => say(&format!("{}\n", repeat::line(&name, result))),
            None => say(&format!("{name}  no result\n")),
        }
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        made.stop = match code {
            _ if self.children.is_aborted() => Some(Stop::Aborted),
            // It was interrupted before it could listen.
            None if self.children.is_interrupted() => Some(Stop::Interrupted),
            // A run that failed requests or missed a threshold is a result all the same.
            Some(0 | 1 | exit::THRESHOLD_MISSED) => {
                self.children.is_interrupted().then_some(Stop::Interrupted)
            }
            Some(other) if Some(other) == result.as_ref().map(|result| result.verdict.exit_code) => {
                // The exit code that the user chose for failed requests.
                self.children.is_interrupted().then_some(Stop::Interrupted)
            }
            other => Some(Stop::Failed(other)),
        };
        if made.code == 0 && !made.cannot_go_on() {
            made.code = code.unwrap_or(0);
        }
        let came_to_its_end =
            |result: &RunResult| matches!(result.run.end.as_str(), "finished" | "threshold");
        if let (Some(result), Some(side)) = (result.filter(came_to_its_end), made.sides.get_mut(side)) {
            side.names.push(name);
            side.results.push(result);
        }
        Ok(())
    }
}

/// The result of a run, if it left one that is whole.
fn result(path: &Path) -> Option<RunResult> {
    let bytes = std::fs::read(path).ok()?;
    read::document::parse(&path.to_string_lossy(), &bytes).ok()
}
