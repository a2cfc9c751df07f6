use super::*;

#[test]
fn a_token_is_long_enough_and_goes_into_an_address_as_it_is() {
    assert!("0123456789abcdef".parse::<Token>().is_ok());
    for wrong in ["", "0123456789abcde", "0123456789abcde f", "0123456789abcde;", "0123456789abcdé"] {
        assert!(wrong.parse::<Token>().unwrap_err().contains("16 to"), "{wrong}");
    }
    assert!("x".repeat(LONGEST + 1).parse::<Token>().is_err());
}

#[test]
fn random_tokens_differ_and_are_valid() {
    let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
    assert_ne!(one, other);
    assert_eq!(one.as_str().parse(), Ok(one.clone()));
}

#[test]
fn only_the_word_itself_is_the_word() {
    let token: Token = "0123456789abcdef".parse().unwrap();
    assert!(token.is(b"0123456789abcdef"));
    for said in ["", "0123456789abcdeF", "0123456789abcdef ", "0123456789abcde"] {
        assert!(!token.is(said.as_bytes()), "{said}");
    }
    assert_eq!(format!("{token:?}"), "Token(…)");
}
