//! Makes the brokers of a plan reachable before the run: starts the embedded ones, looks the others up, and reads the
//! files for TLS.

use std::net::SocketAddr;
use std::path::Path;

use tokio::runtime::Runtime;

use crate::broker::faults::Faults;
use crate::broker::{Broker, BrokerConfig};
use crate::client::Certificate;
use crate::client::transport::tls::{Tls, TlsError, TlsFiles, TlsOptions};
use crate::client::transport::{Address, Endpoint, ResolveError};
use crate::plan::Plan;
use crate::plan::certificates::certificates;
use crate::plan::target::{Server, Target};
use crate::template::Secret;

/// Why a broker is not reachable.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// A name leads nowhere.
    #[error("{0}. Check the name in the scenario, or give another address with -H")]
    Resolve(#[from] ResolveError),
    /// A file for TLS is not as it should be.
    #[error("broker `{broker}`: {source}")]
    Tls {
        /// Its name in the scenario.
        broker: String,
        source: Box<TlsError>,
    },
    /// A broker inside this process does not start.
    #[error(transparent)]
    Embedded(Box<dyn std::error::Error>),
}

/// The embedded brokers, and the endpoint of each broker of the plan. Paths of files are from `folder`.
pub(super) fn open_brokers(
    plan: &Plan,
    folder: &Path,
    runtime: &Runtime,
) -> Result<(Vec<Broker>, Vec<Endpoint>), OpenError> {
    let mut started = Vec::new();
    // Equal options are one broker, as equal URLs are elsewhere.
    let mut addresses: Vec<(Faults, SocketAddr)> = Vec::new();
    let mut endpoints = Vec::new();
    let tls = prepare_tls(plan, folder)?;
    for (broker, tls) in plan.brokers.iter().zip(tls) {
        let mut endpoint = match &broker.target {
            Target::Remote { servers, .. } => {
                let servers: Vec<_> = servers
                    .iter()
                    .map(|Server { host, port, path }| Address { host, port: *port, path })
                    .collect();
                runtime.block_on(Endpoint::resolve(&servers))?
            }
            Target::Embedded { options } => {
                let faults =
                    Faults::from_query(options).map_err(|error| OpenError::Embedded(error.into()))?;
                let known = addresses.iter().find(|(of, _)| *of == faults).map(|(_, addr)| *addr);
                let addr = if let Some(addr) = known {
                    addr
                } else {
                    let broker = Broker::start(BrokerConfig { faults, ..BrokerConfig::default() })
                        .map_err(|error| OpenError::Embedded(error.into()))?;
                    let addr = broker.addr();
                    addresses.push((faults, addr));
                    started.push(broker);
                    addr
                };
                // Its port is another one in each run, and failures of two runs shall have the same texts.
                Endpoint::from(addr).named("the embedded broker")
            }
        };
        endpoint = endpoint.from_sources(broker.source_addresses.clone());
        if let Some(tls) = tls {
            endpoint = endpoint.with_tls(tls);
        }
        if broker.target.is_websocket() {
            let value = |secret: &Secret| {
                String::from_utf8_lossy(secret.0.literal().unwrap_or_default()).into_owned()
            };
            let headers: Vec<_> =
                broker.headers.iter().map(|header| (header.name.clone(), value(&header.value))).collect();
            endpoint = endpoint.with_websocket(&headers);
        }
        endpoints.push(endpoint);
    }
    Ok((started, endpoints))
}

/// TLS of each broker that is spoken to through it, with the certificates of all users.
fn prepare_tls(plan: &Plan, folder: &Path) -> Result<Vec<Option<Tls>>, OpenError> {
    let mut files = TlsFiles::in_folder(folder);
    let mut prepared = Vec::new();
    for broker in &plan.brokers {
        let error = |error| OpenError::Tls { broker: broker.name.clone(), source: Box::new(error) };
        prepared.push(match &broker.tls {
            None => None,
            Some(tls) => {
                let options = TlsOptions {
                    authorities: tls.authorities.as_deref(),
                    server_name: tls.server_name.as_deref(),
                    alpn: &tls.alpn,
                    insecure: tls.insecure,
                    resumption: tls.resumption,
                };
                Some(files.tls(&options).map_err(error)?)
            }
        });
    }
    for (broker, files) in certificates(plan) {
        let Some(tls) = &prepared[broker.0] else { continue };
        let name = &plan.brokers[broker.0].name;
        let error = |error| OpenError::Tls { broker: name.clone(), source: Box::new(error) };
        let certificate = files.as_ref().map(|(certificate, key)| Certificate { certificate, key });
        tls.prepare(certificate).map_err(error)?;
    }
    Ok(prepared)
}
