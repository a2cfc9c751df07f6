//! A scenario as its files say it, with the place of every key and value: what a diagnostic's path means.
//!
//! All places are bytes of the text of one file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, FieldPath, FileId, Mark};
use crate::scenario::codes;
use crate::scenario::files::{File, Files, Format, MAX_FILE_BYTES, ReadError, read_file};
use crate::scenario::include::Loader;
use crate::scenario::model::Scenario;
use crate::scenario::node::{Node, Value};
use crate::scenario::parse::{self, Parsed};
use crate::scenario::place::{self, Place, place};
use crate::scenario::reported::Reported;
use crate::scenario::{constants, extends, settings};

/// The files of a scenario and where everything stands in them.
#[derive(Debug, Clone)]
pub struct Source {
    files: Files,
    root: Node,
}

impl Source {
    /// Reads a file and all that it includes. What is wrong inside is not an error here, but a diagnostic of
    /// the [`Parsed`].
    pub fn read(path: &Path) -> Result<(Self, Parsed), ReadError> {
        Self::read_with(path, &[])
    }

    /// Reads a file with values of the command line, each `PATH=VALUE`, which replace what the files say.
    pub fn read_with(path: &Path, settings: &[String]) -> Result<(Self, Parsed), ReadError> {
        let file = read_file(path, MAX_FILE_BYTES)?;
        Ok(Self::assemble(Loader::on_disk(file, path), settings))
    }

    /// Reads a text into the model, with everything that is wrong with its shape. It can include no files.
    /// `name` is what messages call it.
    pub fn parse(name: impl Into<String>, text: impl Into<String>, format: Format) -> (Self, Parsed) {
        Self::parse_with(name, text, format, &[])
    }

    /// Reads a text with values of the command line, as in [`Source::read_with`].
    pub fn parse_with(
        name: impl Into<String>,
        text: impl Into<String>,
        format: Format,
        settings: &[String],
    ) -> (Self, Parsed) {
        let file = File::new(name.into(), text.into(), format, PathBuf::new());
        Self::assemble(Loader::in_memory(file), settings)
    }

    /// Reads a scenario whose files are texts, by their paths; `path` is that of the scenario itself. No file of the disk is
    /// included.
    ///
    /// # Errors
    /// There is no text of this path, or its name says neither TOML nor YAML.
    pub fn parse_texts(
        path: &Path,
        mut texts: BTreeMap<PathBuf, String>,
        settings: &[String],
    ) -> Result<(Self, Parsed), ReadError> {
        let missing = || ReadError::Io { path: path.to_owned(), source: io::ErrorKind::NotFound.into() };
        let format = Format::of(path).ok_or_else(|| ReadError::UnknownFormat(path.to_owned()))?;
        let text = texts.remove(path).ok_or_else(missing)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let file = File::new(path.display().to_string(), text, format, folder);
        Ok(Self::assemble(Loader::of_texts(file, path, texts), settings))
    }

    fn assemble(mut loader: Loader, settings: &[String]) -> (Self, Parsed) {
        let mut root = loader.tree(FileId::default());
        let Loader { mut files, mut diagnostics, mut has_gaps, .. } = loader;
        let is_empty = match &root.value {
            Value::Null => true,
            Value::Table(table) => table.entries().is_empty(),
            _ => false,
        };
        if is_empty && diagnostics.is_empty() {
            let empty = Diagnostic::error(codes::EMPTY, FieldPath::root(), "the scenario is empty")
                .help("it needs at least `version`, `brokers` and `user_classes`");
            diagnostics.push(empty.marking(Mark::Source(FileId::default(), 0..0)));
            has_gaps = true;
        }
        if !has_gaps {
            settings::apply(&mut root, &mut files, settings, &mut diagnostics);
            constants::as_written(&mut root, &files);
        }
        // The files have no mistakes any more, so this finds only those of the settings.
        let set = parse::repair(&mut root, &files);
        diagnostics.extend(set.diagnostics);
        has_gaps |= set.gave_up;
        let mut reported = Reported::default();
        let mut scenario = set.scenario;
        if !has_gaps && extends::resolve(&mut root, &mut diagnostics, &mut reported) {
            scenario = parse::repair(&mut root, &files).scenario;
        }
        if has_gaps {
            scenario = Scenario::default();
            reported = Reported::all();
        } else if !diagnostics.is_empty() {
            reported.add_all(&root);
        }
        (Self { files, root }, Parsed { scenario, diagnostics, reported })
    }

    /// What messages call the scenario: the path of its file.
    pub fn name(&self) -> &str {
        self.files.first().name()
    }

    /// The names of all texts: the paths of the scenario and of what it includes, and the names of options.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(File::name)
    }

    /// The text of the scenario file itself, without byte order mark.
    pub fn text(&self) -> &str {
        self.files.first().text()
    }

    /// All texts that the scenario is made of, by their numbers.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// The file with a number, as in a [`Place`] or a mark.
    pub fn file(&self, id: FileId) -> &File {
        self.files.get(id)
    }

    /// The folder of the file in which the value at a path stands: where paths in this value count from. For a
    /// value of the command line it is that of the scenario.
    pub fn folder(&self, path: &FieldPath) -> &Path {
        self.file(self.place(path, &Mark::Value).file).folder()
    }

    /// The place that a diagnostic marks: within one line of its file and on character boundaries.
    ///
    /// A path that no file has stands for the nearest one above it, and a table or list over several lines for
    /// its key. `0..0` means a file as a whole.
    pub fn place(&self, path: &FieldPath, mark: &Mark) -> Place {
        place(&self.root, &self.files, path, mark)
    }

    /// The file and the line, from 1, in which the value at a path stands, or the nearest one above it; `None` if the
    /// command line says it.
    pub fn line(&self, path: &FieldPath) -> Option<(String, u32)> {
        let place = self.place(path, &Mark::Value);
        let file = self.file(place.file);
        let before = file.text().get(..place.span.start)?;
        let line = before.matches('\n').count() + 1;
        (file.name() != settings::NAME)
            .then(|| (file.name().to_owned(), u32::try_from(line).unwrap_or(u32::MAX)))
    }

    /// The places of many diagnostics, in their order, in time that grows with the files and not with the mistakes.
    pub fn places(&self, diagnostics: &[Diagnostic]) -> Vec<Place> {
        let marks = diagnostics.iter().map(|diagnostic| (&diagnostic.at, &diagnostic.mark));
        place::places(&self.root, &self.files, marks)
    }
}

#[cfg(test)]
mod tests;
