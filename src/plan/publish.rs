//! The step that sends a message.

use std::time::Duration;

use crate::mqtt::Qos;
use crate::plan::measure::Stamping;
use crate::plan::payload::Payload;
use crate::plan::properties::Properties;
use crate::plan::request::Request;
use crate::plan::text::Text;

/// A step that sends a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Publish {
    /// The topic that it goes to.
    pub topic: Text,
    /// What it carries.
    pub payload: Payload,
    /// Its quality of service.
    pub qos: Qos,
    /// Whether the broker keeps it as the retained message of its topic.
    pub retain: bool,
    /// Its properties; none for MQTT 3.1.1.
    pub properties: Properties,
    /// How long to wait for the acknowledgement.
    pub timeout: Duration,
    /// Whether the step waits for the acknowledgement.
    pub await_ack: bool,
    /// How it is recorded.
    pub request: Request,
    /// Which `seq` counter of the user it counts up, one per publish step.
    pub counter: usize,
    /// Which feeds of the class it takes a row of, each once: those it uses that give one per message.
    pub feeds: Vec<usize>,
    /// How its messages are stamped, if they are.
    pub stamp: Option<Box<Stamping>>,
}
