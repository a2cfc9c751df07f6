use proptest::prelude::*;

use super::*;

#[test]
fn spacing_is_normal_and_the_author_s_lines_stay() {
    let wild = r#"


#:schema x
version=1   # one
name   = "a  b"


# about brokers
[ brokers . local ]

url="embedded:"#
        .to_owned()
        + "\"   \t\n"
        + r#"[load]
users   =   10
run_time = '1m'



[[user_classes.device.tasks]] # a task
name = "t"
tags = [ "a" ,"b",
"c" ]   # three
steps = [ # in order
    "connect",


      {publish={topic="a",qos=1}} # no comma yet
   , { wait="1s" }
      # the end
]
empty = [  ]
none = {   }
when = 1979-05-27  07:32:00
half = 0.5
"#;
    insta::assert_snapshot!(layout(&wild));
}

#[test]
fn comments_line_ends_and_long_texts_stay_as_they_are() {
    let text = "a = \"\"\"\n  x   \n\n\n  y\"\"\"\nb = '''\n z'''\n";
    assert_eq!(layout(text), text);
    assert_eq!(layout("a=1\r\n#  c  \r\n"), "a = 1\n#  c\n");
    assert_eq!(layout("\u{feff}a=1"), "a = 1\n");
    assert_eq!(layout(""), "");
    assert_eq!(layout("\n\n"), "");
}

/// The files to be laid out: all examples and more of the tests.
fn files() -> Vec<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    let folders = ["scenarios", "tests/fixtures/plan", "tests/fixtures/broken/meaning"];
    let paths = folders.iter().flat_map(|folder| std::fs::read_dir(format!("{root}{folder}")).unwrap());
    let paths = paths.map(|entry| entry.unwrap().path());
    let texts: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .filter(|text| text.parse::<toml::Table>().is_ok())
        .collect();
    assert!(texts.len() > 8, "the files were not found");
    texts
}

/// The text with other white space, drawn from `draws`: wider or none where that means nothing, more line
/// ends where one is.
fn mangled(text: &str, draws: &[u8]) -> String {
    let mut out = String::new();
    let mut draws = draws.iter().cycle().copied();
    let mut previous = TokenKind::Newline;
    for token in Source::new(text).lex() {
        let raw = &text[token.span().start()..token.span().end()];
        let draw = draws.next().unwrap_or_default();
        match token.kind() {
            TokenKind::Whitespace if previous == TokenKind::Atom => out.push(' '),
            TokenKind::Whitespace => out.push_str(["", " ", "\t", "    "][usize::from(draw % 4)]),
            TokenKind::Newline => out.push_str(["\n", " \n", "\r\n", "\n\n\n"][usize::from(draw % 4)]),
            TokenKind::Comma => out.push_str([",", " ,", ",  "][usize::from(draw % 3)]),
            _ => out.push_str(raw),
        }
        previous = token.kind();
    }
    out
}

proptest! {
    // Each of them lays out all files.
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_mangled_file_means_the_same_when_laid_out_and_is_laid_out_once(
        draws in prop::collection::vec(any::<u8>(), 1..300),
    ) {
        for text in files() {
            let mangled = mangled(&text, &draws);
            let meaning: toml::Table = text.parse().unwrap();
            prop_assert_eq!(&mangled.parse::<toml::Table>().unwrap(), &meaning, "{}", mangled);
            let once = layout(&mangled);
            prop_assert_eq!(&once.parse::<toml::Table>().unwrap(), &meaning, "{}", once);
            prop_assert_eq!(&layout(&once), &once);
            let comments = |text: &str| text.matches('#').count();
            prop_assert_eq!(comments(&once), comments(&text));
            // Line ends are the author's choice, all other white space is not.
            let without_blank = |text: &str| {
                text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
            };
            prop_assert_eq!(without_blank(&once), without_blank(&layout(&text)));
        }
    }
}
