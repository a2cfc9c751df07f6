//! The settings of Locust that stand in the environment and in the files around this process, the strongest first.

use std::env;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::cli::locust::config_files::{Value, conf, toml};
use crate::cli::locust::settings::{INNER, Setting, named, of_variable};
use crate::cli::locust::told::Place;
use crate::cli::mistake::Mistake;
use crate::scenario::files::reason;

/// Most that is read of a configuration file, in bytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// A setting that stands somewhere.
#[derive(Debug)]
pub(in crate::cli) struct Found {
    /// `None` if neither Locust nor this program has such a setting.
    pub(super) setting: Option<&'static Setting>,
    pub(super) value: Value,
    pub(super) at: Place,
}

/// All settings, those of stronger places first: the environment, this file, `pyproject.toml` and `locust.conf` here, and
/// `~/.locust.conf`. A file that is there and cannot be read is a mistake.
pub(in crate::cli) fn found(config: Option<&Path>) -> Result<Vec<Found>, Mistake> {
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    let mut found = of_environment(variables);
    let home = env::var_os("HOME").map(|home| Path::new(&home).join(".locust.conf"));
    let of_folder = [PathBuf::from("pyproject.toml"), PathBuf::from("locust.conf")];
    for path in of_folder.into_iter().chain(home) {
        if !is_there(&path).map_err(|why| unread(&path, &why, LEAVE_OUT))? {
            continue;
        }
        if let Some(text) = read(&path).map_err(|why| unread(&path, &why, LEAVE_OUT))? {
            found.extend(of_file(&path, &text)?);
        }
    }
    let Some(path) = config else { return Ok(found) };
    // The file that was asked for is stronger than the others, but not than the environment.
    let text = read(path).and_then(|text| text.ok_or_else(|| "there is no such file".to_owned()));
    let text = text.map_err(|why| unread(path, &why, CONFIG))?;
    let of_config = of_file(path, &text)?;
    if of_config.is_empty() && is_toml(path) {
        return Err(Mistake::new(format!("{} has no setting under [tool.locust]", path.display()), CONFIG));
    }
    let from = found.iter().position(|found| !matches!(found.at, Place::Variable(_))).unwrap_or(found.len());
    found.splice(from..from, of_config);
    Ok(found)
}

/// Whether a file is there that nobody has named. In a folder that this user may not search there is none; a pipe would be
/// waited for without end, and is an error.
fn is_there(path: &Path) -> Result<bool, String> {
    match path.metadata() {
        Ok(about) if about.is_file() || about.is_dir() => Ok(true),
        Ok(_) => Err("it is no regular file".to_owned()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => Ok(false),
        Err(error) => Err(reason(&error)),
    }
}

/// The text of a file, if it is there; the error is why it cannot be read.
pub(super) fn read(path: &Path) -> Result<Option<String>, String> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut bytes)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(reason(&error)),
        Ok(_) if bytes.len() as u64 > MAX_CONFIG_BYTES => Err("it is larger than 1 MiB".to_owned()),
        Ok(_) if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") => {
            Err("it is UTF-16, and UTF-8 is needed".to_owned())
        }
        Ok(_) => Ok(Some(
            String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).into_owned(),
        )),
    }
}

fn unread(path: &Path, why: &str, help: &str) -> Mistake {
    Mistake::new(format!("cannot read {}: {why}", path.display()), help)
}

/// What `--config` takes.
const CONFIG: &str = "--config takes a file in the form of locust.conf, or FILE.toml with [tool.locust]";

/// What helps against any setting that stands in the way.
pub(super) const LEAVE_OUT: &str =
    "correct it there, or leave out all settings from outside the command line: --no-config";

fn of_environment(variables: impl Iterator<Item = (String, String)>) -> Vec<Found> {
    let mut variables: Vec<_> = variables
        .filter(|(name, value)| {
            name.starts_with("LOCUST_") && !value.is_empty() && !INNER.contains(&name.as_str())
        })
        .collect();
    variables.sort();
    let found = variables.into_iter().map(|(name, text)| {
        let setting = of_variable(&name);
        // A list of classes has blanks between them, and every other list is one that a file could have.
        let value = match setting.map(|setting| setting.name) {
            Some("user-classes") => Value::List(text.split_whitespace().map(str::to_owned).collect()),
            Some("tags" | "exclude-tags") => Value::of(&text),
            _ => Value::Text(text),
        };
        Found { setting, value, at: Place::Variable(name) }
    });
    found.collect()
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "toml")
}

fn of_file(path: &Path, text: &str) -> Result<Vec<Found>, Mistake> {
    let lines = if is_toml(path) { toml(text) } else { conf(text) }.map_err(|unreadable| {
        let place = format!("{}:{}", path.display(), unreadable.number);
        Mistake::new(format!("{place}: {}", unreadable.why), LEAVE_OUT)
    })?;
    let found = lines.into_iter().map(|line| Found {
        setting: named(&line.name),
        value: line.value,
        at: Place::Line { file: path.to_owned(), number: line.number, name: line.name },
    });
    Ok(found.collect())
}

#[cfg(test)]
pub(super) fn of_text(path: &str, text: &str) -> Result<Vec<Found>, Mistake> {
    of_file(Path::new(path), text)
}

#[cfg(test)]
pub(super) fn of_variables(set: &[(&str, &str)]) -> Vec<Found> {
    of_environment(set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[cfg(test)]
mod tests;
