//! The byte stream that an MQTT connection runs on.

use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream that a session can run on.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Makes the coming close abrupt: the peer gets a reset, as from a lost device.
    fn abort_on_close(&mut self);

    /// The number of bytes that were written and have not arrived at the peer's machine, as far as it is known. It is asked
    /// when a peer seems to be dead, and may take a system call or two.
    fn not_arrived(&self) -> u64 {
        0
    }
}
