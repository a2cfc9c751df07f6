use super::*;

#[test]
fn nothing_of_an_address_is_shown_that_may_be_secret() {
    assert_eq!(without_query("http://h/m?token=x"), "http://h/m?***");
    assert_eq!(without_query("http://h/m"), "http://h/m");
    assert_eq!(without_query("http://bob:pw@h:1/m;id=S#tok?x"), "http://h:1/m?***");
    assert_eq!(without_query("/login#x"), "/login?***");
    assert_eq!(without_query("http://[::1]:9/m"), "http://[::1]:9/m");
}
