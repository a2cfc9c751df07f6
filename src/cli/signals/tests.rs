use super::*;

#[test]
fn ignored_signals_are_read_from_the_kernels_words() {
    let status = |mask: &str| format!("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
    assert_eq!(ignored(&status("0000000000001001")), Some(0x1001));
    assert_eq!(ignored(&status("0000000000001000")), Some(0x1000));
    assert_eq!(ignored("Name:\tx\n"), None);
}
