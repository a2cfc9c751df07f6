//! The rows of a connect's parts.

use crate::compile::steps::{StepCompiler, slot};
use crate::plan::{ConnectPhases, Row};
use crate::template::Template;
use crate::template::names::Place;

impl StepCompiler<'_> {
    /// Gives the parts of a connect their rows, if they are recorded and have none yet.
    pub(super) fn note_parts(&mut self, whole: &Row) {
        let Some(broker) = self.detailed else { return };
        if self.connect_phases.iter().any(|parts| parts.whole == *whole) {
            return;
        }
        let (tls, websocket) = (broker.target.is_secure(), broker.target.is_websocket());
        let parts = ConnectPhases {
            whole: whole.clone(),
            tcp: self.row_of_part(whole, "tcp"),
            tls: tls.then(|| self.row_of_part(whole, "tls")),
            websocket: websocket.then(|| self.row_of_part(whole, "websocket")),
            connack: self.row_of_part(whole, "connack"),
        };
        self.connect_phases.push(parts);
    }

    fn row_of_part(&mut self, whole: &Row, part: &str) -> Row {
        match whole {
            Row::Static(id) => {
                let whole = self.rows.keys[id.0 as usize].clone();
                Row::Static(self.rows.id(&whole.request_type, format!("{}:{part}", whole.name)))
            }
            Row::PerUser { request_type, name, .. } => {
                let source = format!("{}:{part}", name.source());
                // What stands before the colon is a template already, and a colon and a word add nothing to it.
                let name =
                    Template::parse(&source, Place::RowName, self.names).unwrap_or_else(|_| name.clone());
                let slot = slot(&mut self.user_rows, (request_type.clone(), source));
                Row::PerUser { slot, request_type: request_type.clone(), name }
            }
        }
    }
}
