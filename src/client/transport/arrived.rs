//! Asks the kernel how many sent bytes of a TCP connection have not arrived at the other machine.
//!
//! It asks over netlink, as `ss` does (`sock_diag`), because the ioctl for it would be unsafe code.

use std::net::{IpAddr, SocketAddr};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};
use tokio::net::TcpStream;

/// `SOCK_DIAG_BY_FAMILY`, the request and its answer.
const BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const IPPROTO_TCP: u8 = 6;
const ANY_STATE: u32 = u32::MAX;
/// Whichever socket has these addresses.
const NO_COOKIE: u32 = u32::MAX;

/// Of the request: `nlmsghdr` and `inet_diag_req_v2`.
const REQUEST_BYTES: u32 = 16 + 56;

/// Where the length of the send queue stands in the answer: behind `nlmsghdr`, four bytes, the addresses, and two
/// other numbers of `inet_diag_msg`.
const QUEUE_AT: usize = 16 + 4 + 48 + 4 + 4;

/// Bytes that were given to the connection and are not acknowledged by the kernel of the other side; nothing if
/// that cannot be told.
pub(super) fn not_arrived(tcp: &TcpStream) -> Option<u64> {
    let (local, peer) = (tcp.local_addr().ok()?, tcp.peer_addr().ok()?);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let kernel =
        socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(netlink::SOCK_DIAG)).ok()?;
    send(&kernel, &request(local, peer), SendFlags::empty()).ok()?;
    let mut answer = [0; 512];
    let (_, length) = recv(&kernel, &mut answer[..], RecvFlags::DONTWAIT).ok()?;
    queue_length(&answer[..length.min(answer.len())])
}

/// Asks for the socket between these two addresses.
fn request(local: SocketAddr, peer: SocketAddr) -> Vec<u8> {
    let family = if local.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let mut bytes = Vec::with_capacity(REQUEST_BYTES as usize);
    bytes.extend(REQUEST_BYTES.to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(NLM_F_REQUEST.to_ne_bytes());
    // Sequence number, and the kernel as the receiver.
    bytes.extend([0; 8]);
    bytes.extend([family.as_raw().to_le_bytes()[0], IPPROTO_TCP, 0, 0]);
    bytes.extend(ANY_STATE.to_ne_bytes());
    bytes.extend(local.port().to_be_bytes());
    bytes.extend(peer.port().to_be_bytes());
    for address in [local.ip(), peer.ip()] {
        match address {
            IpAddr::V4(address) => {
                bytes.extend(address.octets());
                bytes.extend([0; 12]);
            }
            IpAddr::V6(address) => bytes.extend(address.octets()),
        }
    }
    // On any interface.
    bytes.extend([0; 4]);
    bytes.extend(NO_COOKIE.to_ne_bytes());
    bytes.extend(NO_COOKIE.to_ne_bytes());
    bytes
}

fn queue_length(answer: &[u8]) -> Option<u64> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let queue = answer.get(QUEUE_AT..QUEUE_AT + 4)?.try_into().ok()?;
    (kind == BY_FAMILY).then(|| u32::from_ne_bytes(queue).into())
}

#[cfg(test)]
mod tests;
