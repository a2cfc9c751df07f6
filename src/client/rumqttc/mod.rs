//! Sessions that rumqttc drives: for testers whose devices run it, and as a second opinion on this crate's own driver.
//!
//! ```text
//! user ──publish──▶ session ──▶ requester (AsyncClient) ──channel──▶ event loop ──▶ socket
//!      ◀──ticket───         ◀── requests ◀──what it has sent and read──┘
//! ```
//! | file | what it does |
//! |---|---|
//! | `connector` | opens sessions |
//! | `options` | says in rumqttc's words what a user says when it connects |
//! | `requester` | hands requests to rumqttc's client |
//! | `event_loop` | polls rumqttc's event loop, and tells what it has sent and read |
//! | `requests` | knows which request has which packet id, and what it waits for |
//! | `session`, `answer` | the session that the engine drives |
//! | `error` | says why rumqttc has lost a connection |
//!
//! rumqttc opens the socket itself, and here over TCP alone: its features for TLS bring a `rustls-webpki` with known
//! vulnerabilities, those for WebSocket fifty crates. What else it cannot do is refused when a scenario is compiled.

mod answer;
pub mod connector;
mod error;
mod event_loop;
pub mod options;
mod requester;
mod requests;
pub mod session;
