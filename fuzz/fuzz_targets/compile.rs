//! Any scenario that can be read: it compiles to a plan, which can be described, or to mistakes, which can be drawn.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqtt_scenario::cli::render::render;
use mqtt_scenario::diagnostic::FieldPath;
use mqtt_scenario::compile::{Context, Overrides, compile};
use mqtt_scenario::describe::{describe, describe_json};
use mqtt_scenario::plan::load::Users;
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::source::Source;

fuzz_target!(|input: (bool, &str)| {
    let (is_toml, text) = input;
    let format = if is_toml { Format::Toml } else { Format::Yaml };
    let (source, parsed) = Source::parse("fuzzed", text, format);
    let files = |_: &FieldPath, name: &str| match name {
        "" => Err("there is no such file".to_owned()),
        _ => Ok(b"id,name\n1,a\n2,\"b,\"\n".to_vec()),
    };
    let context = Context {
        file_stem: "fuzzed",
        env: &|name| (!name.is_empty()).then(|| name.to_owned()),
        hostname: "rig",
        run_id: None,
        embedded_options: &|_| Ok(()),
        files: &files,
        folder: &|_| String::new(),
        line: &|_| None,
        overrides: &Overrides::default(),
        reported: parsed.reported.paths(),
    };
    match compile(&parsed.scenario, &context) {
        Ok(compiled) => {
            render(&compiled.warnings, &source, false);
            // Counting out ten million users takes a while, and shows nothing that a thousand do not.
            let users = compiled.plan.load.stages.iter().map(|stage| match &stage.users {
                Users::Total(users) => u64::from(*users),
                Users::PerClass(users) => users.iter().map(|users| u64::from(*users)).sum(),
            });
            if users.max().unwrap_or(0) <= 1_000 {
                assert!(!describe(&compiled.plan).is_empty());
                assert!(describe_json(&compiled.plan).is_object());
            }
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty() || !parsed.diagnostics.is_empty());
            render(&mistakes, &source, false);
        }
    }
});
