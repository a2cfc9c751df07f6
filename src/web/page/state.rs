//! The state of the run at the top of the page: how far it is, and the numbers of the last seconds.

use askama::Template;

use crate::report::html::text;
use crate::units::fitting;
use crate::web::now::{Now, Phase};

/// Name, value, meaning and class of a figure.
type Figure = (&'static str, String, String, &'static str);

#[derive(Template)]
#[template(path = "live/state.html", whitespace = "minimize")]
pub(super) struct RunState {
    class: &'static str,
    word: &'static str,
    title: String,
    /// How much of the run is over, 0 to 1; `None` if it has no end or does not go on.
    share: Option<f64>,
    when: String,
    figures: Vec<Figure>,
    limit: String,
    /// Whether a figure is missing that comes at the end.
    measures: bool,
    downloads: Vec<(&'static str, &'static str)>,
}

impl RunState {
    /// `length_s` is how long the run is to last.
    pub(super) fn of(now: &Now, length_s: Option<f64>) -> Self {
        let (class, word) = match now.phase {
            Phase::Ready => ("plain", "Ready"),
            Phase::Spawning => ("plain", "Users start"),
            Phase::Running => ("good", "Running"),
            Phase::Stopping => ("plain", "Stopping"),
            Phase::Stopped => ("plain", "Ended"),
        };
        let elapsed = now.elapsed.as_secs_f64();
        let planned = now.result.as_ref().and_then(|result| result.run.planned_s).or(length_s);
        let planned = planned.filter(|_| now.phase.is_run());
        Self {
            class,
            word,
            title: if now.run == 0 { "No run has begun".to_owned() } else { format!("Run {}", now.run) },
            share: planned
                .filter(|planned| *planned > 0.0)
                .map(|planned| (elapsed / planned).clamp(0.0, 1.0)),
            when: when(now, planned),
            figures: if now.phase.is_run() { figures(now) } else { Vec::new() },
            limit: now.health.limit.as_ref().map_or_else(String::new, |limit| {
                text::line(&format!(
                    "The load generator itself is the limit ({limit}): response times include its own delay."
                ))
            }),
            measures: now.measures && now.phase.is_run(),
            downloads: if now.phase == Phase::Stopped { downloads(now) } else { Vec::new() },
        }
    }
}

fn when(now: &Now, planned: Option<f64>) -> String {
    if now.run == 0 {
        return "Press Start. The fields hold what the scenario says.".to_owned();
    }
    let elapsed = now.elapsed.as_secs_f64();
    let mut when = match planned {
        Some(planned) if elapsed < planned => {
            format!(
                "{} of {}, {} left",
                text::length(elapsed),
                text::length(planned),
                text::length(planned - elapsed)
            )
        }
        _ => text::length(elapsed),
    };
    if let Some(started) = now.started {
        when = format!("{when}, since {}", text::moment(started));
    }
    if let Some(stage) = now.stage.as_ref().filter(|_| now.phase.is_run()) {
        when = format!("{when}, stage {} of {}: {}", stage.number, stage.of, text::line(&stage.name));
    }
    when
}

fn figures(now: &Now) -> Vec<Figure> {
    let count = |users: u64| fitting::count(users);
    let mut figures = vec![(
        "Users",
        count(now.users_alive.into()),
        format!("alive; {} wanted, {} connected", count(now.users_wanted.into()), count(now.connected)),
        "",
    )];
    if let Some(live) = &now.live {
        let all = &live.all;
        let bad = if all.failures_in_second > 0 { "bad" } else { "" };
        figures.push((
            "Rate",
            fitting::rate(all.requests_in_second as f64),
            "requests in the last second".to_owned(),
            "",
        ));
        figures.push((
            "Failures",
            fitting::rate(all.failures_in_second as f64),
            "in the last second".to_owned(),
            bad,
        ));
        if let Some(recent) = &all.recent {
            for (name, ms) in
                [("p50", recent.p50), ("p95", recent.p95), ("p99", recent.p99), ("Longest", recent.max)]
            {
                figures.push((name, fitting::time_ms(ms), "of the last 10 s".to_owned(), ""));
            }
        }
    }
    if let Some(cores) = now.resources.cpu_cores {
        figures.push((
            "CPU",
            fitting::percent(cores),
            "of the load generator; 100 % is one core".to_owned(),
            "",
        ));
    }
    figures
}

fn downloads(now: &Now) -> Vec<(&'static str, &'static str)> {
    let mut downloads = vec![
        ("/stats/report", "Report"),
        ("/stats/report?download=1", "Save the report"),
        ("/result.json", "result.json"),
        ("/stats/requests/csv", "Statistics (CSV)"),
        ("/stats/history/csv", "History (CSV)"),
        ("/stats/failures/csv", "Failures (CSV)"),
        ("/exceptions/csv", "Exceptions (CSV)"),
    ];
    if now.previous.is_some() {
        downloads.push(("/compare", "Compare with the run before"));
    }
    downloads
}

#[cfg(test)]
mod tests;
