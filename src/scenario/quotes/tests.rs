use super::*;

#[test]
fn quotes_within_quotes_are_told_with_the_whole_text() {
    for (text, before, help) in [
        (r#"a = "{"v": 1}""#, "v\"", r#"write a text that holds double quotes in single quotes: '{"v": 1}'"#),
        (
            r#"{ a = { b = "{"v": "x"}" } },"#,
            "v\"",
            r#"write a text that holds double quotes in single quotes: '{"v": "x"}'"#,
        ),
        (
            r#"{ b = "say "hi"", c = "d" },"#,
            "hi",
            r#"write a text that holds double quotes in single quotes: 'say "hi"'"#,
        ),
        (r#"a = "it's "so"""#, "so", r#"write a backslash before each double quote within a text: \""#),
        ("a = 'it's'", "s'", "write a text that holds single quotes in double quotes: \"it's\""),
        (r#"{ a = "b, c = 1, d = "x" }"#, "x\"", "close it where it ends: \"b\""),
    ] {
        let at = text.find(before).unwrap();
        assert_eq!(ended_early(text, at).map(|found| found.help).as_deref(), Some(help), "{text}");
    }
}

#[test]
fn a_missing_comma_is_no_quote_too_many() {
    for (text, before) in [
        (r#"{ a = "b" c = "d" }"#, "c ="),
        (r#"a = "b" 5"#, "5"),
        ("a = 5 b", "b"),
        (r#"["a" , "b"]"#, ", "),
        ("", ""),
    ] {
        assert_eq!(ended_early(text, text.find(before).unwrap()), None, "{text}");
    }
}
