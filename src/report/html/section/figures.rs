//! The key figures: a dozen numbers, each with what it means.

use askama::Template;

use crate::report::html::text;
use crate::stats::result::RunResult;
use crate::stats::result::generator::Generator;
use crate::units::fitting;

#[derive(Template)]
#[template(path = "report/figures.html", whitespace = "minimize")]
pub(crate) struct Figures {
    figures: Vec<KeyFigure>,
}

struct KeyFigure {
    name: &'static str,
    value: String,
    meaning: String,
    class: &'static str,
}

impl Figures {
    pub(crate) fn of(result: &RunResult) -> Self {
        let all = &result.aggregated;
        let figure =
            |name, value, meaning: &str| KeyFigure { name, value, meaning: meaning.to_owned(), class: "" };
        let mut figures = vec![
            figure("Requests", fitting::count(all.requests), "ended in the run, failed ones included"),
            figure("Rate", fitting::rate(all.requests_per_s), "requests per second, mean over the run"),
            KeyFigure {
                class: if all.failures > 0 { "bad" } else { "" },
                ..figure(
                    "Failures",
                    fitting::count(all.failures),
                    &format!("{} of the requests", fitting::percent(all.failure_ratio())),
                )
            },
        ];
        let percentiles = [
            ("p50", 50.0, "half of the requests took at most this"),
            ("p99", 99.0, "99 % of the requests took at most this"),
            ("p99.9", 99.9, "99.9 % of the requests took at most this"),
        ];
        figures.extend(percentiles.into_iter().filter_map(|(name, percent, meaning)| {
            Some(figure(name, text::time(Some(all.percentile_ms(percent)?)), meaning))
        }));
        if let Some(longest) = all.longest_ms() {
            figures.push(figure("Longest", text::time(Some(longest)), "the slowest request"));
        }
        let points = &result.series.points;
        let users = points.iter().map(|point| point.users).max();
        let connected = points.iter().filter_map(|point| point.connected).max();
        if let Some(users) = users {
            let meaning = match connected {
                Some(connected) => {
                    format!("at most at a time; at most {} connected", fitting::count(u64::from(connected)))
                }
                None => "at most at a time".to_owned(),
            };
            figures.push(figure("Users", fitting::count(u64::from(users)), &meaning));
        }
        if result.received.messages > 0 {
            let bytes = fitting::bytes(result.received.bytes);
            let meaning = format!("messages on subscriptions, {bytes} of payload");
            figures.push(figure("Received", fitting::count(result.received.messages), &meaning));
        }
        if let Some(deliveries) = &result.end_to_end {
            let lost = deliveries.rows.iter().map(|row| row.lost.total).sum();
            let expected = deliveries.rows.iter().map(|row| row.expected).sum();
            figures.push(KeyFigure {
                class: if lost > 0 { "bad" } else { "" },
                ..figure(
                    "Lost",
                    fitting::count(lost),
                    &format!("of {} measured messages that should have arrived", fitting::count(expected)),
                )
            });
        }
        figures.extend(generator(&result.generator));
        Self { figures }
    }
}

fn generator(generator: &Generator) -> Option<KeyFigure> {
    let name = "Load generator";
    let Generator { limited_seconds: limited, seconds, .. } = generator;
    match (seconds, limited) {
        (0, _) => None,
        (_, 0) => Some(KeyFigure {
            name,
            value: "had reserve".to_owned(),
            meaning: "it was never the limit, so the numbers are those of the broker".to_owned(),
            class: "good",
        }),
        _ => Some(KeyFigure {
            name,
            value: "was the limit".to_owned(),
            meaning: format!(
                "for {} of {} s: response times include its own delay",
                fitting::count(*limited),
                fitting::count(*seconds)
            ),
            class: "bad",
        }),
    }
}
