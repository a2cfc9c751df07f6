//! Any text as a scenario file: it is read, and what is wrong with it is drawn, without a panic, whatever it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqtt_scenario::cli::render::render;
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::source::Source;

fuzz_target!(|input: (bool, Vec<String>, &str)| {
    let (is_toml, settings, text) = input;
    let format = if is_toml { Format::Toml } else { Format::Yaml };
    let (source, parsed) = Source::parse_with("fuzzed", text, format, &settings);
    let drawn = render(&parsed.diagnostics, &source, false);
    assert_eq!(drawn.is_empty(), parsed.diagnostics.is_empty());
});
