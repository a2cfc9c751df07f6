use super::*;

#[test]
fn the_first_topics_get_an_alias_and_keep_it() {
    let mut aliases = Aliases::new(2);
    assert_eq!(aliases.give(b"a"), Alias::New(1));
    assert_eq!(aliases.give(b"b"), Alias::New(2));
    assert_eq!(aliases.give(b"c"), Alias::None);
    assert_eq!(aliases.give(b"a"), Alias::Known(1));
    assert_eq!(Aliases::new(0).give(b"a"), Alias::None);
}

#[test]
fn a_broker_can_change_its_aliases_but_not_make_them_up() {
    let mut aliases = Aliases::new(0);
    assert_eq!(aliases.take(5, "").unwrap_err(), Failure::Protocol("topic alias that was not given"));
    assert_eq!(&*aliases.take(5, "a").unwrap(), "a");
    assert_eq!(&*aliases.take(5, "").unwrap(), "a");
    assert_eq!(&*aliases.take(5, "b").unwrap(), "b");
    assert_eq!(&*aliases.take(5, "").unwrap(), "b");
    assert_eq!(aliases.take(4, "").unwrap_err(), Failure::Protocol("topic alias that was not given"));
    assert_eq!(aliases.take(65, "a").unwrap_err(), Failure::Protocol("topic alias above the maximum"));
}
