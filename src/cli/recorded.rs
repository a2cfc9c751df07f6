//! Recorded results, found and opened: what a person means by a path, and the bytes that lie there.
//!
//! A path is a run folder, a `result.json`, the prefix of CSV files as in `--csv PREFIX`, or one of these files, because a
//! shell completes to the name of a file. If a folder has both kinds, `result.json` is read: it tells more. A folder of
//! several runs (`run --repeat`, `run --versus`) stands for all of them. A folder that has nothing but one of these in it stands for
//! that one, because `run --out DIR` makes such a folder; of several, none is chosen for a person.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::report::columns::printable;
use crate::report::destination::identity;
use crate::report::read::csv::run::{CsvFile, CsvFiles, unfinished};
use crate::report::read::document;
use crate::report::read::problem::ReadError;
use crate::stats::result::RunResult;

/// The document in the folder of a run.
pub(super) const RESULT: &str = "result.json";

/// The prefix of the CSV files in the folder of a run.
const PREFIX: &str = "run";

/// A larger file is no result: an hour of 1,000 rows takes half of it in CSV files.
const MAX_BYTES: u64 = 1 << 30;

pub(super) const STATS: &str = "_stats.csv";
const HISTORY: &str = "_stats_history.csv";
const FAILURES: &str = "_failures.csv";
const EXCEPTIONS: &str = "_exceptions.csv";

/// A result that was recorded, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The result.
    pub result: RunResult,
    /// Where it lies.
    pub place: Place,
}

/// Where a result lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A `result.json`, whatever its name is.
    Document(PathBuf),
    /// CSV files with this prefix.
    Csv(PathBuf),
}

/// Why there is no result at a path.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// A file is not what it should be.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no result, or more than one.
    #[error("{}: {what}\n  help: {}", printable(&path.display().to_string()), printable(help))]
    NotFound {
        /// The path as it was given.
        path: PathBuf,
        /// What is there instead.
        what: &'static str,
        /// What to give instead.
        help: String,
    },
    /// A file cannot be read.
    #[error("{}: {source}", printable(&path.display().to_string()))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The files of `run --versus` beside the folders of its runs; a shell puts them among these (`report runs/*`).
const COMPARISONS: [&str; 3] = ["comparison.json", "comparison.md", "comparison.html"];

/// The plan in the folder of a run; CSV files beside it are those of that run.
const PLAN: &str = "plan.txt";

/// What a person means by several paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The results, in the order of the paths.
    pub places: Vec<Place>,
    /// Paths of files that are ours and no results.
    pub left_out: Vec<PathBuf>,
}

/// The runs in the folder of `run --repeat` or `run --versus`, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs {
    /// The runs of one scenario, or of side A.
    pub a: Vec<Place>,
    /// The runs of side B; empty without one.
    pub b: Vec<Place>,
}

impl Found {
    /// Finds every result: a folder of `run --repeat` or `--versus` stands for its runs, and what `--versus` wrote beside
    /// them is left out.
    pub fn of(paths: &[PathBuf]) -> Result<Self, RecordedError> {
        let mut found = Self::default();
        for path in paths {
            let is_comparison = COMPARISONS.iter().any(|name| path.ends_with(name)) && path.is_file();
            if is_comparison {
                found.left_out.push(path.clone());
                continue;
            }
            match Runs::of(path) {
                Some(Runs { a, b }) => found.places.extend(a.into_iter().chain(b)),
                None => found.places.push(Place::find(path)?),
            }
        }
        Ok(found)
    }

    /// What to say of the paths that are left out, a line for each.
    pub fn said(&self) -> String {
        let line = |path: &PathBuf| {
            let path = printable(&path.display().to_string());
            format!("left out: {path} is a comparison of runs and no result\n")
        };
        self.left_out.iter().map(line).collect()
    }
}

impl Runs {
    /// The runs in a folder; `None` if it has a result of its own, or no folders `1`, `2` … or `A1`, `B1` … with results.
    /// A folder in which only such a folder lies stands for it.
    pub fn of(folder: &Path) -> Option<Self> {
        Self::numbered(folder).or_else(|| match &inner(folder)[..] {
            [only] => Self::numbered(only),
            _ => None,
        })
    }

    fn numbered(folder: &Path) -> Option<Self> {
        if !folder.is_dir() || Place::in_folder(folder).is_some() {
            return None;
        }
        let mut numbered = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let (is_b, number) = match name.strip_prefix('B') {
                Some(number) => (true, number),
                None => (false, name.strip_prefix('A').unwrap_or(name)),
            };
            let digits = number.bytes().all(|byte| byte.is_ascii_digit());
            if let (true, Ok(number), Some(place)) =
                (digits, number.parse::<u32>(), Place::in_folder(&entry.path()))
            {
                numbered.push((is_b, number, place));
            }
        }
        numbered.sort_by_key(|(is_b, number, _)| (*is_b, *number));
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for (is_b, _, place) in numbered {
            if is_b { b.push(place) } else { a.push(place) }
        }
        (!a.is_empty() || !b.is_empty()).then_some(Self { a, b })
    }
}

/// Reads the result that a person means by a path.
pub fn read(path: &Path) -> Result<Recorded, RecordedError> {
    let place = Place::find(path)?;
    let result = place.read()?;
    Ok(Recorded { result, place })
}

impl Place {
    /// Finds what a person means by a path.
    pub fn find(path: &Path) -> Result<Self, RecordedError> {
        if path.is_dir() {
            return Self::in_folder(path).map_or_else(|| Self::below(path), Ok);
        }
        let suffixes = [STATS, HISTORY, FAILURES, EXCEPTIONS];
        let prefix =
            path.to_str().and_then(|text| suffixes.iter().find_map(|suffix| text.strip_suffix(suffix)));
        if let Some(prefix) = prefix {
            return Ok(Self::Csv(prefix.into()));
        }
        if path.exists() {
            return Ok(Self::Document(path.to_owned()));
        }
        if with_suffix(path, STATS).exists() {
            return Ok(Self::Csv(path.to_owned()));
        }
        let what = "there is no such folder or file, and no CSV files with this prefix";
        let folder = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        Err(RecordedError::NotFound { path: path.to_owned(), what, help: proposal(folder) })
    }

    /// The result that lies in a folder itself.
    fn in_folder(folder: &Path) -> Option<Self> {
        let document = folder.join(RESULT);
        if document.exists() {
            return Some(Self::Document(document));
        }
        match &prefixes(folder)[..] {
            [prefix] => Some(Self::Csv(folder.join(prefix))),
            _ => None,
        }
    }

    /// The result in the only run folder in a folder that has none itself.
    fn below(folder: &Path) -> Result<Self, RecordedError> {
        let inner = inner(folder);
        let (what, help) = match &inner[..] {
            _ if !prefixes(folder).is_empty() => {
                ("this folder has the CSV files of several runs", proposal(folder))
            }
            [] => ("there is no result in this folder", proposal(folder)),
            [only] => match Self::in_folder(only) {
                Some(place) => return Ok(place),
                None => ("there are several runs in this folder", named(&inner)),
            },
            _ => ("there are several runs in this folder", named(&inner)),
        };
        Err(RecordedError::NotFound { path: folder.to_owned(), what, help })
    }

    /// The file, or the prefix of the files.
    pub fn path(&self) -> &Path {
        let (Self::Document(path) | Self::Csv(path)) = self;
        path
    }

    /// The folder that it lies in.
    pub fn folder(&self) -> &Path {
        self.path().parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
    }

    /// Whether these are the CSV files in the folder of a run that did not come to its end: the program writes
    /// `result.json` there whatever ends a run but `kill -9`, a crash or a loss of power.
    pub fn is_unfinished_run(&self) -> bool {
        let Self::Csv(prefix) = self else { return false };
        prefix.ends_with(PREFIX) && self.folder().join(PLAN).exists() && !self.folder().join(RESULT).exists()
    }

    /// What a person calls it: the prefix of CSV files, the folder of a `result.json`, or another file's path.
    pub fn name(&self) -> String {
        match self {
            Self::Document(path) if path.ends_with(RESULT) && path.components().count() > 1 => {
                self.folder().display().to_string()
            }
            Self::Csv(_) if self.is_unfinished_run() => self.folder().display().to_string(),
            Self::Document(path) | Self::Csv(path) => path.display().to_string(),
        }
    }

    /// Whether another one is the same files by another path.
    pub fn is_same(&self, other: &Self) -> bool {
        self.files().first().is_some_and(|file| other.has(file))
    }

    fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Document(path) => vec![path.clone()],
            Self::Csv(prefix) => {
                [STATS, HISTORY, FAILURES, EXCEPTIONS].map(|suffix| with_suffix(prefix, suffix)).into()
            }
        }
    }

    /// Whether a path leads to a file of this result.
    pub fn has(&self, path: &Path) -> bool {
        let files = self.files();
        // What cannot be looked at is refused when it is written.
        let wanted = identity(path).ok().flatten();
        wanted.is_some_and(|wanted| {
            files.iter().any(|file| identity(file).ok().flatten() == Some(wanted.clone()))
        })
    }

    /// Reads the result.
    pub fn read(&self) -> Result<RunResult, RecordedError> {
        let prefix = match self {
            Self::Document(path) => return Ok(document::parse(&path.to_string_lossy(), &bytes(path)?)?),
            Self::Csv(prefix) => prefix,
        };
        let paths = [STATS, HISTORY, FAILURES, EXCEPTIONS].map(|suffix| with_suffix(prefix, suffix));
        let [stats, history, failures, exceptions] = &paths;
        if !stats.exists() {
            let (what, help) = ("there is no such file", proposal(self.folder()));
            return Err(RecordedError::NotFound { path: stats.clone(), what, help });
        }
        let written = fs::metadata(stats).and_then(|of| of.modified()).ok();
        let written = written.and_then(|at| Some(at.duration_since(UNIX_EPOCH).ok()?.as_secs_f64()));
        let read = [Some(bytes(stats)?), if_there(history)?, if_there(failures)?, if_there(exceptions)?];
        let names = paths.each_ref().map(|path| path.to_string_lossy());
        let file =
            |number: usize| read[number].as_deref().map(|bytes| CsvFile { path: &names[number], bytes });
        let files = CsvFiles {
            name: &prefix.file_name().unwrap_or(prefix.as_os_str()).to_string_lossy(),
            stats: CsvFile { path: &names[0], bytes: read[0].as_deref().unwrap_or_default() },
            history: file(1),
            failures: file(2),
            exceptions: file(3),
            written: written.unwrap_or_default(),
        };
        let result = files.parse()?;
        Ok(if self.is_unfinished_run() { unfinished(result) } else { result })
    }
}

fn if_there(path: &Path) -> Result<Option<Vec<u8>>, RecordedError> {
    if path.exists() { bytes(path).map(Some) } else { Ok(None) }
}

fn bytes(path: &Path) -> Result<Vec<u8>, RecordedError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(io::Error::new(
                ErrorKind::FileTooLarge,
                "it is larger than 1 GiB, so it is no result",
            ));
        }
        Ok(bytes)
    };
    read().map_err(|source| RecordedError::Unreadable { path: path.to_owned(), source })
}

fn with_suffix(prefix: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(prefix);
    path.push(suffix);
    path.into()
}

/// The prefixes of CSV files in a folder, in alphabetical order.
fn prefixes(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let name = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_suffix(STATS).map(str::to_owned);
    let mut found: Vec<String> = entries.filter_map(name).collect();
    found.sort_unstable();
    found
}

/// The folders in a folder that have a result or several runs, in alphabetical order; none if it has results itself.
fn inner(folder: &Path) -> Vec<PathBuf> {
    if folder.join(RESULT).exists() || !prefixes(folder).is_empty() {
        return Vec::new();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && (Place::in_folder(path).is_some() || Runs::numbered(path).is_some()))
        .collect();
    found.sort_unstable();
    found
}

/// What to give instead: the run folders that are in the folder.
fn named(folders: &[PathBuf]) -> String {
    let names: Vec<String> = folders.iter().take(5).map(|path| path.display().to_string()).collect();
    let more = if folders.len() > names.len() { ", …" } else { "" };
    format!("give the run that you mean: {}{more}", names.join(", "))
}

/// What to give instead: the prefixes that are in the folder.
fn proposal(folder: &Path) -> String {
    let mut found = prefixes(folder);
    if found.is_empty() {
        return "give the folder of a run (`--out DIR` makes them), or the prefix that it had as `--csv PREFIX`".to_owned();
    }
    let more = if found.len() > 5 { ", …" } else { "" };
    found.truncate(5);
    format!("the prefixes in `{}` are {}{more}", folder.display(), found.join(", "))
}
