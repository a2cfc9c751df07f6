use super::*;

#[test]
fn versions_are_read_from_what_locust_answers() {
    for (answer, found) in [
        ("locust 2.47.0 from /x/locust (Python 3.11.7)\n", Some((2, 47))),
        ("a warning\nlocust 2.13.0\n", Some((2, 13))),
        ("locust 2.46.8.dev3 from /x\n", Some((2, 46))),
        ("locust 0.14.6\n", Some((0, 14))),
        ("locust 3.0\n", Some((3, 0))),
        ("locust of the desert\n", None),
        ("locust 2\n", None),
        ("", None),
    ] {
        assert_eq!(version_in(answer).map(|(_, found)| found), found, "{answer}");
    }
    assert!((2, 28) < OLDEST && OLDEST < (3, 0));
}

#[test]
fn a_command_has_words_unless_it_is_a_file() {
    let words = |text: &str| Program::named(OsStr::new(text)).0;
    assert_eq!(words("python3  -m locust"), ["python3", "-m", "locust"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my locust");
    std::fs::write(&path, "").unwrap();
    assert_eq!(words(path.to_str().unwrap()), [path.as_os_str()]);
}

#[test]
fn a_program_that_does_not_end_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("locust");
    std::fs::write(&script, "exec sleep 60").unwrap();
    let sleeping = Program(vec!["sh".into(), script.into()]);
    let error = sleeping.check(Duration::from_millis(50)).unwrap_err();
    assert!(matches!(error, ProgramError::Silent(..)), "{error}");
    assert!(error.to_string().contains("--version has not ended within"), "{error}");
}
