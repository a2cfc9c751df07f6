//! What stands in front of the embedded broker in tests of transports: TLS by rustls's server, WebSocket by
//! tungstenite, and certificates of every kind.
#![expect(clippy::disallowed_methods, reason = "what is spawned ends with the runtime of its test")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use mqtt_scenario::broker::{Broker, BrokerConfig};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for a name, different in what `change` changes.
    pub(crate) fn sign(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }

    /// A server for `localhost`.
    pub(crate) fn localhost(&self) -> Identity {
        self.sign("localhost", |_| {})
    }

    /// A certificate that nobody else has signed, different in what `change` changes.
    pub(crate) fn self_signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        roots
    }
}

/// A TLS server's settings.
pub(crate) struct Server<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) clients: Option<&'a Authority>,
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    pub(crate) alpn: &'a [&'a str],
}

impl<'a> Server<'a> {
    pub(crate) fn new(identity: &'a Identity) -> Self {
        Self { identity, clients: None, versions: tokio_rustls::rustls::ALL_VERSIONS, alpn: &[] }
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(authority) => builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(
                    Arc::new(authority.roots()),
                    Arc::clone(&provider),
                )
                .build()
                .unwrap(),
            ),
        };
        let chain = vec![CertificateDer::from_pem_slice(self.identity.certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(self.identity.key.as_bytes()).unwrap();
        let key = provider.key_provider.load_private_key(key).unwrap();
        // Not asked whether it is any good, as OpenSSL's servers are not.
        let certified = SingleCertAndKey::from(CertifiedKey::new(chain, key));
        let mut config = builder.with_cert_resolver(Arc::new(certified));
        config.alpn_protocols = self.alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

/// What the acceptor learned of one connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Met {
    pub(crate) server_name: Option<String>,
    pub(crate) alpn: Option<String>,
    pub(crate) resumed: bool,
    /// The client's certificate, as DER.
    pub(crate) certificate: Vec<u8>,
    /// Path, headers and subprotocol of a WebSocket's request.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) pongs: usize,
    /// Status of the client's close.
    pub(crate) closed: Option<u16>,
}

/// An embedded broker behind an acceptor.
pub(crate) struct Front {
    pub(crate) addr: SocketAddr,
    met: Arc<Mutex<Vec<Met>>>,
    _broker: Broker,
}

impl Front {
    /// Accepts on a port of 127.0.0.1 until the runtime ends.
    pub(crate) async fn start(tls: Option<Arc<ServerConfig>>, websocket: bool) -> Self {
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (addr, behind) = (listener.local_addr().unwrap(), broker.addr());
        let met: Arc<Mutex<Vec<Met>>> = Arc::default();
        let log = Arc::clone(&met);
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                tokio::spawn(accept(tcp, tls.clone(), websocket, Arc::clone(&log), behind));
            }
        });
        Self { addr, met, _broker: broker }
    }

    /// The connections so far; those whose handshake failed are not among them.
    pub(crate) fn met(&self) -> Vec<Met> {
        self.met.lock().unwrap().clone()
    }
}

/// What a client does wrong shows at its end.
async fn accept(
    tcp: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    websocket: bool,
    met: Arc<Mutex<Vec<Met>>>,
    behind: SocketAddr,
) -> Option<()> {
    tcp.set_nodelay(true).unwrap();
    let Some(config) = tls else {
        met.lock().unwrap().push(Met::default());
        return carry(tcp, websocket, met, behind).await;
    };
    let stream = TlsAcceptor::from(config).accept(tcp).await.ok()?;
    let session = stream.get_ref().1;
    met.lock().unwrap().push(Met {
        server_name: session.server_name().map(str::to_owned),
        alpn: session.alpn_protocol().map(|protocol| String::from_utf8(protocol.to_vec()).unwrap()),
        resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
        certificate: session.peer_certificates().map_or(Vec::new(), |chain| chain[0].to_vec()),
        ..Met::default()
    });
    carry(stream, websocket, met, behind).await
}

async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    websocket: bool,
    met: Arc<Mutex<Vec<Met>>>,
    behind: SocketAddr,
) -> Option<()> {
    let mut broker = TcpStream::connect(behind).await.unwrap();
    broker.set_nodelay(true).unwrap();
    if !websocket {
        tokio::io::copy_bidirectional(&mut stream, &mut broker).await.ok()?;
        return Some(());
    }
    let this = met.lock().unwrap().len() - 1;
    #[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
    let answer = |request: &Request, mut response: Response| {
        let met = &mut met.lock().unwrap()[this];
        met.path = request.uri().to_string();
        let headers = request.headers().iter();
        met.headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        response.headers_mut().insert("Sec-WebSocket-Protocol", "mqtt".parse().unwrap());
        Ok(response)
    };
    let mut websocket = accept_hdr_async(stream, answer).await.ok()?;
    let mut buffer = [0; 1000];
    loop {
        tokio::select! {
            message = websocket.next() => match message?.ok()? {
                Message::Binary(bytes) => broker.write_all(&bytes).await.ok()?,
                Message::Pong(payload) => {
                    assert_eq!(&payload[..], b"there?");
                    met.lock().unwrap()[this].pongs += 1;
                }
                Message::Close(frame) => {
                    met.lock().unwrap()[this].closed = frame.map(|frame| frame.code.into());
                }
                other => panic!("not MQTT: {other:?}"),
            },
            read = broker.read(&mut buffer) => {
                let length = read.ok()?;
                if length == 0 {
                    websocket.close(None).await.ok()?;
                    return Some(());
                }
                // As nasty as is allowed: a message in two frames, with a ping between them.
                let (head, tail) = buffer[..length].split_at(length / 2);
                let frame = |bytes: &[u8], kind, last| Message::Frame(Frame::message(bytes.to_vec(), OpCode::Data(kind), last));
                websocket.send(frame(head, Data::Binary, false)).await.ok()?;
                websocket.send(Message::Ping("there?".into())).await.ok()?;
                websocket.send(frame(tail, Data::Continue, true)).await.ok()?;
            }
        }
    }
}
