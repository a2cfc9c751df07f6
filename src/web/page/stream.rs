//! What the page gets while it is open: one event a second, with the pieces that have changed and the new lines of the
//! log.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Query;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::web::desk::{Desk, Watcher};
use crate::web::now::Now;
use crate::web::page::pieces::{Piece, Pieces};

/// After so long without news a visitor gets an empty line: so it is noticed that it has gone.
const SILENCE: Duration = Duration::from_secs(15);

/// A longer title is none of ours.
const LONGEST_ROW: usize = 4_096;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    /// The title of the row whose charts it shows; empty for all requests.
    #[serde(default)]
    row: String,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    /// Which program it is: see [`Desk::program`].
    program: &'a str,
    /// Which offer its form has to show: see [`Offer::edition`](crate::web::offer::Offer::edition).
    edition: u64,
    phase: &'static str,
    run: u32,
    users_wanted: u32,
    /// Whether it is the first event of a visitor, which holds everything.
    whole: bool,
    /// Place and HTML of each piece that has changed.
    sections: Vec<(&'static str, &'a str)>,
    log: Vec<Arc<str>>,
}

struct Visitor {
    desk: Desk,
    watcher: Watcher,
    pieces: Arc<Pieces>,
    row: String,
    has: HashMap<&'static str, u64>,
    /// How many lines of the log it has.
    lines: u64,
    run: u32,
    is_first: bool,
}

pub(super) fn stream(desk: Desk, pieces: Arc<Pieces>, Query(wanted): Query<Wanted>) -> Response {
    let row = if wanted.row.len() > LONGEST_ROW { String::new() } else { wanted.row };
    let watcher = desk.watch();
    let visitor =
        Visitor { desk, watcher, pieces, row, has: HashMap::new(), lines: 0, run: 0, is_first: true };
    let events = unfold(visitor, |mut visitor| async {
        let event = visitor.next().await;
        Some((Ok::<_, Infallible>(event), visitor))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

impl Visitor {
    async fn next(&mut self) -> String {
        if self.is_first {
            return self.event(&self.desk.now());
        }
        match timeout(SILENCE, self.watcher.changed()).await {
            Ok(now) => self.event(&now),
            Err(_) => ":\n\n".to_owned(),
        }
    }

    fn event(&mut self, now: &Arc<Now>) -> String {
        if now.run != self.run {
            self.has.clear();
            self.run = now.run;
        }
        let pieces = self.pieces.of(now, &self.row);
        let new: Vec<&Piece> =
            pieces.iter().filter(|piece| self.has.insert(piece.id, piece.mark) != Some(piece.mark)).collect();
        let (log, lines) = self.desk.logged(self.lines);
        self.lines = lines;
        let told = Told {
            program: self.desk.program(),
            edition: self.desk.offer().edition,
            phase: now.phase.word(),
            run: now.run,
            users_wanted: now.users_wanted,
            whole: std::mem::take(&mut self.is_first),
            sections: new.iter().map(|piece| (piece.id, &*piece.html)).collect(),
            log,
        };
        // JSON has no line ends. And no tag stands in it as such, whoever reads it.
        let json = serde_json::to_string(&told).unwrap_or_default().replace('<', "\\u003c");
        format!("event: now\ndata: {json}\n\n")
    }
}

#[cfg(test)]
mod tests;
