//! Finds outputs that would destroy another output or a file that the run reads.
//!
//! The files are compared and not their paths, so links and other spellings of a path make no difference. Devices such
//! as `/dev/null` may take several outputs.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use crate::report::destination::{Identity, identity, is_descriptor, node};

/// Refuses outputs (flag and path) that would write over each other or over one of the inputs; the error says which and
/// what to do.
pub(super) fn refuse(outputs: &[(&'static str, PathBuf)], inputs: &[PathBuf]) -> Result<(), String> {
    let help = "give each output a file of its own; nothing was started, no file was touched";
    conflict(outputs, inputs).map_or(Ok(()), |what| Err(format!("{what}\nhelp: {help}")))
}

fn conflict(outputs: &[(&'static str, PathBuf)], inputs: &[PathBuf]) -> Option<String> {
    // What cannot be looked at is told when it is opened.
    let known = |path: &Path| identity(path).ok().flatten();
    let mut taken: Vec<(Identity, &str)> = Vec::new();
    let inputs: Vec<_> =
        inputs.iter().filter_map(|path| known(path).map(|identity| (identity, path))).collect();
    let streams = [
        ("output", io::stdout().as_fd().try_clone_to_owned()),
        ("error", io::stderr().as_fd().try_clone_to_owned()),
    ];
    let streams: Vec<_> = streams
        .into_iter()
        .filter_map(|(name, stream)| Some((node(&std::fs::File::from(stream.ok()?).metadata().ok()?)?, name)))
        .collect();
    for (flag, path) in outputs {
        let Some(identity) = known(path) else { continue };
        let shown = path.display();
        if let Some((_, input)) = inputs.iter().find(|(input, _)| *input == identity) {
            let same = if *input == path { String::new() } else { format!(" ({})", input.display()) };
            return Some(format!("{flag} would overwrite {shown}{same}, which the run reads"));
        }
        if let Some((_, other)) = taken.iter().find(|(other, _)| *other == identity) {
            return Some(if other == flag {
                format!("{flag} would write two things to {shown}")
            } else {
                format!("{other} and {flag} would both write to {shown}")
            });
        }
        // By its name as a descriptor it is meant so, and what is written there follows what is there already.
        if !is_descriptor(path)
            && let Some((_, name)) = streams.iter().find(|(stream, _)| *stream == identity)
        {
            return Some(format!("{flag} would overwrite {shown}, which standard {name} writes to"));
        }
        taken.push((identity, flag));
    }
    None
}

#[cfg(test)]
mod tests;
