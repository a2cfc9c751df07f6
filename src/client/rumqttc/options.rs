//! The options of a user's connect, as rumqttc's options.
//!
//! This crate writes the CONNECT that its own driver would send, and rumqttc's reader takes it apart. So both drivers
//! send the same wills, properties and credentials.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;
use rumqttc::{MqttOptions, NetworkOptions, v5 as version_5};

use crate::client::failure::Failure;
use crate::client::rumqttc::requests::limit;
use crate::client::seam::ConnectRequest;
use crate::client::wire;
use crate::mqtt::{MAX_PACKET_BYTES, RUMQTTC_MIN_KEEP_ALIVE_5_S};

const UNREADABLE: Failure = Failure::Rumqttc("it cannot read what the user says when it connects");

/// Of a connection to this address in MQTT 3.1.1.
pub(super) fn of_311(request: &ConnectRequest<'_>, address: SocketAddr) -> Result<MqttOptions, Failure> {
    let mut packet = connect_packet(request)?;
    let v4::Packet::Connect(connect) =
        v4::Packet::read(&mut packet, MAX_PACKET_BYTES).map_err(|_| UNREADABLE)?
    else {
        return Err(UNREADABLE);
    };
    let mut options = MqttOptions::new(connect.client_id, host(address), address.port());
    options.set_keep_alive(Duration::from_secs(connect.keep_alive.into()));
    options.set_inflight(limit(request.inflight));
    options.set_max_packet_size(request.settings.max_packet_bytes as usize, usize::MAX);
    if let Some(will) = connect.last_will {
        options.set_last_will(will);
    }
    if let Some(login) = connect.login {
        options.set_credentials(login.username, login.password);
    }
    Ok(options)
}

/// Of a connection to this address in MQTT 5.
pub(super) fn of_5(
    request: &ConnectRequest<'_>,
    address: SocketAddr,
) -> Result<version_5::MqttOptions, Failure> {
    if request.keep_alive_s < RUMQTTC_MIN_KEEP_ALIVE_5_S {
        return Err(Failure::Rumqttc("its shortest keep-alive time in MQTT 5 is 5 seconds"));
    }
    let mut packet = connect_packet(request)?;
    let v5::Packet::Connect(connect, will, login) =
        v5::Packet::read(&mut packet, None).map_err(|_| UNREADABLE)?
    else {
        return Err(UNREADABLE);
    };
    let mut options = version_5::MqttOptions::new(connect.client_id, host(address), address.port());
    options.set_keep_alive(Duration::from_secs(connect.keep_alive.into()));
    options.set_outgoing_inflight_upper_limit(limit(request.inflight));
    options.set_connect_properties(connect.properties.unwrap_or_default());
    // Without this it takes no packet above 10 KiB, and does not tell the broker.
    options.set_max_packet_size(Some(request.settings.max_packet_bytes));
    options.set_connection_timeout(longer_than(request.timeout));
    options.set_network_options(network(request));
    if let Some(will) = will {
        options.set_last_will(will);
    }
    if let Some(login) = login {
        options.set_credentials(login.username, login.password);
    }
    Ok(options)
}

pub(super) fn network(request: &ConnectRequest<'_>) -> NetworkOptions {
    let mut options = NetworkOptions::new();
    options.set_tcp_nodelay(true);
    options.set_connection_timeout(longer_than(request.timeout));
    options
}

/// Whole seconds, which is all that rumqttc takes, and more than this: the limit of a connect is the session's.
fn longer_than(timeout: Duration) -> u64 {
    timeout.as_secs() + 2
}

fn connect_packet(request: &ConnectRequest<'_>) -> Result<BytesMut, Failure> {
    if !request.settings.clean_session {
        return Err(Failure::Rumqttc("a session here ends with its connection"));
    }
    if request.username == Some("") || request.password == Some("") {
        return Err(Failure::Rumqttc("it sends no user name or password that is empty"));
    }
    let mut packet = Vec::new();
    wire::write_connect(request, request.client_id, &mut packet)?;
    Ok(BytesMut::from(&packet[..]))
}

fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) if address.scope_id() != 0 => {
            format!("[{}%{}]", address.ip(), address.scope_id())
        }
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}
