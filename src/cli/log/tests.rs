use super::*;

#[test]
fn one_event_is_one_line_whatever_its_texts_say() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log");
    let file = std::fs::File::create(&path).unwrap();
    let subscriber = tracing_subscriber::fmt()
        .event_format(LocustForm)
        .with_writer(move || file.try_clone().unwrap())
        .finish();
    let name = "x\n[2026-01-01T00:00:00.000Z] ERROR/mqtt-scenario: forged \u{202e}\u{1b}[2J\r\u{2028}y";
    tracing::subscriber::with_default(subscriber, || tracing::info!("Running {name}"));
    let log = std::fs::read_to_string(path).unwrap();
    assert_eq!(log.lines().count(), 1, "{log:?}");
    assert!(log.contains("INFO/mqtt-scenario: Running x") && log.ends_with("y\n"), "{log:?}");
    assert_eq!(printable(log.trim_end_matches('\n')), log.trim_end_matches('\n'));
}
