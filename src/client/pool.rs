//! Buffers lent to the sessions of one thread while they have bytes in flight, and how many bytes went through them.
//!
//! Most connections of a load test are idle most of the time. With a buffer of their own, most of their memory would be
//! that buffer. So all sessions of a thread share one large buffer for reading: a session reads and handles bytes in
//! one step without a wait. A session borrows a buffer from here only for bytes that must outlive that step.

use std::cell::{Cell, RefCell, RefMut};
use std::rc::Rc;

use crate::client::seam::PacketBytes;

const READ_BYTES: usize = 64 * 1024;

/// Buffers that grew past this are given back to the allocator instead.
const KEEP_BYTES: usize = 64 * 1024;

const KEEP: usize = 256;

/// The buffers of one thread: 64 KiB to read into, and as many to write from as were needed at once, up to 256.
/// A clone is the same pool.
#[derive(Debug, Clone)]
pub struct Pool(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    read: RefCell<Box<[u8]>>,
    free: RefCell<Vec<Vec<u8>>>,
    packet_bytes: Cell<PacketBytes>,
}

impl Default for Pool {
    fn default() -> Self {
        Self(Rc::new(Inner {
            read: RefCell::new(vec![0; READ_BYTES].into()),
            free: RefCell::new(Vec::new()),
            packet_bytes: Cell::default(),
        }))
    }
}

impl Pool {
    pub(crate) fn read_buffer(&self) -> RefMut<'_, Box<[u8]>> {
        self.0.read.borrow_mut()
    }

    /// Counts bytes that the system took: once for each call of it, so that a message costs nothing.
    pub(crate) fn sent(&self, bytes: usize) {
        let PacketBytes { sent, received } = self.0.packet_bytes.get();
        self.0.packet_bytes.set(PacketBytes { sent: sent + bytes as u64, received });
    }

    /// Counts bytes that the system gave.
    pub(crate) fn received(&self, bytes: usize) {
        let PacketBytes { sent, received } = self.0.packet_bytes.get();
        self.0.packet_bytes.set(PacketBytes { sent, received: received + bytes as u64 });
    }

    /// The bytes of all sessions of the thread so far.
    pub(crate) fn packet_bytes(&self) -> PacketBytes {
        self.0.packet_bytes.get()
    }

    pub(crate) fn take(&self) -> Vec<u8> {
        self.0.free.borrow_mut().pop().unwrap_or_default()
    }

    pub(crate) fn put(&self, mut buffer: Vec<u8>) {
        let mut free = self.0.free.borrow_mut();
        if buffer.capacity() > 0 && buffer.capacity() <= KEEP_BYTES && free.len() < KEEP {
            buffer.clear();
            free.push(buffer);
        }
    }
}
