//! Files: Locust's four CSV files, the report and the result, named as Locust names its downloads.
//!
//! The names have the time of the start in UTC. Locust writes local time, which we would have to read from the system's
//! time zones for this alone.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use crate::report::csv::state::StateFile;
use crate::report::{html, result_json};
use crate::stats::result::RunResult;
use crate::units::Date;
use crate::web::desk::Desk;
use crate::web::locust::answer::{answer, empty};
use crate::web::memo::Memo;

/// What a report may do: what its own Content-Security-Policy says, and nothing as one of our pages. So even a script
/// that ran in it could ask us for nothing.
const REPORT_MAY: &str = "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; \
    script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const CSV: &str = "text/csv";
const HTML: &str = "text/html; charset=utf-8";

/// So much of a file lies in the program for one visitor.
const PIECE_BYTES: usize = 32 << 10;

#[derive(Debug, Default)]
pub(super) struct Made {
    report: Memo<RunResult>,
    json: Memo<RunResult>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ReportQuery {
    /// Anything but nothing makes it a download.
    #[serde(default)]
    download: String,
}

pub(super) fn state(desk: &Desk, file: StateFile) -> Response {
    let now = desk.now();
    let text = now.snapshot.as_deref().map_or_else(|| file.text(&empty()), |snapshot| file.text(snapshot));
    let what = match file {
        StateFile::Stats => "_requests.csv",
        StateFile::Failures => "_failures.csv",
        StateFile::Exceptions => "_exceptions.csv",
    };
    ([(header::CONTENT_TYPE, CSV), (header::CONTENT_DISPOSITION, &attachment(desk, what))], text)
        .into_response()
}

/// The history of the run as Locust's file `_stats_history.csv`, which Locust's own page does not offer.
pub(super) fn history(desk: &Desk) -> Response {
    let name = attachment(desk, "_requests_history.csv");
    ([(header::CONTENT_TYPE, CSV), (header::CONTENT_DISPOSITION, &name)], desk.history()).into_response()
}

/// The history with each row, as far as it is written.
pub(super) async fn full_history(State(desk): State<Desk>) -> Response {
    let Some(path) = &desk.now().full_history else {
        let text = "Error: Server was not started with option to generate full history.";
        return answer(StatusCode::NOT_FOUND, text);
    };
    let opened = async {
        let file = File::open(path).await?;
        let length = file.metadata().await?.len();
        // What is written later has no place in this answer, or it might never end.
        Ok::<_, std::io::Error>(file.take(length))
    };
    let Ok(file) = opened.await else {
        return answer(StatusCode::INTERNAL_SERVER_ERROR, "Error: The file with the history cannot be read.");
    };
    // Locust's web framework writes this one header, with a space.
    let name = attachment(&desk, "_requests_full_history.csv").replacen(';', "; ", 1);
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, &name)];
    (headers, Body::from_stream(ReaderStream::with_capacity(file, PIECE_BYTES))).into_response()
}

/// The HTML report of the run that is over, or of the one that goes on up to now.
pub(super) async fn report(desk: Desk, made: Arc<Made>, Query(query): Query<ReportQuery>) -> Response {
    let Some(result) = desk.result().await else { return no_result() };
    let Ok(page) = made.report.get(&result, |result| html::page(result).map(String::into_bytes)) else {
        return answer(StatusCode::INTERNAL_SERVER_ERROR, "Error: The report cannot be written.");
    };
    let headers = [(header::CONTENT_TYPE, HTML), (header::CONTENT_SECURITY_POLICY, REPORT_MAY)];
    if query.download.is_empty() {
        return (headers, page).into_response();
    }
    (headers, [(header::CONTENT_DISPOSITION, attachment(&desk, ".html"))], page).into_response()
}

/// The same as `result.json`.
pub(super) async fn result(desk: Desk, made: Arc<Made>) -> Response {
    let Some(result) = desk.result().await else { return no_result() };
    let text: Result<Bytes, std::convert::Infallible> =
        made.json.get(&result, |result| Ok(result_json::text(result)));
    let Ok(text) = text;
    let name = attachment(&desk, "_result.json");
    ([(header::CONTENT_TYPE, "application/json"), (header::CONTENT_DISPOSITION, &name)], text).into_response()
}

fn no_result() -> Response {
    answer(StatusCode::NOT_FOUND, "There is no result yet.")
}

/// A header that makes an answer a file. `what` is the end of its name.
fn attachment(desk: &Desk, what: &str) -> String {
    let now = desk.now();
    let started = now.started.unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
    });
    let offer = desk.offer();
    let file = offer.file.rsplit(['/', '\\']).next().unwrap_or_default();
    let host = if now.run == 0 { &offer.host } else { &now.host };
    let host = if host.is_empty() { String::new() } else { format!("_{}", plain(host)) };
    format!("attachment;filename=Locust_{}_{}{host}{what}", minute(started), plain(file))
}

/// A text with what has no meaning in headers and in names of files; the rest becomes `_`, once in a row.
fn plain(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
            name.push(c);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name
}

/// Unix time as `2026-11-29-19h53`.
fn minute(unix: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "cutting off the fraction is the purpose")]
    let seconds = unix as i64;
    let Date { year, month, day } = Date::of_unix_day(seconds.div_euclid(86_400));
    let (hour, minute) = (seconds.rem_euclid(86_400) / 3_600, seconds.rem_euclid(3_600) / 60);
    format!("{year:04}-{month:02}-{day:02}-{hour:02}h{minute:02}")
}

#[cfg(test)]
mod tests;
