use super::*;

#[test]
fn only_the_wrapper_of_locusts_own_error_is_taken_off() {
    assert_eq!(unwrapped("CatchResponseError('no')"), "'no'");
    assert_eq!(unwrapped("CatchResponseError("), "");
    assert_eq!(unwrapped("CatchResponseError(é"), "");
    assert_eq!(unwrapped("timed out"), "timed out");
}
