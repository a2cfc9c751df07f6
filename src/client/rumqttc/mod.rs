//! Sessions that rumqttc drives: for testers whose devices run it, and as a second opinion on this crate's own driver.
//!
//! ```text
//! user ──publish──▶ session ──▶ requester (AsyncClient) ──channel──▶ event loop ──▶ socket
//!      ◀──ticket───         ◀── requests ◀──what it has sent and read──┘
//! ```
//! | file | task |
//! |---|---|
//! | `connector` | opens sessions |
//! | `options` | translates the options of a connect into rumqttc's |
//! | `requester` | hands requests to rumqttc's client |
//! | `event_loop` | polls rumqttc's event loop, and reports sent and read packets |
//! | `requests` | knows the packet id of each request, and the answer that it waits for |
//! | `session`, `answer` | the session that the engine drives |
//! | `error` | says why rumqttc has lost a connection |
//!
//! rumqttc opens the socket itself, and here over TCP alone: its features for TLS bring a `rustls-webpki` with known
//! vulnerabilities, those for WebSocket fifty crates. Scenarios that need other missing features are refused when they
//! are compiled.

mod answer;
pub mod connector;
mod error;
mod event_loop;
pub mod options;
mod requester;
mod requests;
pub mod session;
