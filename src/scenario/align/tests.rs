use proptest::prelude::*;

use super::*;

fn align_one(raw: &str, decoded: &str, range: Range<usize>, format: Format) -> Option<Range<usize>> {
    align(raw, decoded, &[range], format).remove(0)
}

/// The spelling of the first `part` of the decoded text.
fn spelling<'a>(raw: &'a str, decoded: &str, part: &str, format: Format) -> Option<&'a str> {
    let start = decoded.find(part).unwrap();
    align_one(raw, decoded, start..start + part.len(), format).map(|range| &raw[range])
}

#[test]
fn a_part_of_a_text_is_found_in_every_spelling() {
    use Format::{Toml, Yaml};
    for (raw, decoded, part, format, expected) in [
        ("a/${x}", "a/${x}", "${x}", Yaml, "${x}"),
        ("\"a/${x}\"", "a/${x}", "${x}", Toml, "${x}"),
        ("'a/${x}'", "a/${x}", "${x}", Toml, "${x}"),
        ("\"é\\\"ü${x}\"", "é\"ü${x}", "${x}", Toml, "${x}"),
        ("\"\\u00e9${x}\"", "é${x}", "${x}", Toml, "${x}"),
        ("\"\\u00e9${x}\"", "é${x}", "é", Toml, "\\u00e9"),
        ("\"\\x41\\U0001F600\\n${x}\"", "A😀\n${x}", "${x}", Yaml, "${x}"),
        ("\"\\ud83d\\ude00${x}\"", "😀${x}", "${x}", Yaml, "${x}"),
        ("'it''s ${x}'", "it's ${x}", "${x}", Yaml, "${x}"),
        ("'''a${x}'", "'a${x}", "${x}", Yaml, "${x}"),
        ("\"\"\"\nline\n${x}\"\"\"", "line\n${x}", "${x}", Toml, "${x}"),
        ("'''\r\nline\r\n${x}'''", "line\n${x}", "${x}", Toml, "${x}"),
        ("\"\"\"a\\\n    ${x}\"\"\"", "a${x}", "${x}", Toml, "${x}"),
        ("|\n    one\n    ${x} two", "one\n${x} two", "${x}", Yaml, "${x}"),
        (">-\n    one\n    ${x} two", "one ${x} two", "${x}", Yaml, "${x}"),
        ("one\n    ${x}", "one ${x}", "${x}", Yaml, "${x}"),
        ("\"one\n    ${x}\"", "one ${x}", "${x}", Yaml, "${x}"),
    ] {
        assert_eq!(spelling(raw, decoded, part, format), Some(expected), "{raw:?}");
    }
}

#[test]
fn an_empty_part_is_a_place_and_a_foreign_text_is_none() {
    assert_eq!(align_one("\"abc\"", "abc", 1..1, Format::Toml), Some(2..2));
    assert_eq!(align_one("\"abc\"", "abc", 3..3, Format::Toml), Some(4..4));
    assert_eq!(align_one("\"\"", "", 0..0, Format::Toml), Some(1..1));
    assert_eq!(align_one("\"abc\"", "xyz", 0..1, Format::Toml), None);
}

proptest! {
    #[test]
    fn the_place_lies_within_on_boundaries(
        raw in "(\"|'|\"\"\"|\\|\n| )?[a-zé\\\\u'\" \n\t😀]{0,20}",
        decoded in "[a-zé'\" \n😀]{0,10}",
        start in 0..12_usize,
        length in 0..5_usize,
        toml in any::<bool>(),
    ) {
        let format = if toml { Format::Toml } else { Format::Yaml };
        let ranges = [start..start + length, start..start, start + 1..start + 3];
        let together = align(&raw, &decoded, &ranges, format);
        for (range, found) in ranges.into_iter().zip(together) {
            prop_assert_eq!(&found, &align_one(&raw, &decoded, range, format));
            prop_assert!(found.is_none_or(|found| raw.get(found).is_some()));
        }
    }
}
