//! How a request is recorded: its row of the statistics, and the rows of the phases of a connect.

use crate::stats::RowId;
use crate::template::Template;

/// How a request is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The row of the statistics that it belongs to.
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
        /// Index among the rows that the user keeps.
        slot: usize,
        /// Type of the row.
        request_type: String,
        /// Name of the row.
        name: Template,
    },
}

/// The rows of the phases of a connect.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectPhases {
    /// The row of the whole connect.
    pub whole: Row,
    /// The row of the TCP connection.
    pub tcp: Row,
    /// The row of the TLS handshake, if there is one.
    pub tls: Option<Row>,
    /// The row of the WebSocket upgrade, if there is one.
    pub websocket: Option<Row>,
    /// The row from CONNECT to CONNACK.
    pub connack: Row,
}

impl ConnectPhases {
    /// The rows of the phases, without that of the whole connect.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        [Some(&self.tcp), self.tls.as_ref(), self.websocket.as_ref(), Some(&self.connack)]
            .into_iter()
            .flatten()
    }
}
