//! The pages of finished runs: a list, the report of each, and two compared.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::task::spawn_blocking;

use crate::report::compare::{Options, verdict};
use crate::report::html::frame::{Back, Frame};
use crate::report::html::{page_on_site, text};
use crate::report::verdict::Impression;
use crate::report::{html, result_json};
use crate::stats::result::RunResult;
use crate::units::fitting;
use crate::web::page::answer::html_text;
use crate::web::shelf::{Listed, Shelf};

/// Where the reports and comparisons lead back to.
const TO_THE_LIST: Back = Back { path: "/", text: "All runs" };

#[derive(Template)]
#[template(path = "live/shelf.html", whitespace = "minimize")]
struct List {
    title: String,
    runs: Vec<Row>,
    unread: Vec<String>,
}

struct Row {
    id: String,
    class: &'static str,
    word: String,
    sentence: String,
    scenario: String,
    /// What is shown, and what it is sorted by.
    cells: Vec<(String, String)>,
}

impl List {
    const STYLE: &str = include_str!("../../../templates/live/style.css");

    fn of(shelf: &dyn Shelf) -> Self {
        let (runs, unread) = shelf.list();
        Self {
            title: text::line(&shelf.title()),
            runs: runs.iter().map(Row::of).collect(),
            unread: unread.iter().map(|sentence| text::line(sentence)).collect(),
        }
    }
}

impl Row {
    fn of(run: &Listed) -> Self {
        let ms = |ms: Option<f64>| (text::time(ms), ms.unwrap_or(-1.0).to_string());
        let [p50, p99] = run.p50_p99_ms;
        Self {
            id: run.id.clone(),
            class: match run.impression {
                Impression::Good => "good",
                Impression::Doubtful => "open",
                Impression::Bad => "bad",
            },
            word: text::line(&run.word),
            sentence: text::line(&run.sentence),
            scenario: text::line(&run.scenario),
            cells: vec![
                (text::moment(run.started), run.started.to_string()),
                (text::length(run.length_s), run.length_s.to_string()),
                (fitting::count(run.users.into()), run.users.to_string()),
                (fitting::count(run.requests), run.requests.to_string()),
                (fitting::rate(run.requests_per_s), run.requests_per_s.to_string()),
                (fitting::percent(run.failure_ratio), run.failure_ratio.to_string()),
                ms(p50),
                ms(p99),
            ],
        }
    }
}

#[derive(Debug, Deserialize)]
struct Two {
    #[serde(default)]
    a: String,
    #[serde(default)]
    b: String,
}

pub(crate) fn routes(shelf: Arc<dyn Shelf>) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/runs/{id}", get(report))
        .route("/runs/{id}/result.json", get(result))
        .route("/compare", get(compare))
        .with_state(shelf)
}

/// Files are read on a thread that may wait.
async fn with(shelf: Arc<dyn Shelf>, make: impl FnOnce(&dyn Shelf) -> Response + Send + 'static) -> Response {
    match spawn_blocking(move || make(&*shelf)).await {
        Ok(response) => response,
        Err(error) => failed(&error.to_string()),
    }
}

async fn list(State(shelf): State<Arc<dyn Shelf>>) -> Response {
    with(shelf, |shelf| html_text(List::of(shelf).render())).await
}

async fn report(State(shelf): State<Arc<dyn Shelf>>, Path(id): Path<String>) -> Response {
    with(shelf, move |shelf| match shelf.read(&id) {
        Ok(result) => html_text(page_on_site(&result, Some(TO_THE_LIST))),
        Err(sentence) => missing(&sentence),
    })
    .await
}

async fn result(State(shelf): State<Arc<dyn Shelf>>, Path(id): Path<String>) -> Response {
    with(shelf, move |shelf| match shelf.read(&id).map(|result| result_json::text(&result)) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(sentence) => missing(&sentence),
    })
    .await
}

async fn compare(State(shelf): State<Arc<dyn Shelf>>, Query(two): Query<Two>) -> Response {
    if two.a.is_empty() || two.b.is_empty() {
        return wrong("Two runs are compared: choose A and B in the list of all runs.");
    }
    if two.a == two.b {
        return wrong(
            "A and B are one run, and no run differs from itself: choose another one in the list of all runs.",
        );
    }
    with(shelf, move |shelf| match (shelf.read(&two.a), shelf.read(&two.b)) {
        (Ok(a), Ok(b)) => html_text(comparison(a, b, [two.a, two.b], TO_THE_LIST)),
        (Err(sentence), _) | (_, Err(sentence)) => missing(&sentence),
    })
    .await
}

fn wrong(sentence: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], sentence).into_response()
}

fn missing(sentence: &str) -> Response {
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text::line(sentence))
        .into_response()
}

fn failed(sentence: &str) -> Response {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text::line(sentence)).into_response()
}

/// Below this share, a difference between two runs is none to speak of; as in `compare`.
const LEAST_EFFECT: f64 = 0.05;

/// The page of a comparison of A with B, which have these names.
pub(super) fn comparison(
    a: RunResult,
    b: RunResult,
    names: [String; 2],
    back: Back,
) -> askama::Result<String> {
    let (a, b) = ([a], [b]);
    let options = Options { least_effect: LEAST_EFFECT, names: names.map(|name| vec![name]) };
    html::comparison_on_site(&verdict(&a, &b, &options), &a, &b, Some(back))
}
