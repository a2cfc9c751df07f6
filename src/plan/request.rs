//! How a request is recorded: its row of the statistics, and the rows of the phases of a connect.

use crate::stats::RowId;
use crate::template::Template;

/// How a request is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Which row.
    pub row: Row,
    /// Whether successes are recorded; failures always are.
    pub record: bool,
}

/// A row of the statistics.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Known before the run.
    Static(RowId),
    /// Its name differs from user to user; made when the user starts.
    PerUser {
        /// Place among the user's rows.
        slot: usize,
        /// Type of the row.
        request_type: String,
        /// Its name.
        name: Template,
    },
}

/// Rows of the parts of a connect.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectPhases {
    /// That of the whole.
    pub whole: Row,
    /// Of the TCP connection.
    pub tcp: Row,
    /// Of the TLS handshake, if there is one.
    pub tls: Option<Row>,
    /// Of the upgrade to WebSocket, if there is one.
    pub websocket: Option<Row>,
    /// From CONNECT to CONNACK.
    pub connack: Row,
}

impl ConnectPhases {
    /// All rows but that of the whole.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        [Some(&self.tcp), self.tls.as_ref(), self.websocket.as_ref(), Some(&self.connack)]
            .into_iter()
            .flatten()
    }
}
