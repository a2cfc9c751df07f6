//! Which addresses there are: all routes of a page, put together.

use std::sync::Arc;

use axum::Router;

use crate::web::desk::Desk;
use crate::web::metrics::scrapers::Scrapers;
use crate::web::shelf::Shelf;
use crate::web::{locust, metrics, page};

/// The site of `run --web`: the live page, Locust's paths, and the metrics.
pub fn live(desk: Desk, scrapers: Scrapers) -> Router {
    page::routes(desk.clone())
        .merge(locust::routes(desk.clone()))
        .merge(metrics::route::routes(desk, scrapers))
}

/// The site of `run --prometheus`: the metrics alone.
pub fn metrics(desk: Desk, scrapers: Scrapers) -> Router {
    metrics::route::site(desk, scrapers)
}

/// The site of `serve`: finished runs.
pub fn shelf(shelf: Arc<dyn Shelf>) -> Router {
    page::shelf_routes(shelf)
}
