//! The MQTT seam: the engine knows a broker only as a [`Connect`] and the [`Session`]s that it gives.
//!
//! The driver on real sockets ([`transport`], [`driver`]) is the default. A scripted twin in memory
//! (`scripted`) serves tests, since a paused test clock and real sockets do not mix. A session has no task and no channel of its
//! own: the user's task drives it whenever it waits for anything. So a user costs one task, and an idle connection a
//! few hundred bytes. Requests are completed through a [`Sink`], in the order in which the broker answers them.
//!
//! ```text
//! engine ─▶ seam ─▶ transport (Connector) ─▶ driver ─▶ wire ─▶ socket
//!     ▲     sink ◀───────────────────────── driver ◀─ wire ◀─ socket
//!     └──────┘                                └─ session (open requests, what outlives the connection)
//! ```
//! | part | contents |
//! |---|---|
//! | `seam`, `sink` | the traits and plain types between the engine and any client, and the byte stream that a driver runs on |
//! | [`transport`] | TCP, TLS and WebSocket; the [`Connector`](transport::Connector), which opens sessions |
//! | [`driver`] | one connection: write, read, acknowledge, keep alive, resend, leave |
//! | `wire` | bytes ⇄ packets, without state |
//! | `session` | packet ids ⇄ open requests, and the state that outlives a connection |
//! | [`failure`] | why requests fail, and the texts of that; it imports nothing of this room |
//! | [`pool`] | buffers lent to sessions |
//! | [`rumqttc`], [`chosen`] | the same seam on rumqttc's own client, and the choice between the two for each broker |
//! | `scripted` | sessions in memory for tests; it stands in `tests/support` |

pub mod chosen;
pub mod driver;
pub mod failure;
pub mod pool;
pub mod rumqttc;
mod seam;
mod session;
mod sink;
pub mod transport;
mod wire;

#[cfg(test)]
#[expect(dead_code, reason = "the integration tests use all of it")]
#[path = "../../tests/support/scripted.rs"]
pub(crate) mod scripted;

pub use crate::client::seam::{
    Certificate, Close, Connect, ConnectRequest, ConnectTimings, Filter, Message, PacketBytes, Patience,
    Session, Stream, Until, Will,
};
pub use crate::client::session::state::SessionState;
pub use crate::client::sink::{Completion, Incoming, Key, Late, Sink, Ticket};
