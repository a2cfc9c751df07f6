use super::*;

/// What is said of a file, with its help; or how many rows it has.
fn said(text: &[u8]) -> Result<u32, String> {
    columns("f.csv", text).map(|(_, rows)| rows).map_err(|bad| bad.message)
}

#[test]
fn a_table_has_its_columns_by_name() {
    let (columns, rows) =
        columns("f.csv", b"\xef\xbb\xbfid , name\r\n1,\"a, \"\"b\"\"\"\r\n2,\n").ok().unwrap();
    assert_eq!(rows, 2);
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    assert_eq!(names, ["id", "name"]);
    let values: Vec<&[u8]> = columns[1].values().collect();
    assert_eq!(values, [&b"a, \"b\""[..], b""]);
}

#[test]
fn a_file_that_is_no_table_says_why() {
    for (text, expected) in [
        (&b""[..], "`f.csv` is empty"),
        (b"\n\n", "`f.csv` is empty"),
        (b"\xef\xbb\xbf", "`f.csv` is empty"),
        (b"a,,c\n1,2,3\n", "column 2 of `f.csv` has no name"),
        (b"a,b, a\n1,2,3\n", "columns 1 and 3 of `f.csv` are both named `a`"),
        (b"a,b\n", "`f.csv` has a header but no rows"),
        (b"a,b\n1,2\n3\n\n4,5\n", "line 3 of `f.csv` has 1 value, but its header has 2"),
        (
            b"a\n1\n2,3\n\n4,5\n",
            "line 3 of `f.csv` has 2 values, but its header has 1 (and another line like it)",
        ),
        (b"a\n1\n\xff\n", "`f.csv` is not UTF-8 text: invalid bytes in line 3"),
        (b"\xff\xfea\0\n\0", "`f.csv` is UTF-16 text"),
    ] {
        assert_eq!(said(text), Err(expected.to_owned()));
    }
}

#[test]
fn a_quote_that_is_not_closed_is_named_with_its_line() {
    let open =
        |line| format!("the quote (`\"`) that begins a value in line {line} of `f.csv` is never closed");
    let behind = |began, line| {
        format!("there is text after the closing quote (`\"`){began} in line {line} of `f.csv`")
    };
    let of = |line| format!(" of the value that begins in line {line}");
    for (text, expected) in [
        ("id,name\nd1,\"pump 1\nd2,pump 2\n", open(2)),
        ("id,\"name\nd1,pump 1\n", open(1)),
        ("id,name\r\n\r\nd1,\"a\nb\"\r\nd2,\"c\r\n", open(5)),
        ("id,name\nd1,\"a\"\"\nd2,b\n", open(2)),
        ("id,name\nd1,\"pump 1\nd2,\"pump 2\"\n", behind(of(2), 3)),
        ("id,name\nd1,\"pump\" 1\n", behind(String::new(), 2)),
        ("id,name\nd1,\"pump\" \n", behind(String::new(), 2)),
        ("id,name\nd1,\"say \"x\"\"\n", behind(String::new(), 2)),
    ] {
        assert_eq!(said(text.as_bytes()), Err(expected), "{text}");
    }
}

#[test]
fn quotes_that_are_closed_stay_right() {
    for (text, rows) in [
        ("id,name\nd1,\"pump\n1\"\nd2,\"say \"\"x\"\"\"\nd3,pump 3\n", 3),
        ("id,name\r\nd1,\"a,b\r\nc\"\r\nd2,\"\"\r\n", 2),
        ("\"id\",\"na\"\"me\"\n\"d1\",\"\"\n", 1),
        ("id,name\nd1,5\" pipe\nd2,a\"b\"c", 2),
        ("id\r\"d\r1\"\rd2\r", 2),
    ] {
        assert_eq!(said(text.as_bytes()), Ok(rows), "{text:?}");
    }
}

#[test]
fn other_separators_are_named_once() {
    for (text, expected) in [
        ("id;name\nd1;a\n", "the columns of `f.csv` are separated by semicolons"),
        ("id;name;x\nd1;a,5;b\n", "the columns of `f.csv` are separated by semicolons"),
        ("\u{feff}id\tname\nd1\ta\n", "the columns of `f.csv` are separated by tabs"),
        ("id|name\r\nd1|a\r\n", "the columns of `f.csv` are separated by bars (`|`)"),
        (
            "sep=;\nid;name\nd1;a\n",
            "the first line of `f.csv` is `sep=;`, which only spreadsheets understand",
        ),
        (
            "id,name\nd1;a\nd2;b\n",
            "line 2 of `f.csv` has values separated by semicolons, but its header by commas (and another line like it)",
        ),
    ] {
        assert_eq!(said(text.as_bytes()), Err(expected.to_owned()), "{text}");
    }
    assert_eq!(said(b"id,list\nd1,a;b\n"), Ok(1));
    assert_eq!(said(b"id\na;b\n"), Ok(1));
}

#[test]
fn a_first_line_that_looks_like_the_others_is_no_header() {
    for (text, name) in [
        ("d1,pump 1\nd2,pump 2\nd3,pump 3\n", "d1"),
        ("1,Oslo\n2,Bergen\n", "1"),
        ("oslo,s-01\nbergen,s-17\n", "s-01"),
        ("59.9,10.7\n60.4,5.3\n", "59.9"),
    ] {
        let expected =
            format!("`f.csv` has no header: `{name}` in its first line looks like the values below it");
        assert_eq!(said(text.as_bytes()), Err(expected), "{text}");
    }
    for text in
        ["id,name\n1,2\n", "id,2023,2024\nd1,5,6\n", "col1,col2\n5,6\n", "d1,x\nd2,y\ndx,z\n", "a\na\n"]
    {
        assert!(said(text.as_bytes()).is_ok(), "{text}");
    }
}
