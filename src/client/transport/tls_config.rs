//! What TLS is made of: trusted authorities, certificates and keys, read from files before the run.
//!
//! All sessions with one broker and one certificate share one configuration. Reading the system's authorities
//! takes milliseconds and 140 KiB; they are read once per run, when the first broker needs them. No message
//! shows more of a key than the path of its file.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{Resumption, WebPkiServerVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::client::failure::Failure;
use crate::client::transport::tls::TlsFault;

/// No file of certificates or keys is larger; the authorities of a system are a quarter of a megabyte.
const MOST_BYTES: u64 = 16 << 20;

/// How many sessions are kept to resume, of users that have a certificate in common and of those that have
/// none.
const KEPT_SESSIONS: usize = 256;

/// TLS with a broker cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// Of the file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is larger than any of certificates.
    #[error("`{}` is larger than 16 MiB, which no certificate is", path.display())]
    TooLarge {
        /// Of the file.
        path: PathBuf,
    },
    /// A file holds no certificate.
    #[error("`{}` holds no certificate: it must have a part `-----BEGIN CERTIFICATE-----`", path.display())]
    NoCertificate {
        /// Of the file.
        path: PathBuf,
    },
    /// A file holds no key that can be read.
    #[error(
        "`{}` holds no private key: it must have a part `-----BEGIN PRIVATE KEY-----` (or `RSA PRIVATE KEY`, \
         `EC PRIVATE KEY`), not encrypted", path.display()
    )]
    NoKey {
        /// Of the file.
        path: PathBuf,
    },
    /// A certificate is broken.
    #[error("a certificate in `{}` cannot be understood: {source}", path.display())]
    BadCertificate {
        /// Of the file.
        path: PathBuf,
        /// What rustls said.
        source: Error,
    },
    /// A certificate and a key do not belong together, or the key is of an unknown kind.
    #[error("certificate `{}` and key `{}` cannot be used: {source}", certificate.display(), key.display())]
    BadKey {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
        /// What rustls said.
        source: Error,
    },
    /// The system trusts nobody.
    #[error("no trusted authorities found on this system: name a file of them as `ca` of the broker's `tls`")]
    NoSystemAuthorities,
    /// The server's name is none.
    #[error("`{name}` is no name of a server")]
    ServerName {
        /// What was given.
        name: String,
    },
    /// Something else that rustls does not like.
    #[error("TLS cannot be set up: {0}")]
    Other(Error),
}

/// How to speak TLS with a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsOptions<'a> {
    /// File of the trusted authorities; the system's if there is none.
    pub authorities: Option<&'a str>,
    /// Name that the server's certificate must be for, and that it is asked for; the host's if there is none.
    pub server_name: Option<&'a str>,
    /// Protocols to offer (ALPN), the preferred first.
    pub alpn: &'a [String],
    /// Whether any certificate is good.
    pub insecure: bool,
    /// Whether later connections take up the keys of earlier ones.
    pub resumption: bool,
}

/// Reads the files of all brokers of a run.
#[derive(Debug)]
pub struct TlsFiles {
    folder: PathBuf,
    system: Option<Arc<RootCertStore>>,
}

impl TlsFiles {
    /// Paths are relative to this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), system: None }
    }

    /// Prepares TLS with one broker.
    pub fn tls(&mut self, options: &TlsOptions<'_>) -> Result<Tls, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = if options.insecure {
            Arc::new(Trusting(Arc::clone(&provider)))
        } else {
            let roots = match options.authorities {
                Some(file) => Arc::new(authorities(&self.folder.join(file))?),
                None => self.system_authorities()?,
            };
            WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
                .build()
                .map_err(|_| TlsError::NoSystemAuthorities)?
        };
        let server_name = match options.server_name {
            Some(name) => {
                let error = |_| TlsError::ServerName { name: name.to_owned() };
                Some(ServerName::try_from(name.to_owned()).map_err(error)?)
            }
            None => None,
        };
        let inner = Inner {
            provider,
            verifier,
            server_name,
            alpn: options.alpn.iter().map(|protocol| protocol.clone().into_bytes()).collect(),
            resumption: options.resumption,
            folder: self.folder.clone(),
            configs: Mutex::new(HashMap::new()),
        };
        Ok(Tls(Arc::new(inner)))
    }

    fn system_authorities(&mut self) -> Result<Arc<RootCertStore>, TlsError> {
        if let Some(roots) = &self.system {
            return Ok(Arc::clone(roots));
        }
        let mut roots = RootCertStore::empty();
        // Systems have odd files among them; what rustls cannot use is passed over.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(TlsError::NoSystemAuthorities);
        }
        let roots = Arc::new(roots);
        self.system = Some(Arc::clone(&roots));
        Ok(roots)
    }
}

/// Files of a client certificate and its key, by path as the scenario has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// The certificate, with those of the authorities between it and a trusted one.
    pub certificate: &'a str,
    /// Its private key.
    pub key: &'a str,
}

/// TLS with one broker, shared by all threads.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
    server_name: Option<ServerName<'static>>,
    alpn: Vec<Vec<u8>>,
    resumption: bool,
    folder: PathBuf,
    configs: Mutex<Configs>,
}

/// By the files of the client's certificate and key.
type Configs = HashMap<Option<(String, String)>, Arc<ClientConfig>>;

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("server_name", &self.0.server_name).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads a user's certificate and key, unless they were read before. To be called for each user before the
    /// run; one that was forgotten is read at its first connect, and the thread waits for the disk.
    pub fn prepare(&self, certificate: Option<Certificate<'_>>) -> Result<(), TlsError> {
        self.load(certificate).map(drop)
    }

    /// The name that is not the host's.
    pub(super) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.0.server_name.as_ref()
    }

    /// What all users with this certificate share.
    pub(super) fn config(&self, certificate: Option<Certificate<'_>>) -> Result<Arc<ClientConfig>, Failure> {
        self.load(certificate).map_err(|error| {
            tracing::error!("{error}");
            Failure::Tls(TlsFault::ClientCertificate)
        })
    }

    fn load(&self, certificate: Option<Certificate<'_>>) -> Result<Arc<ClientConfig>, TlsError> {
        let files = certificate.map(|c| (c.certificate.to_owned(), c.key.to_owned()));
        // Poisoned by a panic in between, the map is still whole.
        let mut configs = self.0.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(&files) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.0.make(certificate)?);
        configs.insert(files, Arc::clone(&config));
        Ok(config)
    }
}

impl Inner {
    fn make(&self, certificate: Option<Certificate<'_>>) -> Result<ClientConfig, TlsError> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&self.verifier));
        let mut config = match certificate {
            None => builder.with_no_client_auth(),
            Some(Certificate { certificate, key }) => {
                let (certificate, key) = (self.folder.join(certificate), self.folder.join(key));
                let chain = certificates(&certificate)?;
                let private = PrivateKeyDer::from_pem_slice(&read(&key)?)
                    .map_err(|_| TlsError::NoKey { path: key.clone() })?;
                let error = |source| TlsError::BadKey { certificate, key, source };
                builder.with_client_auth_cert(chain, private).map_err(error)?
            }
        };
        config.alpn_protocols.clone_from(&self.alpn);
        config.resumption = if self.resumption {
            Resumption::in_memory_sessions(KEPT_SESSIONS)
        } else {
            Resumption::disabled()
        };
        Ok(config)
    }
}

/// The authorities in a file, all of which must be usable: a file was named for each of them.
fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let error = |source| TlsError::BadCertificate { path: path.to_owned(), source };
        roots.add(certificate).map_err(error)?;
    }
    Ok(roots)
}

/// The certificates in a file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let none = || TlsError::NoCertificate { path: path.to_owned() };
    let pem = read(path)?;
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| none())?;
    if certificates.is_empty() { Err(none()) } else { Ok(certificates) }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let error = |source| TlsError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(error)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(error)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(TlsError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

/// Finds any certificate good. The handshake is still whole: the server must have the certificate's key.
#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
