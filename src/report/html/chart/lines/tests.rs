use super::*;

fn chart(points: Vec<(f64, Option<f64>)>) -> LineChart<'static> {
    LineChart {
        label: "<p99> over time".to_owned(),
        across: Across::Time { length_s: 4.0, interval_s: 1.0, started: Some(1e9) },
        quantity: Quantity::TimeMs,
        logarithmic: true,
        lines: vec![Line { name: "p99", class: "l3", points }],
        marks: &[],
        wide: false,
        bands: &[(1.0, 2.0)],
        runs: &[],
    }
}

#[test]
fn a_chart_has_axes_and_a_path_with_its_gap() {
    let points = vec![(0.5, Some(1.0)), (1.5, Some(10.0)), (2.5, None), (3.5, Some(f64::NAN))];
    insta::assert_snapshot!(chart(points).svg().unwrap().replace('>', ">\n"));
}

#[test]
fn a_chart_without_a_value_is_empty_but_whole() {
    let chart = chart(vec![(0.5, None)]);
    assert!(chart.is_empty());
    assert!(chart.svg().unwrap().contains("</svg>"));
}
