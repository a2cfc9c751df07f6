//! What several paths answer alike.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::stats::snapshot::Snapshot;
use crate::stats::statistics::Statistics;

/// The numbers before the first run.
pub(super) fn empty() -> Snapshot {
    Statistics::new(0.0, false).snapshot(0.0)
}

/// An answer of one sentence, as Locust sends them.
pub(super) fn answer(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

/// The same as a page of its own.
pub(super) fn page(status: StatusCode, text: &str) -> Response {
    let page = format!("<!doctype html>\n<meta charset=\"utf-8\">\n<title>{status}</title>\n<p>{text}</p>\n");
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}
