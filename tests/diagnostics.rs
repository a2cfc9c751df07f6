//! What a person sees who made mistakes in a scenario: whole messages, as snapshots.
//!
//! `fixtures/broken/shape` holds files with mistakes in the text and its shape; those of `meaning` are well
//! formed and say something that cannot be.

use std::fs;
use std::path::PathBuf;

use mqtt_scenario::cli::render::render;
use mqtt_scenario::scenario::source::{Format, Source};

/// The broken scenarios of a folder, by name.
fn broken(folder: &str) -> Vec<(String, PathBuf)> {
    let mut files: Vec<_> = fs::read_dir(PathBuf::from("tests/fixtures/broken").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    files.sort();
    files
}

/// What is said about a text.
fn messages(name: &str, text: &str, format: Format) -> String {
    let (source, parsed) = Source::parse(name, text, format);
    render(&parsed.diagnostics, &source, false)
}

#[test]
fn mistakes_in_shape_are_all_shown() {
    let files = broken("shape");
    assert!(files.len() >= 24, "the fixtures were not found");
    for (name, path) in files {
        let (source, parsed) = Source::read(&path).unwrap();
        assert!(!parsed.diagnostics.is_empty(), "{name} has no mistake");
        insta::assert_snapshot!(name.as_str(), render(&parsed.diagnostics, &source, false));
    }
}

#[test]
fn line_ends_and_a_byte_order_mark_change_no_message() {
    for (name, path) in broken("shape") {
        let text = fs::read_to_string(&path).unwrap();
        let format = Format::of(&path).unwrap();
        let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        assert_eq!(messages(&name, &windows, format), messages(&name, &text, format), "{name}");
    }
}
