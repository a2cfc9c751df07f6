//! One MQTT session, against brokers that are played by hand and against servers that are not ours.

pub(crate) mod filters;
pub(crate) mod hostile;
pub(crate) mod hostile_tls;
pub(crate) mod rumqttc;
pub(crate) mod session;
pub(crate) mod session5;
pub(crate) mod transport;
