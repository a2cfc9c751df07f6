//! Bytes ⇄ packets of MQTT 3.1.1 and 5.
//!
//! What is sent or received once per message (PUBLISH and its acknowledgements) is written and read in
//! place here, since the codec's packet types own a `String` and a `Bytes` each. So is the rest: the codec's reader
//! is too trusting for a broker that may be broken (see [`properties`](crate::mqtt::properties)), and cannot write all
//! that a tester wants to say. Frames are cut and bounded here, before anything else sees them. The codec is the
//! witness in the tests.

mod connect;
mod frame;
mod publish;
mod read;
mod reply;
mod subscribe;

pub(crate) use crate::client::wire::connect::{
    Connack, Limits, MOST_ALIASES, MOST_CONNACK_BYTES, read_connack, write_connect,
};
pub(crate) use crate::client::wire::frame::frame;
pub(crate) use crate::client::wire::publish::{
    Alias, Publish, fits, has_room_for_alias, publish_bytes, write_again, write_publish,
};
pub(crate) use crate::client::wire::read::{Received, read};
pub(crate) use crate::client::wire::reply::{
    DISCONNECT, PINGREQ, REPLY_BYTES, Reply, write_disconnect, write_reply,
};
pub(crate) use crate::client::wire::subscribe::{Answers, write_subscribe, write_unsubscribe};
