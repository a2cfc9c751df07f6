use super::*;
use std::time::Duration;

#[test]
fn each_run_has_a_folder_of_its_own() {
    let place = tempfile::tempdir().unwrap();
    let parent = place.path().join("a/b");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_435_303);
    let names = ["seed", "seed", "../\u{202e} x/y", "..", ""].map(|scenario| {
        let folder = RunFolder::create(&parent, scenario, now).unwrap();
        assert_eq!(folder.path().parent(), Some(&*parent));
        folder.path().file_name().unwrap().to_str().unwrap().to_owned()
    });
    let time = "2025-11-29T16-55-03Z";
    let wanted = ["seed", "seed-2", "___x_y", "run", "run-2"].map(|name| format!("{time}-{name}"));
    assert_eq!(names, wanted);
}

#[test]
fn the_newest_earlier_run_of_the_scenario_that_has_a_result_is_found() {
    let place = tempfile::tempdir().unwrap();
    let make = |scenario: &str, seconds, has_result| {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let folder = RunFolder::create(place.path(), scenario, now).unwrap();
        if has_result {
            folder.write("result", "result.json", "{}").unwrap();
        }
        folder
    };
    assert_eq!(make("seed", 10, true).earlier(), None);
    let wanted = make("seed", 20, true);
    make("seed", 30, false);
    make("other", 40, true);
    let last = make("seed", 50, true);
    make("seed", 60, true);
    assert_eq!(last.earlier().as_deref(), Some(wanted.path()));
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(RunFolder::create(&file, "seed", SystemTime::now()).is_err());
}
