use super::*;

#[test]
fn a_command_is_broken_so_that_it_can_be_pasted() {
    let arguments = ["compare", "out/a 1", "out/a-rather-long-name", "--", "out/b"];
    let arguments = arguments.map(|path| argument(Path::new(path)));
    assert_eq!(
        next(&arguments, 120),
        ["Next: mqtt-scenario compare 'out/a 1' out/a-rather-long-name -- out/b"]
    );
    assert_eq!(
        next(&arguments, 40),
        ["Next: mqtt-scenario compare 'out/a 1' \\", "    out/a-rather-long-name -- out/b"]
    );
    assert_eq!(
        next(&arguments, 10),
        [
            "Next: mqtt-scenario \\",
            "    compare \\",
            "    'out/a 1' \\",
            "    out/a-rather-long-name \\",
            "    -- \\",
            "    out/b"
        ]
    );
}
