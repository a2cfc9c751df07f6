//! `GET /metrics`: on the live page's listener, or on one of its own.

use std::fmt::Display;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::web::desk::Desk;
use crate::web::metrics::format::{Format, scrape};
use crate::web::metrics::scrapers::Scrapers;

/// Prometheus and those that scrape as it does send it; a person does not.
const SCRAPE_TIMEOUT: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");

#[derive(Debug, Clone)]
struct Served {
    desk: Desk,
    scrapers: Scrapers,
}

/// `/metrics` of this desk. `scrapers` learn who has asked.
pub fn routes(desk: Desk, scrapers: Scrapers) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(Served { desk, scrapers })
}

/// `/metrics` and no other address.
pub fn site(desk: Desk, scrapers: Scrapers) -> Router {
    let nothing_else = async || text(StatusCode::NOT_FOUND, "The metrics are at /metrics.");
    routes(desk, scrapers).fallback(nothing_else)
}

async fn metrics(State(Served { desk, scrapers }): State<Served>, headers: HeaderMap) -> Response {
    let wanted: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format = Format::accepted(&wanted.join(","));
    let Some(now) = desk.totals().await else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "The run gave no numbers in time: ask again.");
    };
    let (run, is_over) = (now.run, !now.phase.is_run());
    let scenario = if run == 0 { desk.offer().scenario.clone() } else { now.scenario.clone() };
    match scrape(&scenario, now, format) {
        Ok(answer) => {
            if headers.contains_key(SCRAPE_TIMEOUT) {
                scrapers.saw(run, is_over);
            }
            ([(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()))], answer)
                .into_response()
        }
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

fn text(status: StatusCode, sentence: impl Display) -> Response {
    (status, format!("{sentence}\n")).into_response()
}

#[cfg(test)]
mod tests;
