use std::os::unix::fs::symlink;

use super::*;

fn listing(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_whole_and_keeps_its_mode_and_its_links() {
    let dir = tempfile::tempdir().unwrap();
    let (file, link) = (dir.path().join("file"), dir.path().join("link"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    symlink("file", &link).unwrap();
    let reader = File::open(&file).unwrap();
    for for_good in [false, true] {
        let found = Destination::find(&link).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), if for_good { "new" } else { "old" });
        if for_good { found.replace_for_good(b"newer") } else { found.replace(b"new") }.unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "newer");
    assert_eq!(io::read_to_string(reader).unwrap(), "old", "who has it open reads on");
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(listing(dir.path()), ["file", "link"]);
}

#[test]
fn a_file_that_is_not_finished_leaves_the_old_one_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "old").unwrap();
    let unfinished = Destination::find(&file).unwrap().begin_whole(b"head\n").unwrap();
    unfinished.append(b"row\n").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    drop(unfinished);
    assert_eq!(
        (listing(dir.path()), fs::read_to_string(&file).unwrap()),
        (vec!["file".into()], "old".into())
    );
    let unfinished = Destination::find(&file).unwrap().begin_whole(b"head\n").unwrap();
    unfinished.append(b"row\n").unwrap();
    unfinished.finish().unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "head\nrow\n");
    let mut growing = Destination::find(&file).unwrap().begin(b"grows\n").unwrap();
    growing.write_all(b"on\n").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "grows\non\n");
}

#[test]
fn a_dangling_link_is_written_through() {
    let dir = tempfile::tempdir().unwrap();
    symlink("sub/../file", dir.path().join("a")).unwrap();
    symlink("a", dir.path().join("b")).unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    Destination::find(&dir.path().join("b")).unwrap().replace(b"x").unwrap();
    assert_eq!(listing(dir.path()), ["a", "b", "file", "sub"]);
    symlink("round", dir.path().join("round")).unwrap();
    Destination::find(&dir.path().join("round")).unwrap_err();
}

#[test]
fn paths_to_one_file_are_the_same_and_devices_are_shared() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| identity(&dir.path().join(name)).unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    fs::hard_link(dir.path().join("file"), dir.path().join("hard")).unwrap();
    symlink("file", dir.path().join("soft")).unwrap();
    symlink("new", dir.path().join("dangling")).unwrap();
    assert!(at("file").is_some());
    for same in ["hard", "soft", "./file", "no/../file"] {
        assert_eq!(at(same), at("file"), "{same}");
    }
    for same in ["dangling", "./new", "not/there/../../new"] {
        assert_eq!(at(same), at("new"), "{same}");
    }
    assert_ne!(at("new"), at("New"));
    assert_eq!(identity(Path::new("/dev/null")).unwrap(), None);
    assert!(is_descriptor(Path::new("/dev/stdout")) && is_descriptor(Path::new("/dev/fd/2")));
    assert!(!is_descriptor(Path::new("/dev/null")));
}

#[test]
fn devices_are_written_directly() {
    let null = Destination::find(Path::new("/dev/null")).unwrap();
    assert!(null.is_stream());
    null.replace(b"x").unwrap();
    let full = Destination::find(Path::new("/dev/full")).unwrap();
    assert_eq!(full.replace(b"x").unwrap_err().kind(), ErrorKind::StorageFull);
}

#[test]
fn a_file_that_grows_belongs_to_one_writer_until_it_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let (first, second) = (Destination::find(&path).unwrap(), Destination::find(&path).unwrap());
    let growing = first.begin(b"first\n").unwrap();
    for refusal in [Destination::find(&path).unwrap_err(), second.begin(b"second\n").unwrap_err()] {
        assert_eq!(refusal.to_string(), "another process is writing it; name another file");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "first\n");
    assert_eq!(listing(dir.path()), ["file"]);
    let clone = growing.try_clone().unwrap();
    drop(growing);
    Destination::find(&path).unwrap_err();
    drop(clone);
    drop(Destination::find(&path).unwrap().begin(b"second\n").unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "second\n");
}

#[test]
fn what_cannot_be_written_is_found_before_anything_is() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    for name in ["", "no/such", "file/below"] {
        let path = dir.path().join(name);
        assert!(Destination::find(&path).is_err(), "{name}");
    }
    assert_eq!(listing(dir.path()), ["file"]);
}

#[test]
fn pieces_end_with_lines_and_are_short() {
    let rows = "0123456789\n".repeat(1_000) + &"x".repeat(10_000) + "\nend";
    let cut: Vec<_> = pieces(rows.as_bytes()).collect();
    assert_eq!(cut.concat(), rows.as_bytes());
    assert!(cut.iter().all(|piece| piece.len() <= PIECE));
    assert!(cut[..2].iter().all(|piece| piece.ends_with(b"\n")));
    assert_eq!(pieces(b"").count(), 0);
}
