//! What Prometheus reads of a run: one text for each scrape.
//!
//! Nothing is kept between two scrapes: each asks the runner for its [`Totals`](totals::Totals) and writes them down, so a
//! run that nobody scrapes pays nothing. The price is that a scrape waits for the next tick of the run.

mod buckets;
mod families;
pub mod format;
mod label;
pub mod route;
pub mod scrapers;
#[cfg(test)]
mod testing;
pub mod totals;
mod write;
