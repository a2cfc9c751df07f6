//! Which certificates of a broker are accepted.
//!
//! webpki decides, with one exception. It refuses a broker's certificate that is also an authority's, as those from
//! `openssl req -x509` are, even if the user named it as trusted. Such a certificate is known byte for byte, so only
//! its name, time and use are checked.

use std::collections::HashSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, RootCertStore,
    SignatureScheme,
};

use crate::client::failure::SelfSigned;
use crate::client::transport::x509::{Validity, X509};

/// RSA keys that ring verifies with (bits).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

#[derive(Debug, Clone)]
pub(super) struct Trusted {
    roots: Arc<RootCertStore>,
    /// SHA-256 of each certificate among them, for a broker that shows that very one.
    named: Arc<HashSet<[u8; 32]>>,
}

impl Trusted {
    pub(super) fn nobody() -> Self {
        Self { roots: Arc::new(RootCertStore::empty()), named: Arc::default() }
    }

    pub(super) fn add(&mut self, certificate: CertificateDer<'_>) -> Result<(), Error> {
        let digest = digest(&certificate);
        Arc::make_mut(&mut self.roots).add(certificate)?;
        Arc::make_mut(&mut self.named).insert(digest);
        Ok(())
    }

    /// Makes a verifier from the trusted certificates; `None` if there are none.
    pub(super) fn verifier(&self, provider: Arc<CryptoProvider>) -> Option<Verifying> {
        let algorithms = provider.signature_verification_algorithms;
        let roots = Arc::clone(&self.roots);
        let webpki = WebPkiServerVerifier::builder_with_provider(roots, provider).build().ok()?;
        Some(Verifying { webpki, trusted: self.clone(), algorithms })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    fn names(&self, certificate: &CertificateDer<'_>) -> bool {
        self.named.contains(&digest(certificate))
    }
}

fn digest(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

#[derive(Debug)]
pub(super) struct Verifying {
    webpki: Arc<WebPkiServerVerifier>,
    trusted: Trusted,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifying {
    /// webpki's judgement of a handshake's signature, or ours where it cannot read a certificate that was named.
    fn signature(
        &self,
        judged: Result<HandshakeSignatureValid, Error>,
        certificate: &CertificateDer<'_>,
        signed: &Signed<'_>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match judged {
            Err(Error::InvalidCertificate(CertificateError::BadEncoding | CertificateError::Other(_)))
                if self.trusted.names(certificate) =>
            {
                let judged = signed.judge(certificate, &self.algorithms);
                judged.unwrap_or(Err(CertificateError::BadSignature.into()))
            }
            judged => judged,
        }
    }
}

impl ServerCertVerifier for Verifying {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let webpki = &self.webpki;
        let refusal =
            match webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                Err(Error::InvalidCertificate(refusal)) => refusal,
                judged => return judged,
            };
        let read = X509::read(end_entity);
        if self.trusted.names(end_entity) {
            let x509 = read.ok_or(CertificateError::BadEncoding)?;
            check_named(&x509, server_name, now)?;
            return Ok(ServerCertVerified::assertion());
        }
        Err(match refusal {
            CertificateError::UnknownIssuer | CertificateError::BadSignature | CertificateError::Other(_)
                if read.is_some_and(|x509| x509.is_self_issued()) =>
            {
                CertificateError::Other(OtherError(Arc::new(SelfSigned)))
            }
            // An authority of the same name with another key has signed it.
            CertificateError::BadSignature => CertificateError::UnknownIssuer,
            refusal => refusal,
        }
        .into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let judged = self.webpki.verify_tls12_signature(message, certificate, signed);
        self.signature(judged, certificate, &Signed { message, by: signed, is_tls13: false })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let judged = self.webpki.verify_tls13_signature(message, certificate, signed);
        self.signature(judged, certificate, &Signed { message, by: signed, is_tls13: true })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// What is still asked of a certificate that was named as trusted.
fn check_named(x509: &X509<'_>, server_name: &ServerName<'_>, now: UnixTime) -> Result<(), CertificateError> {
    match x509.validity(now.as_secs()) {
        None => return Err(CertificateError::BadEncoding),
        Some(Validity::NotYet) => return Err(CertificateError::NotValidYet),
        Some(Validity::Over) => return Err(CertificateError::Expired),
        Some(Validity::Now) => {}
    }
    if !x509.is_for_servers() {
        return Err(CertificateError::InvalidPurpose);
    }
    let is_named = match server_name {
        ServerName::DnsName(host) => x509.is_for_host(host.as_ref()),
        ServerName::IpAddress(address) => x509.is_for_address((*address).into()),
        _ => false,
    };
    if is_named { Ok(()) } else { Err(CertificateError::NotValidForName) }
}

/// Accepts every certificate. The handshake is still whole wherever that can be found out: a server with a key that
/// we can verify with must have the private one.
#[derive(Debug)]
pub(super) struct Trusting(pub(super) Arc<CryptoProvider>);

impl Trusting {
    fn signature(
        &self,
        certificate: &CertificateDer<'_>,
        signed: &Signed<'_>,
    ) -> Result<HandshakeSignatureValid, Error> {
        let judged = signed.judge(certificate, &self.0.signature_verification_algorithms);
        judged.unwrap_or_else(|| Ok(HandshakeSignatureValid::assertion()))
    }
}

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
        self.signature(certificate, &Signed { message, by: signed, is_tls13: false })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(certificate, &Signed { message, by: signed, is_tls13: true })
    }

    /// Those that we can verify, and after them those that we cannot, for servers whose keys make no others.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.0.signature_verification_algorithms.supported_schemes();
        for more in [SignatureScheme::ECDSA_NISTP521_SHA512, SignatureScheme::ED448]
            .into_iter()
            .chain(PSS_PSS.map(|(number, _)| SignatureScheme::Unknown(number)))
        {
            if !schemes.contains(&more) {
                schemes.push(more);
            }
        }
        schemes
    }
}

/// `rsa_pss_pss_*` of RFC 8446, section 4.2.3, and what verifies them: the same signature, by a key for nothing else.
const PSS_PSS: [(u16, SignatureScheme); 3] = [
    (0x0809, SignatureScheme::RSA_PSS_SHA256),
    (0x080A, SignatureScheme::RSA_PSS_SHA384),
    (0x080B, SignatureScheme::RSA_PSS_SHA512),
];

struct Signed<'a> {
    message: &'a [u8],
    by: &'a DigitallySignedStruct,
    is_tls13: bool,
}

impl Signed<'_> {
    /// Whether the key of this certificate has signed it; `None` if we cannot know, since the certificate cannot be
    /// read or its key is of a kind or a size that we do not verify with.
    fn judge(
        &self,
        certificate: &CertificateDer<'_>,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Option<Result<HandshakeSignatureValid, Error>> {
        let key = X509::read(certificate)?.key;
        let scheme = match self.by.scheme {
            SignatureScheme::Unknown(number) => PSS_PSS.iter().find(|(pss, _)| *pss == number)?.1,
            scheme => scheme,
        };
        let by_pkcs1 = matches!(
            scheme,
            SignatureScheme::RSA_PKCS1_SHA256
                | SignatureScheme::RSA_PKCS1_SHA384
                | SignatureScheme::RSA_PKCS1_SHA512
        );
        if by_pkcs1 && self.is_tls13 {
            return Some(Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into()));
        }
        if key.rsa_bits().is_some_and(|bits| !RSA_BITS.contains(&bits)) {
            return None;
        }
        let (_, found) = algorithms.mapping.iter().find(|(known, _)| *known == scheme)?;
        // In TLS 1.3 a scheme says which curve, in 1.2 it does not.
        let found = if self.is_tls13 { found.get(..1)? } else { found };
        let mut fitting = found
            .iter()
            .filter(|algorithm| {
                key.is_rsassa_pss() || algorithm.public_key_alg_id().as_ref() == key.algorithm
            })
            .peekable();
        fitting.peek()?;
        let signature = self.by.signature();
        if fitting.any(|algorithm| algorithm.verify_signature(key.bits, self.message, signature).is_ok()) {
            Some(Ok(HandshakeSignatureValid::assertion()))
        } else {
            Some(Err(CertificateError::BadSignature.into()))
        }
    }
}
