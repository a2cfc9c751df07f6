//! Why a request failed, and its text in the failures file.
//!
//! | file | holds |
//! |---|---|
//! | `kind` | [`Failure`], the enum of all of them, and how an error of a stream becomes one |
//! | `text` | their texts, with the server that a failed connection is to |
//! | `parts` | the parts of failures: acknowledgements, errors of the system, other protocols |
//! | `reason` | reason codes of MQTT 5 with the broker's own words |
//! | `tls`, `websocket` | errors in the layers below MQTT |

mod kind;
mod parts;
mod reason;
mod text;
mod tls;
mod websocket;

pub(crate) use crate::client::failure::kind::INVALID_TOPIC;
pub use crate::client::failure::kind::{Failure, Limit};
pub(crate) use crate::client::failure::parts::Guess;
pub use crate::client::failure::parts::{Ack, Os, Port, Protocol};
pub use crate::client::failure::reason::Reason;
pub use crate::client::failure::text::FailureAt;
pub(crate) use crate::client::failure::tls::SelfSigned;
pub use crate::client::failure::tls::TlsFault;
pub use crate::client::failure::websocket::WebSocketFault;
