use super::*;

fn grid() -> Grid {
    let column = |heading: &str, worth| Column { heading: heading.to_owned(), worth, least_width: 0 };
    let row = |name: &str, cells: [&str; 3]| Row {
        indent: 0,
        name: name.to_owned(),
        tint: Tint::Plain,
        cells: cells.map(|text| text.to_owned().into()).to_vec(),
    };
    Grid {
        title: "row".to_owned(),
        columns: vec![column("requests", ALWAYS), column("p50", 1), column("p99", 2)],
        rows: vec![
            row("connect", ["5", "4.10 ms", ""]),
            row("publish:1:plant/north/hall-7", ["1,234", "28 µs", "1.25 s"]),
            row("two\nlines\u{1b}[2J", ["0", "", ""]),
        ],
        least_name: 12,
        gap: GAP,
    }
}

#[test]
fn names_get_narrower_before_columns_go() {
    let plain = Paint { coloured: false };
    let all = [60, 45, 38, 30, 12].map(|columns| {
        let lines = grid().lines(columns, plain);
        assert!(lines.iter().all(|line| width(line) <= columns || columns < 20), "{lines:#?}");
        format!("{columns}\n{}\n", lines.join("\n"))
    });
    insta::assert_snapshot!(all.concat());
    assert_eq!(grid().width(), 28 + 10 + 9 + 8);
    assert_eq!((grid().shown(60).len(), grid().shown(30)), (3, vec!["requests", "p99"]));
}
