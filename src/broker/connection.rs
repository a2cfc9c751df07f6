//! One connection from its first byte to its last: reads all that has arrived, handles it, answers in one
//! write.
//!
//! One task and no channel. The loop never waits for the socket alone: while a client does not read, its
//! task stops reading from it (so that unread answers are bounded) and still notices a takeover and the
//! keep-alive. Messages from other clients wait in the session, not here.

use crate::broker::answers::Answers;
use crate::broker::hub::{Hub, Opened};
use crate::broker::packet::{Answer, Connect, ConnectError, Filter, Packet, Refusal, Will, WireError};
use crate::broker::session::{OUTPUT_LIMIT, SessionRef};
use crate::broker::wire;
use crate::mqtt::{self, Qos, Version};
use bytes::{Buf, BytesMut};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{self, Instant};

/// How long a client may take until all of its CONNECT has arrived.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the last words to a client may take.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);

/// Room for one read on a connection that has little to say, and on one that filled the last read (bytes).
const SMALL_READ: usize = 4 * 1024;
const LARGE_READ: usize = 128 * 1024;

pub(super) async fn serve(hub: Rc<Hub>, mut stream: TcpStream) {
    hub.tally.connections.add();
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let mut input = BytesMut::new();
    let connect = match time::timeout(CONNECT_TIMEOUT, first_packet(&hub, &mut stream, &mut input)).await {
        Ok(Ok(Some(connect))) => connect,
        Ok(Ok(None)) => return,
        Ok(Err(ConnectError { error, version })) => {
            hub.tally.protocol_errors.add();
            tracing::debug!(%error, "connection refused");
            let refusal = match error {
                WireError::Version => Refusal::Version,
                WireError::ClientId => Refusal::ClientId,
                _ if version == Version::V5 => Refusal::Wrong(error.reason()),
                // 3.1.1 has no word for it.
                _ => return,
            };
            return farewell(&mut stream, BytesMut::new(), version, &Answer::Refused(refusal)).await;
        }
        Err(_) => return tracing::debug!("no CONNECT in time"),
    };
    if let Some(until) = hub.stalled_until() {
        time::sleep_until(until).await;
    }
    if hub.faults.delays() {
        time::sleep(hub.draw_delay()).await;
    }
    if hub.chance(hub.faults.refuse) {
        hub.tally.refused.add();
        let refused = Answer::Refused(Refusal::Unavailable);
        return farewell(&mut stream, BytesMut::new(), connect.version, &refused).await;
    }
    let (mut connection, wake, mut sending) = match Connection::open(Rc::clone(&hub), connect, input) {
        Ok(opened) => opened,
        Err(error) => return tracing::debug!(%error, "session not opened"),
    };
    let end = connection.run(&mut stream, &wake, &mut sending).await;
    connection.answers.take_due(&mut sending);
    tracing::debug!(client_id = %connection.session.borrow().client_id, ?end, "connection ended");
    let version = connection.version;
    connection.close(&end);
    let reason = match end {
        End::Lost => return,
        End::Disconnect { .. } => None,
        End::TakenOver => Some(0x8E),
        End::KeepAlive => Some(0x8D),
        End::Error(error) => {
            hub.tally.protocol_errors.add();
            Some(error.reason())
        }
    };
    farewell(&mut stream, sending, version, &Answer::Disconnect(reason)).await;
}

#[derive(Debug)]
enum End {
    Disconnect {
        with_will: bool,
        expiry: Option<Duration>,
    },
    /// Closed or broken by the client's side.
    Lost,
    TakenOver,
    KeepAlive,
    Error(WireError),
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        Self::Error(error)
    }
}

struct Connection {
    hub: Rc<Hub>,
    version: Version,
    session: SessionRef,
    generation: u64,
    will: Option<Will>,
    /// How long the client may be silent, if there is a limit: one and a half times its keep-alive.
    silence: Option<Duration>,
    input: BytesMut,
    answers: Answers,
}

impl Connection {
    /// Opens the client's session; also what wakes the connection, and its CONNACK.
    fn open(
        hub: Rc<Hub>,
        mut connect: Connect,
        input: BytesMut,
    ) -> Result<(Self, Rc<Notify>, BytesMut), WireError> {
        let wake = Rc::new(Notify::new());
        let Opened { session, generation, present, assigned_id } = hub.open(&connect, Rc::clone(&wake))?;
        let mut hello = BytesMut::new();
        wire::write(
            connect.version,
            &Answer::Accepted { session_present: present, assigned_id },
            &mut hello,
        )?;
        let connection = Self {
            hub,
            version: connect.version,
            session,
            generation,
            will: connect.will.take(),
            silence: Some(connect.keep_alive * 3 / 2).filter(|silence| !silence.is_zero()),
            input,
            answers: Answers::default(),
        };
        Ok((connection, wake, hello))
    }

    /// Handles packets until the connection ends. `sending` is what goes out first; at the end it is what
    /// has not gone out.
    async fn run(&mut self, stream: &mut TcpStream, wake: &Notify, sending: &mut BytesMut) -> End {
        let (mut reader, mut writer) = stream.split();
        let mut room = SMALL_READ;
        let mut last_read = Instant::now();
        let mut silent = pin!(time::sleep(self.silence.unwrap_or_default()));
        let mut due = pin!(time::sleep(Duration::ZERO));
        loop {
            if !self.session.borrow().belongs_to(self.generation) {
                return End::TakenOver;
            }
            if let Some(until) = self.hub.stalled_until() {
                tokio::select! {
                    () = time::sleep_until(until) => {}
                    () = wake.notified() => {}
                }
                continue;
            }
            if let Err(end) = self.handle_input() {
                return end;
            }
            if self.hub.faults.swap > 0.0 {
                self.session.borrow_mut().let_go_of_old();
            }
            if sending.is_empty() {
                if sending.capacity() > SMALL_READ {
                    // An idle connection keeps no large buffer.
                    *sending = BytesMut::new();
                }
                self.session.borrow_mut().take_output(sending);
                self.answers.take_due(sending);
            }
            let next = self.next_due();
            if let Some(next) = next {
                due.as_mut().reset(next);
            }
            let reads = sending.len() + self.answers.len() < OUTPUT_LIMIT;
            if self.input.capacity() - self.input.len() < room / 8 {
                self.input.reserve(room.max(self.input.len()));
            }
            let spare = self.input.capacity() - self.input.len();
            tokio::select! {
                biased;
                written = writer.write(sending), if !sending.is_empty() => match written {
                    Ok(n) if n > 0 => sending.advance(n),
                    _ => return End::Lost,
                },
                () = wake.notified() => {}
                read = reader.read_buf(&mut self.input), if reads => match read {
                    Ok(n) if n > 0 => {
                        last_read = Instant::now();
                        room = if n == spare { LARGE_READ } else { SMALL_READ };
                    }
                    _ => return End::Lost,
                },
                () = &mut due, if next.is_some() => {}
                () = &mut silent, if self.silence.is_some() => {
                    let limit = last_read + self.silence.unwrap_or_default();
                    if limit <= Instant::now() {
                        return End::KeepAlive;
                    }
                    silent.as_mut().reset(limit);
                }
            }
            tokio::task::coop::consume_budget().await;
        }
    }

    /// When a planted fault lets go of something next.
    fn next_due(&self) -> Option<Instant> {
        let answer = self.answers.next_due();
        if self.hub.faults.swap > 0.0 {
            answer.into_iter().chain(self.session.borrow().held_until()).min()
        } else {
            answer
        }
    }

    fn handle_input(&mut self) -> Result<(), End> {
        while let Some(packet) = wire::read(self.version, &mut self.input, self.hub.max_packet_bytes)? {
            self.handle(packet)?;
        }
        Ok(())
    }

    fn handle(&mut self, packet: Packet) -> Result<(), End> {
        match packet {
            Packet::Publish { message, qos, retain, pkid } => {
                self.hub.tally.publishes[usize::from(qos.level())].add();
                mqtt::check_topic_name(&message.topic).map_err(|_| WireError::Topic)?;
                if self.hub.chance(self.hub.faults.loss) {
                    self.hub.tally.lost.add();
                    return Ok(());
                }
                if qos == Qos::ExactlyOnce && !self.session.borrow_mut().received.insert(pkid) {
                    self.hub.tally.duplicates.add();
                    return self.acknowledge(&Answer::PubRec { pkid, matched: true });
                }
                let matched = self.hub.publish(Some(&self.session), message, qos, retain);
                match qos {
                    Qos::AtMostOnce => Ok(()),
                    Qos::AtLeastOnce => self.acknowledge(&Answer::PubAck { pkid, matched }),
                    Qos::ExactlyOnce => self.acknowledge(&Answer::PubRec { pkid, matched }),
                }
            }
            Packet::PubRel(pkid) => {
                self.session.borrow_mut().received.remove(&pkid);
                self.acknowledge(&Answer::PubComp(pkid))
            }
            Packet::PubAck(pkid) => {
                self.session.borrow_mut().puback(pkid);
                Ok(())
            }
            Packet::PubRec { pkid, refused } => {
                self.session.borrow_mut().pubrec(pkid, refused);
                if refused { Ok(()) } else { self.answer(&Answer::PubRel(pkid)) }
            }
            Packet::PubComp(pkid) => {
                self.session.borrow_mut().pubcomp(pkid);
                Ok(())
            }
            Packet::Subscribe { pkid, filters } => {
                let subscribe = |filter: Filter| self.hub.subscribe(&self.session, filter);
                let granted = filters.into_iter().map(subscribe).collect();
                self.answer(&Answer::SubAck { pkid, granted })
            }
            Packet::Unsubscribe { pkid, filters } => {
                let existed =
                    filters.iter().map(|filter| self.hub.unsubscribe(&self.session, filter)).collect();
                self.answer(&Answer::UnsubAck { pkid, existed })
            }
            Packet::PingReq => self.answer(&Answer::PingResp),
            Packet::Disconnect { expiry: Some(expiry), .. }
                if !expiry.is_zero() && self.session.borrow().expiry.is_zero() =>
            {
                // MQTT 5, section 3.14.2.2.2.
                Err(WireError::Protocol("a session that was to end is to be kept").into())
            }
            Packet::Disconnect { with_will, expiry } => Err(End::Disconnect { with_will, expiry }),
        }
    }

    /// Acknowledges a publish, unless a fault is planted.
    fn acknowledge(&mut self, answer: &Answer) -> Result<(), End> {
        if self.hub.faults.never_ack {
            self.hub.tally.withheld.add();
            return Ok(());
        }
        self.hub.tally.acks.add();
        if self.hub.chance(self.hub.faults.repeat) {
            self.hub.tally.repeated_acks.add();
            self.answer(answer)?;
        }
        self.answer(answer)
    }

    fn answer(&mut self, answer: &Answer) -> Result<(), End> {
        if !self.hub.faults.delays() {
            return Ok(wire::write(self.version, answer, &mut self.answers.ready)?);
        }
        let due = Instant::now() + self.hub.draw_delay();
        Ok(self.answers.push(due, |out| wire::write(self.version, answer, out))?)
    }

    fn close(mut self, end: &End) {
        let mut will = self.will.take();
        if let End::Disconnect { with_will, expiry } = end {
            will = will.filter(|_| *with_will);
            if let Some(expiry) = *expiry {
                self.session.borrow_mut().expiry = expiry;
            }
        }
        self.hub.close(&self.session, self.generation, will);
    }
}

/// Reads until all of the CONNECT has arrived; none if the client has left.
async fn first_packet(
    hub: &Hub,
    stream: &mut TcpStream,
    input: &mut BytesMut,
) -> Result<Option<Connect>, ConnectError> {
    loop {
        if let Some(connect) = wire::read_connect(input, hub.max_packet_bytes)? {
            return Ok(Some(connect));
        }
        input.reserve(SMALL_READ.max(input.len()));
        match stream.read_buf(input).await {
            Ok(n) if n > 0 => {}
            _ => return Ok(None),
        }
    }
}

/// Sends what is left and one last answer, if the client takes it, and closes for writing.
async fn farewell(stream: &mut TcpStream, mut sending: BytesMut, version: Version, answer: &Answer) {
    if let Err(error) = wire::write(version, answer, &mut sending) {
        tracing::debug!(%error, "farewell");
    }
    let said = time::timeout(FAREWELL_TIMEOUT, async {
        stream.write_all(&sending).await?;
        stream.shutdown().await
    });
    if !matches!(said.await, Ok(Ok(()))) {
        tracing::debug!("the client did not hear all");
    }
}
