//! The live page at `/`, and what it gets while it is open.
//!
//! ```text
//! Now ──state──▶ the state of the run ─┐
//!     ──report::html::sections─────────┴─▶ Pieces ──those that changed──▶ server-sent events ──▶ the page
//! ```
//! What is shown of a result are the sections of the report and nothing else, so the page and the file never show two
//! truths. A piece that has not changed since a visitor got it is not sent again.

mod answer;
mod form;
mod pieces;
mod shelf;
mod state;
mod stream;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::report::html::frame::Back;
use crate::stats::result::RunResult;
use crate::web::desk::Desk;
use crate::web::page::answer::html_text;
use crate::web::page::form::Page;
use crate::web::page::pieces::Pieces;
pub(super) use crate::web::page::shelf::routes as shelf_routes;

/// The routes of the page.
pub fn routes(desk: Desk) -> Router {
    let pieces = Arc::new(Pieces::default());
    Router::new()
        .route(
            "/",
            get(async |State(desk): State<Desk>| {
                html_text(Page::of(&desk.offer(), &desk.now(), desk.program()).render())
            }),
        )
        .route("/compare", get(async |State(desk): State<Desk>| compare(&desk)))
        .route("/live", get(async move |State(desk): State<Desk>, query| stream::stream(desk, pieces, query)))
        .with_state(desk)
}

/// The run and the one before it.
fn compare(desk: &Desk) -> Response {
    let now = desk.now();
    let (Some(a), Some(b)) = (&now.previous, &now.result) else {
        let text = "There are no two runs to compare yet.";
        return (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text)
            .into_response();
    };
    let name = |run: u32| format!("run {run}");
    let names = [name(now.run.saturating_sub(1)), name(now.run)];
    let back = Back { path: "/", text: "The live page" };
    html_text(shelf::comparison(RunResult::clone(a), RunResult::clone(b), names, back))
}
