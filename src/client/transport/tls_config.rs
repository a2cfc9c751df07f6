//! The configuration of TLS: trusted authorities, certificates and keys, read from files before the run.
//!
//! All sessions with one broker and one certificate share one configuration. Reading the system's authorities
//! takes milliseconds and 140 KiB; they are read once per run, when the first broker needs them. No message
//! shows more of a key than the path of its file.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{ClientConfig, Error, InconsistentKeys};

use crate::client::failure::Failure;
use crate::client::failure::TlsFault;
use crate::client::seam::Certificate;
use crate::client::transport::verifier::{Trusted, Trusting};
use crate::client::transport::x509::X509;

/// No file of certificates or keys is larger; the authorities of a system are a quarter of a megabyte.
const MAX_BYTES: u64 = 16 << 20;

/// How many sessions are kept to resume, of users that have a certificate in common and of those that have
/// none.
const KEPT_SESSIONS: usize = 256;

/// TLS with a broker cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A file is larger than any of certificates.
    #[error("`{}` is larger than 16 MiB, which no certificate is", path.display())]
    TooLarge {
        /// The path of the file.
        path: PathBuf,
    },
    /// A file holds no certificate.
    #[error("`{}` holds no certificate: it must have a part `-----BEGIN CERTIFICATE-----`", path.display())]
    NoCertificate {
        /// The path of the file.
        path: PathBuf,
    },
    /// A file holds no key that can be read.
    #[error(
        "`{}` holds no private key: it must have a part `-----BEGIN PRIVATE KEY-----` (or `RSA PRIVATE KEY`, \
         `EC PRIVATE KEY`), not encrypted", path.display()
    )]
    NoKey {
        /// The path of the file.
        path: PathBuf,
    },
    /// A certificate cannot be read.
    #[error("a certificate in `{}` cannot be understood: {source}", path.display())]
    BadCertificate {
        /// The path of the file.
        path: PathBuf,
        /// The error of rustls.
        source: Error,
    },
    /// A certificate and a key do not belong together, or the key is of an unknown kind.
    #[error("certificate `{}` and key `{}` cannot be used: {source}", certificate.display(), key.display())]
    BadKey {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// The error of rustls.
        source: Error,
    },
    /// The system has no trusted authorities.
    #[error("no trusted authorities found on this system: name a file of them as `ca` of the broker's `tls`")]
    NoSystemAuthorities,
    /// The name of the server is invalid.
    #[error("`{name}` is not the name of a server")]
    ServerName {
        /// The name in the scenario.
        name: String,
    },
    /// Something else that rustls does not like.
    #[error("TLS cannot be set up: {0}")]
    Other(Error),
}

/// How to speak TLS with a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsOptions<'a> {
    /// The file with the trusted authorities. Without it, the system's authorities are trusted.
    pub authorities: Option<&'a str>,
    /// The name that is sent to the server and that its certificate must have. Without it, the host of the URL is used.
    pub server_name: Option<&'a str>,
    /// The protocols to offer (ALPN), the preferred one first.
    pub alpn: &'a [String],
    /// Whether every certificate is accepted.
    pub insecure: bool,
    /// Whether later connections resume the TLS sessions of earlier ones.
    pub resumption: bool,
}

/// Reads the files of all brokers of a run.
#[derive(Debug)]
pub struct TlsFiles {
    folder: PathBuf,
    system: Option<Trusted>,
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
            let trusted = match options.authorities {
                Some(file) => authorities(&self.folder.join(file))?,
                None => self.system_authorities()?,
            };
            Arc::new(trusted.verifier(Arc::clone(&provider)).ok_or(TlsError::NoSystemAuthorities)?)
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
            insecure: options.insecure,
            server_name,
            alpn: options.alpn.iter().map(|protocol| protocol.clone().into_bytes()).collect(),
            resumption: options.resumption,
            folder: self.folder.clone(),
            configs: Mutex::new(HashMap::new()),
        };
        Ok(Tls(Arc::new(inner)))
    }

    fn system_authorities(&mut self) -> Result<Trusted, TlsError> {
        if let Some(trusted) = &self.system {
            return Ok(trusted.clone());
        }
        let mut trusted = Trusted::nobody();
        for certificate in rustls_native_certs::load_native_certs().certs {
            // Systems have odd files among them; what rustls cannot use is passed over.
            let _ = trusted.add(certificate);
        }
        if trusted.is_empty() {
            return Err(TlsError::NoSystemAuthorities);
        }
        self.system = Some(trusted.clone());
        Ok(trusted)
    }
}

/// TLS with one broker, shared by all threads.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
    insecure: bool,
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

    /// The name to ask the server for, and that its certificate must be for: the host's, unless there is another.
    pub(super) fn server_name(&self, host: &str) -> Result<ServerName<'static>, Failure> {
        if let Some(name) = &self.0.server_name {
            return Ok(name.clone());
        }
        // A certificate says nothing of the interface through which a link-local address is reached.
        let host = host.split_once('%').map_or(host, |(address, _)| address);
        match ServerName::try_from(host.to_owned()) {
            Ok(name) => Ok(name),
            // Of an address no server is asked.
            Err(_) if self.0.insecure => Ok(ServerName::from(IpAddr::from(Ipv4Addr::UNSPECIFIED))),
            Err(_) => Err(Failure::Tls(TlsFault::NoServerName)),
        }
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
                let certified = certified(&self.provider, chain, private).map_err(error)?;
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
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

/// A client's certificate with its key. Whether the certificate is any good is the server's to judge, so that nothing
/// is asked of it but to belong to the key, if it can be read that far.
fn certified(
    provider: &CryptoProvider,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, Error> {
    let key = provider.key_provider.load_private_key(key)?;
    let shown = chain.first().and_then(|certificate| X509::read(certificate)).map(|x509| x509.key.der);
    if let (Some(shown), Some(own)) = (shown, key.public_key())
        && shown != own.as_ref()
    {
        return Err(InconsistentKeys::KeyMismatch.into());
    }
    Ok(CertifiedKey::new(chain, key))
}

/// What a file says is trusted, all of which must be usable: a file was named for each of them.
fn authorities(path: &Path) -> Result<Trusted, TlsError> {
    let mut trusted = Trusted::nobody();
    for certificate in certificates(path)? {
        let error = |source| TlsError::BadCertificate { path: path.to_owned(), source };
        trusted.add(certificate).map_err(error)?;
    }
    Ok(trusted)
}

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
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(error)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(TlsError::TooLarge { path: path.to_owned() });
    }
    // The byte order mark of some editors would hide the first line of PEM.
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(bytes)
}
