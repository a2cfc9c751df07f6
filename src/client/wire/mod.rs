//! Bytes ⇄ packets of MQTT 3.1.1 and 5.
//!
//! All packets are written and read here, without rumqttc's codec. Its packet types own a `String` and a `Bytes` each,
//! which is too much for what each message costs. Its reader trusts the broker too much (see
//! [`properties`](crate::mqtt::properties)), and it cannot write all that a tester wants to send. The tests read
//! these packets with the codec and compare.

mod connect;
mod frame;
mod publish;
mod read;
mod reply;
mod subscribe;

pub(crate) use crate::client::wire::connect::{
    Connack, Limits, MAX_ALIASES, MAX_CONNACK_BYTES, read_connack, write_connect,
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
