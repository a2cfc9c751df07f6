//! The schema of scenarios as a file beside them, for editors.

use std::io;
use std::path::{Path, PathBuf};

use crate::report::destination::Destination;
use crate::scenario::schema;

/// What the file is called. Scenarios name it in their first line.
pub(super) const NAME: &str = "scenario.schema.json";

/// Where the schema of a scenario is, or of the scenarios of a folder.
pub(super) fn path_for(scenario_or_folder: &Path) -> PathBuf {
    if scenario_or_folder.is_dir() {
        scenario_or_folder.join(NAME)
    } else {
        scenario_or_folder.with_file_name(NAME)
    }
}

/// Writes the schema beside a scenario, or into a folder. A schema of another version of this program is replaced.
///
/// # Errors
/// What the system says, and a file of that name that is no schema of ours.
pub(super) fn write_for(scenario_or_folder: &Path) -> io::Result<PathBuf> {
    let path = path_for(scenario_or_folder);
    if path.is_file() && !is_ours(&path) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is another file of this name"));
    }
    replace(&path, &schema::text())?;
    Ok(path)
}

/// Writes a file that may be there. A pipe or a device would take the text and keep nothing, or nobody would read it.
///
/// # Errors
/// What the system says, and whatever is no regular file.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    match Destination::find(path)? {
        to if to.is_stream() => Err(io::Error::other("it is no regular file")),
        to => to.replace_for_good(text.as_bytes()),
    }
}

fn is_ours(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|schema| schema["$id"] == schema::ID)
}
