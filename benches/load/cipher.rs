//! What TLS costs a client by itself: records encrypted and decrypted in memory, without a socket; and how that
//! compares with what it costs the program.

use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use super::wire;

/// Messages of one timing.
const MESSAGES: usize = 20_000;

/// Timings, of which the fastest counts: everything else was the machine's.
const TIMINGS: usize = 7;

/// A server for `localhost`, and the PEM of who signed its certificate.
pub(crate) fn server() -> Result<(Arc<ServerConfig>, String), Box<dyn Error>> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let pem = authority.self_signed(&key)?.pem();
    let issuer = Issuer::new(authority, key);
    let own = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&own, &issuer)?;
    let chain = vec![CertificateDer::from_pem_slice(certificate.pem().as_bytes())?];
    let private = PrivateKeyDer::from_pem_slice(own.serialize_pem().as_bytes())?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    Ok((Arc::new(config), pem))
}

/// The same, with the PEM written where a client finds it.
pub(crate) fn server_known_by(ca: &Path) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let (config, pem) = server()?;
    fs::write(ca, pem)?;
    Ok(config)
}

/// Microseconds that a client spends in TLS for one message of W1: it encrypts the PUBLISH and decrypts the PUBACK, a
/// record each.
pub(crate) fn microseconds_per_message() -> Result<f64, Box<dyn Error>> {
    let (mut client, mut server) = connected()?;
    let message = wire::publish("bench/100", b"01234567890123456789", 1).0;
    let mut best = f64::INFINITY;
    for _ in 0..TIMINGS {
        let mut sent = Vec::with_capacity(MESSAGES * 128);
        let start = Instant::now();
        for _ in 0..MESSAGES {
            client.writer().write_all(&message)?;
            client.write_tls(&mut sent)?;
        }
        let encrypting = start.elapsed();
        let mut acknowledgements = Vec::with_capacity(MESSAGES);
        let mut rest = &sent[..];
        // One message at a time: reading does not stop between two.
        let mut plain = vec![0; message.len()];
        for _ in 0..MESSAGES {
            while server.reader().read(&mut plain).is_err() {
                if server.read_tls(&mut rest)? == 0 {
                    return Err("not all messages came".into());
                }
                server.process_new_packets()?;
            }
            let mut record = Vec::with_capacity(64);
            server.writer().write_all(&[0x40, 2, 0, 1])?;
            server.write_tls(&mut record)?;
            acknowledgements.push(record);
        }
        let start = Instant::now();
        for record in &acknowledgements {
            client.read_tls(&mut &record[..])?;
            client.process_new_packets()?;
            let length = client.reader().read(&mut plain)?;
            assert_eq!(length, 4, "a PUBACK");
        }
        let decrypting = start.elapsed();
        best = best.min((encrypting + decrypting).as_secs_f64() * 1e6 / MESSAGES as f64);
    }
    Ok(best)
}

/// A client and a server after their handshake.
fn connected() -> Result<(ClientConnection, ServerConnection), Box<dyn Error>> {
    let (config, pem) = server()?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut client = ClientConnection::new(Arc::new(client), "localhost".try_into()?)?;
    let mut server = ServerConnection::new(config)?;
    // Without limits to what may wait, since everything of one timing does.
    client.set_buffer_limit(None);
    server.set_buffer_limit(None);
    while client.is_handshaking() || server.is_handshaking() || server.wants_write() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes)?;
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            server.read_tls(&mut rest)?;
            server.process_new_packets()?;
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes)?;
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest)?;
            client.process_new_packets()?;
        }
    }
    Ok((client, server))
}

/// The lines that say how TLS compares with TCP, from the CPU time per message of each.
pub(crate) fn verdict(tcp_us: f64, tls_us: f64, cipher_us: f64) -> String {
    let most = 1.5 * tcp_us + cipher_us;
    format!(
        "QoS 1 over TLS takes {tls_us:.2} µs per message, over TCP {tcp_us:.2} µs: {:.2} × as much.\n\
         TLS by itself, in memory: {cipher_us:.2} µs (a PUBLISH encrypted, a PUBACK decrypted).\n\
         Goal: at most 1.5 × TCP and that, {most:.2} µs: {}.\n",
        tls_us / tcp_us,
        if tls_us <= most { "held" } else { "missed" }
    )
}
