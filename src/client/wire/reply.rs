//! Packets that are a few bytes without a choice: PINGREQ, DISCONNECT and the acknowledgements of messages.

pub(crate) const PINGREQ: [u8; 2] = [0xC0, 0];

/// The whole packet DISCONNECT. In MQTT 5 it means a normal disconnection.
pub(crate) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// Appends DISCONNECT of version 5 with a reason.
pub(crate) fn write_disconnect(reason: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xE0, 1, reason]);
}

/// A packet that holds nothing but a packet id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Puback,
    Pubrec,
    Pubrel,
    Pubcomp,
}

/// The length of each of them in bytes.
pub(crate) const REPLY_BYTES: u32 = 4;

/// Appends PUBACK, PUBREC, PUBREL or PUBCOMP. Without a reason code both versions have the same four bytes.
pub(crate) fn write_reply(reply: Reply, id: u16, out: &mut Vec<u8>) {
    let first = match reply {
        Reply::Puback => 0x40,
        Reply::Pubrec => 0x50,
        Reply::Pubrel => 0x62,
        Reply::Pubcomp => 0x70,
    };
    let [high, low] = id.to_be_bytes();
    out.extend_from_slice(&[first, 2, high, low]);
}
