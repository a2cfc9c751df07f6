//! Locust's own paths and answers (web.py of Locust 2.47), so that programs written for Locust read us.
//!
//! Keys, types, statuses and types of content are Locust's; `tests/peers/web.rs` asks both. Two things differ on purpose.
//! Locust lets pages of every site read it (`Access-Control-Allow-Origin: *`), and we do not. And Locust answers
//! `OPTIONS`, which only those pages need.

mod answer;
mod download;
mod exceptions;
mod form;
mod json;
mod requests;
mod swarm;
mod tasks;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;

use crate::report::csv::state::StateFile;
use crate::web::desk::Desk;
use crate::web::locust::answer::{empty, page};
use crate::web::locust::download::Made;
use crate::web::locust::exceptions::Exceptions;
use crate::web::locust::json::Json;
use crate::web::locust::requests::Requests;
use crate::web::locust::tasks::Tasks;
use crate::web::memo::Memo;
use crate::web::now::Now;

/// All of Locust's paths but `/`, and two of ours: `/result.json` and `/stats/history/csv`. What is on no path is 404, and a wrong method 405, as in Locust.
pub fn routes(desk: Desk) -> Router {
    let made = Arc::new(Made::default());
    let requests = Arc::new(Memo::default());
    let csv = |file| get(move |State(desk): State<Desk>| async move { download::state(&desk, file) });
    let report = {
        let made = Arc::clone(&made);
        get(move |State(desk): State<Desk>, query| download::report(desk, made, query))
    };
    Router::new()
        .route("/swarm", post(swarm::swarm))
        .route("/stop", post(swarm::stop))
        .route("/stats/reset", post(swarm::reset))
        .route("/stats/requests", get(move |State(desk): State<Desk>| async move { stats(&desk, &requests) }))
        .route("/stats/requests/csv", csv(StateFile::Stats))
        .route("/stats/requests_full_history/csv", get(download::full_history))
        .route("/stats/history/csv", get(async |State(desk): State<Desk>| download::history(&desk)))
        .route("/stats/failures/csv", csv(StateFile::Failures))
        .route("/stats/report", report)
        .route("/result.json", get(move |State(desk): State<Desk>| download::result(desk, made)))
        .route("/exceptions", get(exceptions_of))
        .route("/exceptions/csv", csv(StateFile::Exceptions))
        .route("/tasks", get(tasks_of))
        .route("/logs", get(logs))
        .route("/worker-count", get(worker_count))
        .fallback(async || page(StatusCode::NOT_FOUND, "There is nothing at this address."))
        .method_not_allowed_fallback(async || {
            page(StatusCode::METHOD_NOT_ALLOWED, "This address does not take this method.")
        })
        .with_state(desk)
}

fn stats(desk: &Desk, memo: &Memo<Now>) -> Response {
    let text: Result<_, Infallible> = memo.get(&desk.now(), |now| {
        Ok(match &now.snapshot {
            Some(snapshot) => json::text(&Requests::of(now, snapshot)),
            None => json::text(&Requests::of(now, &empty())),
        })
    });
    let Ok(text) = text;
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

async fn exceptions_of(State(desk): State<Desk>) -> Response {
    match &desk.now().snapshot {
        Some(snapshot) => Json(Exceptions::of(snapshot)).into_response(),
        None => Json(Exceptions::of(&empty())).into_response(),
    }
}

async fn tasks_of(State(desk): State<Desk>) -> Response {
    Json(Tasks::of(&desk.offer(), &desk.now())).into_response()
}

async fn logs(State(desk): State<Desk>) -> Response {
    #[derive(Serialize)]
    struct Logs {
        master: Vec<Arc<str>>,
        /// We have none, so this is always empty.
        workers: BTreeMap<String, Vec<String>>,
    }
    Json(Logs { master: desk.logged(0).0, workers: BTreeMap::new() }).into_response()
}

async fn worker_count() -> Response {
    #[derive(Serialize)]
    struct WorkerCount {
        worker_count: u32,
    }
    Json(WorkerCount { worker_count: 0 }).into_response()
}
