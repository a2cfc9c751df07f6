//! The client's half of an MQTT session: the requests that are open, the packet ids for which the broker still owes an
//! answer, and the state that outlives a connection.

pub(crate) mod inflight;
mod owed;
pub(crate) mod state;
