//! `include`: from the files of a scenario to one tree.
//!
//! Each file is read and its mistakes repaired by itself, before anything is merged: so a mistake is found once,
//! in the file that made it, also if another file's value wins over it in the end.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use crate::diagnostic::{Diagnostic, FieldPath, FileId, Mark, nearest};
use crate::scenario::files::{File, Files, Format, MAX_FILE_BYTES, ReadError, read_file};
use crate::scenario::merge::{Section, merge};
use crate::scenario::node::{Node, Value};
use crate::scenario::{codes, constants, format_toml, format_yaml, parse};

const MAX_FILES: usize = 100;

const MAX_LEVELS: usize = 16;

/// Most names of a folder that are looked at for one that was meant.
const MAX_NAMES: usize = 1_000;

pub(super) struct Loader {
    pub(super) files: Files,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Whether something could not be read at all, so that missing keys are not reported.
    pub(super) has_gaps: bool,
    origin: Origin,
    left_bytes: u64,
    /// The file that is being read and those that include it, the scenario first.
    open: Vec<(PathBuf, FileId)>,
    trees: HashMap<PathBuf, Node>,
}

enum Origin {
    Nowhere,
    Disk,
    Texts(HashMap<PathBuf, String>),
}

impl Loader {
    /// For a text that includes nothing.
    pub(super) fn in_memory(file: File) -> Self {
        let left_bytes = MAX_FILE_BYTES.saturating_sub(file.text().len() as u64);
        Self {
            files: Files::new(file),
            diagnostics: Vec::new(),
            has_gaps: false,
            origin: Origin::Nowhere,
            left_bytes,
            open: Vec::new(),
            trees: HashMap::new(),
        }
    }

    pub(super) fn on_disk(file: File, path: &Path) -> Self {
        let mut loader = Self::in_memory(file);
        loader.origin = Origin::Disk;
        loader.open.push((identity(path), FileId::default()));
        loader
    }

    /// For a text of this path with those that it may include, by their paths.
    pub(super) fn of_texts(file: File, path: &Path, others: BTreeMap<PathBuf, String>) -> Self {
        let mut loader = Self::in_memory(file);
        loader.origin =
            Origin::Texts(others.into_iter().map(|(path, text)| (without_detours(&path), text)).collect());
        loader.open.push((without_detours(path), FileId::default()));
        loader
    }

    /// The tree of a file, its mistakes repaired, with all that it includes.
    pub(super) fn tree(&mut self, id: FileId) -> Node {
        let file = self.files.get(id);
        let nothing = Node::new(id, 0..0, Value::Null);
        let tree = match file.format() {
            Format::Toml => format_toml::read(file.text(), id),
            Format::Yaml => format_yaml::read(file.text(), id),
        };
        let mut root = match tree {
            Ok(root) => root,
            Err(diagnostics) => {
                self.diagnostics.extend(diagnostics);
                self.has_gaps = true;
                return nothing;
            }
        };
        constants::as_written(&mut root, &self.files);
        let repaired = parse::repair(&mut root, &self.files);
        self.diagnostics.extend(repaired.diagnostics);
        if repaired.gave_up || root.unreadable {
            self.has_gaps = true;
            return nothing;
        }
        let paths: Vec<_> = match root.get("include").and_then(Node::seen) {
            Some(Value::List(items)) => items.iter().filter(|item| !item.unreadable).cloned().collect(),
            _ => Vec::new(),
        };
        let trees: Vec<_> = paths.iter().map(|item| self.included(item)).collect();
        self.has_gaps |= trees.iter().any(Option::is_none);
        // The last one lies right below this file.
        trees.iter().flatten().rev().fold(root, |root, tree| merge(root, tree, Section::Root))
    }

    /// The tree of a file that an item of `include` names, without its own `include`.
    fn included(&mut self, item: &Node) -> Option<Node> {
        let Value::Text(name) = &item.value else { return None };
        if let Origin::Nowhere = self.origin {
            let message = format!("`{name}` cannot be included: this scenario is a text without a folder");
            return self.refuse(codes::INCLUDE, item, message, "include files in a scenario that is a file");
        }
        let path = self.files.get(item.file).folder().join(&**name);
        let identity = match self.origin {
            Origin::Texts(_) => without_detours(&path),
            _ => identity(&path),
        };
        if let Some(first) = self.open.iter().position(|(open, _)| *open == identity) {
            let way: Vec<_> = self.open[first + 1..].iter().map(|(_, id)| self.name(*id)).collect();
            let way = if way.is_empty() { String::new() } else { format!(" by way of {}", way.join(", ")) };
            let message = format!("{} includes itself{way}", self.name(self.open[first].1));
            let help = "move what both files need into a third one, which includes neither";
            return self.refuse(codes::INCLUDE_CYCLE, item, message, help);
        }
        if let Some(tree) = self.trees.get(&identity) {
            return Some(tree.clone());
        }
        let too_much = |what: String| (what, "put what belongs together into fewer and smaller files");
        let limit = if self.trees.len() + self.open.len() >= MAX_FILES {
            Some(too_much(format!("more than {MAX_FILES} files in one scenario")))
        } else if self.open.len() >= MAX_LEVELS {
            Some(too_much(format!("files include each other deeper than {MAX_LEVELS} levels")))
        } else {
            None
        };
        if let Some((message, help)) = limit {
            return self.refuse(codes::TOO_MUCH_INCLUDED, item, message, help);
        }
        let read = match &self.origin {
            Origin::Texts(texts) => of_texts(&path, texts.get(&identity), self.left_bytes),
            _ => read_file(&path, self.left_bytes),
        };
        let file = match read {
            Ok(file) => file,
            Err(ReadError::TooLarge(_)) => {
                let most = MAX_FILE_BYTES >> 20;
                let (message, help) = too_much(format!(
                    "with {name} the scenario is larger than {most} MiB, the most that is read"
                ));
                return self.refuse(codes::TOO_MUCH_INCLUDED, item, message, help);
            }
            Err(error) => {
                let help = self.cure(&error, name, item.file);
                return self.refuse(codes::INCLUDE, item, error.to_string(), help);
            }
        };
        self.left_bytes = self.left_bytes.saturating_sub(file.text().len() as u64);
        let id = self.files.add(file);
        self.open.push((identity.clone(), id));
        let mut tree = self.tree(id);
        self.open.pop();
        if let Some(table) = tree.table_mut(&[]) {
            table.retain(|entry| &*entry.key != "include");
        }
        self.trees.insert(identity, tree.clone());
        Some(tree)
    }

    fn refuse<T>(
        &mut self,
        code: &'static str,
        item: &Node,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<T> {
        let mark = Mark::Source(item.file, item.span.clone());
        let at = FieldPath::root().key("include");
        self.diagnostics.push(Diagnostic::error(code, at, message).marking(mark).help(help));
        None
    }

    fn name(&self, id: FileId) -> String {
        self.files.get(id).name().to_owned()
    }

    fn cure(&self, error: &ReadError, name: &str, includer: FileId) -> String {
        match error {
            ReadError::UnknownFormat(_) => "rename it by what is in it".to_owned(),
            ReadError::Io { .. } if matches!(self.origin, Origin::Texts(_)) => {
                "send all files that the scenario includes along with it".to_owned()
            }
            ReadError::Io { path, .. } if !path.exists() => match meant(path) {
                Some(file) => format!("did you mean `{}`?", Path::new(name).with_file_name(file).display()),
                None => {
                    format!(
                        "a path in `include` counts from the folder of {}",
                        self.files.get(includer).name()
                    )
                }
            },
            _ => "mend the file, or remove it from `include`".to_owned(),
        }
    }
}

/// A text that stands for a file of at most `most` bytes.
fn of_texts(path: &Path, text: Option<&String>, most: u64) -> Result<File, ReadError> {
    let format = Format::of(path).ok_or_else(|| ReadError::UnknownFormat(path.to_owned()))?;
    let missing = || ReadError::Io { path: path.to_owned(), source: io::ErrorKind::NotFound.into() };
    let text = text.ok_or_else(missing)?;
    if text.len() as u64 > most {
        return Err(ReadError::TooLarge(path.to_owned()));
    }
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(File::new(path.display().to_string(), text.clone(), format, folder))
}

/// A path without `.` and without `..`, as far as these have a folder to leave.
fn without_detours(path: &Path) -> PathBuf {
    let mut way = PathBuf::new();
    for part in path.components() {
        let leaves = part == Component::ParentDir
            && matches!(way.components().next_back(), Some(Component::Normal(_)));
        if leaves {
            way.pop();
        } else if part != Component::CurDir {
            way.push(part);
        }
    }
    way
}

/// Two paths of one file have the same identity.
fn identity(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns the file of the same folder that was most likely meant.
fn meant(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).ok()?.take(MAX_NAMES);
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Format::of(Path::new(name)).is_some())
        .collect();
    names.sort();
    nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str)).map(str::to_owned)
}
