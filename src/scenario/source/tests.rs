use super::*;

const TOML: &str = r#"# é 日本
version = 1
brokers.local.url = "embedded:"

[user_classes."größe"]
client_id = "é${x}"
on_start = [
  "connect",
  { wait = "1s" },
]

[[user_classes."größe".tasks]]
name = 'task'
"#;

const YAML: &str = r#"# é 日本
version: 1
brokers: { local: { url: "embedded:" } }
user_classes:
  größe:
    client_id: "é${x}"
    on_start:
      - connect
      - wait: 1s
    tasks:
      - name: task
"#;

/// `user_classes.größe.on_start[1]`, written with dots only.
fn path(dotted: &str) -> FieldPath {
    dotted.split('.').filter(|part| !part.is_empty()).fold(FieldPath::root(), |path, part| {
        part.parse().map_or_else(|_| path.key(part), |index| path.index(index))
    })
}

#[test]
fn every_path_has_its_place() {
    let class = "user_classes.größe";
    for (dotted, mark, toml, yaml) in [
        ("version", Mark::Value, "1", "1"),
        ("version", Mark::Key, "version", "version"),
        ("brokers.local.url", Mark::Value, "\"embedded:\"", "\"embedded:\""),
        ("brokers.local", Mark::Value, "local", "{ url: \"embedded:\" }"),
        (class, Mark::Value, "[user_classes.\"größe\"]", "größe"),
        (class, Mark::Key, "\"größe\"", "größe"),
        (&format!("{class}.client_id"), Mark::Within(2..6), "${x}", "${x}"),
        (&format!("{class}.client_id"), Mark::Within(0..2), "é", "é"),
        (&format!("{class}.on_start"), Mark::Value, "on_start", "on_start"),
        (&format!("{class}.on_start.0"), Mark::Value, "\"connect\"", "connect"),
        (&format!("{class}.on_start.1"), Mark::Value, "{ wait = \"1s\" }", "wait: 1s"),
        (&format!("{class}.on_start.1"), Mark::Key, "{ wait = \"1s\" }", "wait: 1s"),
        (&format!("{class}.on_start.1.wait"), Mark::Key, "wait", "wait"),
        (&format!("{class}.tasks.0"), Mark::Value, "[[user_classes.\"größe\".tasks]]", "name: task"),
        // What the file does not have is marked at the nearest that it has.
        (&format!("{class}.tasks.0.steps"), Mark::Value, "[[user_classes.\"größe\".tasks]]", "name: task"),
        (&format!("{class}.broker"), Mark::Key, "\"größe\"", "größe"),
        ("load.users", Mark::Value, "", ""),
    ] {
        for (text, format, expected) in [(TOML, Format::Toml, toml), (YAML, Format::Yaml, yaml)] {
            for text in [text.to_owned(), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
                let (source, parsed) = Source::parse("test", text, format);
                assert_eq!(parsed.diagnostics, []);
                let place = source.place(&path(dotted), &mark);
                assert_eq!(
                    &source.file(place.file).text()[place.span],
                    expected,
                    "{dotted} {mark:?} {format:?}"
                );
            }
        }
    }
}

fn texts(files: &[(&str, &str)]) -> BTreeMap<PathBuf, String> {
    files.iter().map(|&(path, text)| (PathBuf::from(path), text.to_owned())).collect()
}

#[test]
fn texts_include_each_other_by_their_paths_and_nothing_of_the_disk() {
    let files = texts(&[
        ("my.toml", "include = [\"parts/brokers.toml\"]\n"),
        ("parts/brokers.toml", "include = [\"../version.yaml\"]\nbrokers.b.url = \"mqtt://b\"\n"),
        ("version.yaml", "version: 1\n"),
    ]);
    let path = Path::new("my.toml");
    let (source, parsed) = Source::parse_texts(path, files.clone(), &[]).unwrap();
    assert_eq!(parsed.diagnostics, []);
    assert_eq!((parsed.scenario.version, parsed.scenario.brokers.len()), (Some(1), 1));
    assert_eq!(
        source.names().collect::<Vec<_>>(),
        ["my.toml", "parts/brokers.toml", "parts/../version.yaml"]
    );
    assert!(Source::parse_texts(Path::new("other.toml"), files.clone(), &[]).is_err());

    // Cargo.toml is there, where tests run.
    let disk = texts(&[("my.toml", "include = [\"Cargo.toml\"]\n")]);
    let (_, parsed) = Source::parse_texts(path, disk, &[]).unwrap();
    assert_eq!(parsed.diagnostics[0].message, "cannot read Cargo.toml: there is no such file");

    let cycle = texts(&[("my.toml", "include = [\"a.toml\"]\n"), ("a.toml", "include = [\"./my.toml\"]\n")]);
    let (_, parsed) = Source::parse_texts(path, cycle, &[]).unwrap();
    assert!(parsed.diagnostics[0].message.contains("includes itself"), "{:?}", parsed.diagnostics);
}

#[test]
fn a_mark_beyond_the_text_is_cut() {
    let (source, _) = Source::parse("test", "name = \"é\"\n", Format::Toml);
    for range in [9..100, 100..200, 8..9] {
        let place = source.place(&FieldPath::root(), &Mark::Source(FileId(0), range.clone()));
        assert!(source.file(place.file).text().get(place.span).is_some(), "{range:?}");
    }
}
