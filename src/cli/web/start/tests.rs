use super::*;
use crate::scenario::files::Format;
use crate::scenario::source::Source;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_variable_is_the_text_that_was_sent(text in any::<String>()) {
        let (_, parsed) =
            Source::parse_with("x.toml", "vars = { a = 1 }", Format::Toml, &[argument("vars.a", &text)]);
        prop_assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        prop_assert_eq!(&parsed.scenario.vars["a"].0, &text);
    }
}

#[test]
fn a_rate_may_be_a_text_or_a_table() {
    assert_eq!(argument("user_classes.a.rate", "5/s"), "user_classes.a.rate=5/s");
    assert_eq!(argument("user_classes.a.rate", "{ per_user = 1 }"), "user_classes.a.rate={ per_user = 1 }");
}
