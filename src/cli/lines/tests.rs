use super::*;

#[test]
fn lines_that_cannot_be_written_are_counted_with_the_reason() {
    let full = Destination::find("/dev/full".as_ref()).unwrap();
    let lines = Lines::file(full).unwrap();
    lines.say("one\n");
    lines.say("two\n");
    lines.flush(Duration::from_secs(5));
    let missing = lines.missing().unwrap();
    assert_eq!(missing, "2 lines could not be written: No space left on device (os error 28)");
}

#[test]
fn a_line_of_the_log_is_broken_between_words() {
    let line = "[2026-11-29T19:54:08.663Z] INFO/mqtt-scenario: --run-time limit reached, shutting down\n";
    let told = fitted(line.to_owned(), 40);
    assert!(told.lines().all(|line| line.len() <= 40) && told.ends_with("shutting down\n"), "{told}");
    let coloured = "\u{1b}[2mscenario\u{1b}[0m  a name of a scenario that is rather long, and its file\n";
    assert_eq!(fitted(coloured.to_owned(), 40), coloured);
}

#[test]
fn who_speaks_never_waits_for_who_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).unwrap();
    let lines = Lines::file(Destination::find(&path).unwrap()).unwrap();
    for _ in 0..MAX_WAITING + 10 {
        lines.say("x\n");
    }
    lines.flush(Duration::from_millis(50));
    let missing = lines.missing().unwrap();
    assert!(missing.starts_with(&format!("{} lines", MAX_WAITING + 10)), "{missing}");
    // A reader that comes late is told what it has missed.
    let reader = File::open(&path).unwrap();
    lines.flush(Duration::from_secs(5));
    lines.say("last\n");
    lines.flush(Duration::from_secs(5));
    drop(lines);
    let text = io::read_to_string(reader).unwrap();
    let missed = text.lines().find(|line| line.contains("lines are missing here")).unwrap();
    let written = text.lines().filter(|line| *line == "x").count();
    assert!(text.ends_with("last\n") && (MAX_WAITING..MAX_WAITING + 10).contains(&written), "{missed}");
}
