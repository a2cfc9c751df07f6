//! Scenario texts compiled.

use std::collections::BTreeSet;

use mqtt_scenario::compile::{Compiled, Context, Overrides, compile};
use mqtt_scenario::diagnostic::{Diagnostic, FieldPath};
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::source::Source;

/// Compiles a scenario in TOML with these files beside it.
pub(crate) fn compiled(text: &str, files: &[(&str, &[u8])]) -> (Source, Result<Compiled, Vec<Diagnostic>>) {
    let (source, parsed) = Source::parse("test.toml", text, Format::Toml);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let read = |_: &FieldPath, path: &str| {
        let file = files.iter().find(|(name, _)| *name == path);
        file.map(|(_, bytes)| bytes.to_vec()).ok_or_else(|| "there is no such file".to_owned())
    };
    let context = Context {
        file_stem: "test",
        env: &|_| None,
        hostname: "rig",
        run_id: None,
        embedded_options: &|_| Ok(()),
        files: &read,
        folder: &|_| String::new(),
        overrides: &Overrides::default(),
        reported: &BTreeSet::new(),
    };
    let compiled = compile(&parsed.scenario, &context);
    (source, compiled)
}
