//! Asks a master for the file it was started with, without joining it.
//!
//! It takes a connection and an identity of its own, as in Locust: a worker that asks under the name it works with would be
//! a stranger to some handlers of the master. Locust itself asks again each second, since a master that has just started may
//! not listen yet.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::locust::decode::decode;
use crate::locust::dial::{DialError, MasterAddress, dial};
use crate::locust::encode::encode;
use crate::locust::message::{FromMaster, Locustfile, ToMaster};
use crate::locust::zmtp::{Dealer, ZmtpError};

/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the connection may take to end in good order.
const CLOSE_TIME: Duration = Duration::from_millis(300);

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum LocustfileError {
    /// The master cannot send it, in its words.
    #[error("the master cannot send its locustfile: {0}")]
    Refused(String),
    /// It sent something else.
    #[error("the message of the master cannot be read: {0}")]
    Unreadable(String),
    /// What answers there is no master.
    #[error("this is no master of Locust: {0}")]
    NotAMaster(DialError),
    /// No answer came in time.
    #[error("no master of Locust sent its locustfile in time: {0}")]
    NoAnswer(String),
}

/// Returns the files of the master, within `limit`. `node_id` is one that nobody else has.
pub async fn fetch(
    address: &MasterAddress,
    node_id: &str,
    limit: Duration,
) -> Result<Vec<Locustfile>, LocustfileError> {
    let deadline = Instant::now() + limit;
    let mut reason = "it did not answer".to_owned();
    while Instant::now() < deadline {
        match timeout_at(deadline, dial(address, node_id)).await {
            Ok(Ok(mut dealer)) => match timeout_at(deadline, ask(&mut dealer, node_id)).await {
                Ok(Ok(answer)) => {
                    dealer.close(CLOSE_TIME).await;
                    return answer;
                }
                Ok(Err(error)) => reason = error.to_string(),
                Err(_) => break,
            },
            Ok(Err(error)) if error.is_no_master() => return Err(LocustfileError::NotAMaster(error)),
            Ok(Err(error)) => reason = error.to_string(),
            Err(_) => break,
        }
        sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now()))).await;
    }
    Err(LocustfileError::NoAnswer(reason))
}

type Answer = Result<Vec<Locustfile>, LocustfileError>;

async fn ask(dealer: &mut Dealer<tokio::net::TcpStream>, node_id: &str) -> Result<Answer, ZmtpError> {
    let question = match encode(&ToMaster::Locustfile, node_id) {
        Ok(question) => question,
        Err(error) => return Ok(Err(LocustfileError::Unreadable(error.to_string()))),
    };
    loop {
        dealer.send(&question)?;
        let again = Instant::now() + PAUSE;
        while let Ok(message) = timeout_at(again, dealer.receive()).await {
            match decode(&message?.concat()) {
                Ok(FromMaster::Locustfile(files)) => return Ok(files.map_err(LocustfileError::Refused)),
                Ok(_) => {}
                Err(error) => return Ok(Err(LocustfileError::Unreadable(error.to_string()))),
            }
        }
    }
}
