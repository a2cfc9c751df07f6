//! Errors of TLS.

use std::{fmt, io};

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, OtherError};

use crate::client::failure::parts::Os;

/// What went wrong in TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFault {
    /// No trusted authority stands behind the server's certificate.
    UnknownIssuer,
    /// The server's certificate is no longer valid.
    Expired,
    /// The server's certificate is not valid yet.
    NotValidYet,
    /// The server's certificate is for another name.
    WrongName,
    /// The server's certificate was revoked.
    Revoked,
    /// The server's certificate may not be used by a server.
    WrongPurpose,
    /// The server's certificate is an authority's, not a server's.
    AuthorityAsServer,
    /// The server's certificate is self-signed, and not one that is trusted.
    SelfSigned,
    /// The server's certificate is for no host.
    NoName,
    /// The server's certificate is of version 1 (or 2) of X.509, which says too little to be verified.
    Version,
    /// The server's certificate has a critical extension that is not known here.
    Extension,
    /// The server's certificate was signed in a way that is no longer taken, or not known here.
    SignatureAlgorithm,
    /// The server's certificate cannot be read.
    Unreadable,
    /// The server has signed the handshake with another key than its certificate's.
    WrongKey,
    /// There is something else wrong with the server's certificate.
    BadCertificate,
    /// The server refused with this alert (RFC 8446, section 6).
    Alert(u8),
    /// The server does not speak TLS.
    NotTls,
    /// Client and server have no TLS version, cipher or other thing in common that they need.
    Incompatible,
    /// The server does something that TLS does not allow.
    Misbehaved,
    /// The server closed the connection in the middle of the handshake.
    Closed,
    /// The connection broke in the middle of the handshake.
    Broken(Os),
    /// The host of the URL is nothing that a certificate can be verified against.
    NoServerName,
    /// The user's certificate or key could not be read, as the log says.
    ClientCertificate,
    /// Something else went wrong.
    Other,
}

impl TlsFault {
    pub(crate) fn in_handshake(error: &io::Error) -> Self {
        match Self::behind(error) {
            Some(fault) => fault,
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::Closed,
            None => Self::Broken(error.into()),
        }
    }

    /// Finds the fault behind an error of a stream, if it comes from TLS.
    pub(crate) fn behind(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Error>().map(Self::from)
    }
}

impl From<&Error> for TlsFault {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(error) => Self::from(error),
            Error::AlertReceived(alert) => Self::Alert(u8::from(*alert)),
            Error::NoApplicationProtocol => Self::Alert(u8::from(AlertDescription::NoApplicationProtocol)),
            Error::InvalidMessage(_) => Self::NotTls,
            Error::PeerIncompatible(_) => Self::Incompatible,
            Error::NoCertificatesPresented => Self::BadCertificate,
            Error::PeerMisbehaved(_)
            | Error::InappropriateMessage { .. }
            | Error::InappropriateHandshakeMessage { .. }
            | Error::DecryptError
            | Error::PeerSentOversizedRecord => Self::Misbehaved,
            _ => Self::Other,
        }
    }
}

impl From<&CertificateError> for TlsFault {
    fn from(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotValidYet,
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
                Self::NoName
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::WrongName
            }
            CertificateError::Revoked => Self::Revoked,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::WrongPurpose
            }
            CertificateError::BadEncoding => Self::Unreadable,
            CertificateError::UnhandledCriticalExtension => Self::Extension,
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                Self::SignatureAlgorithm
            }
            // That of a certificate is told as of an unknown authority.
            CertificateError::BadSignature => Self::WrongKey,
            CertificateError::Other(OtherError(error)) if error.is::<SelfSigned>() => Self::SelfSigned,
            // The type of these errors is webpki's, which is not ours to name; its text is its variant's name.
            CertificateError::Other(error) => match error.to_string() {
                said if said.contains("CaUsedAsEndEntity") => Self::AuthorityAsServer,
                said if said.contains("UnsupportedCertVersion") => Self::Version,
                said if said.contains("UnsupportedCriticalExtension") => Self::Extension,
                _ => Self::BadCertificate,
            },
            _ => Self::BadCertificate,
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => "certificate of the broker not signed by a trusted authority",
            Self::Expired => "certificate of the broker expired",
            Self::NotValidYet => "certificate of the broker not valid yet",
            Self::WrongName => "certificate of the broker is for another name",
            Self::Revoked => "certificate of the broker revoked",
            Self::WrongPurpose => "certificate of the broker not meant for a server",
            Self::AuthorityAsServer => {
                "certificate of the broker is an authority's, not a server's (basicConstraints CA:TRUE)"
            }
            Self::SelfSigned => "certificate of the broker is self-signed and not trusted (name it as `ca`)",
            Self::NoName => "certificate of the broker is for no host (no subjectAltName)",
            Self::Version => {
                "certificate of the broker is of X.509 version 1 (sign it with -extfile for version 3)"
            }
            Self::Extension => "certificate of the broker has an unknown critical extension",
            Self::SignatureAlgorithm => "certificate of the broker signed by an unsupported algorithm",
            Self::Unreadable => "certificate of the broker cannot be read",
            Self::WrongKey => "the broker does not have the key of its certificate",
            Self::BadCertificate => "certificate of the broker not acceptable",
            Self::Alert(alert) => return write!(f, "refused by the broker: {} ({alert})", words(*alert)),
            Self::NotTls => "the broker does not speak TLS",
            Self::Incompatible => "no TLS version or cipher in common with the broker",
            Self::Misbehaved => "protocol error by the broker",
            Self::Closed => "closed by the broker during the handshake (does it speak TLS at this port?)",
            Self::Broken(os) => {
                return write!(
                    f,
                    "connection lost during the handshake (does the broker speak TLS at this port?): {os}"
                );
            }
            Self::NoServerName => "the host is no name to verify a certificate against",
            Self::ClientCertificate => "load generator: client certificate cannot be read",
            Self::Other => "handshake failed",
        })
    }
}

/// The words of RFC 8446, section 6, and of RFC 7301 for ALPN.
fn words(alert: u8) -> &'static str {
    match AlertDescription::from(alert) {
        AlertDescription::CloseNotify => "close notify",
        AlertDescription::UnexpectedMessage => "unexpected message",
        AlertDescription::HandshakeFailure => "handshake failure",
        AlertDescription::BadCertificate => "bad client certificate",
        AlertDescription::UnsupportedCertificate => "unsupported client certificate",
        AlertDescription::CertificateRevoked => "client certificate revoked",
        AlertDescription::CertificateExpired => "client certificate expired",
        AlertDescription::CertificateUnknown => "client certificate unknown",
        AlertDescription::UnknownCA => "client certificate from an unknown authority",
        AlertDescription::CertificateRequired => "client certificate required",
        AlertDescription::AccessDenied => "access denied",
        AlertDescription::DecryptError => "decrypt error",
        AlertDescription::ProtocolVersion => "TLS version not supported",
        AlertDescription::InsufficientSecurity => "insufficient security",
        AlertDescription::InternalError => "internal error",
        AlertDescription::UnrecognisedName => "unrecognised server name",
        AlertDescription::NoApplicationProtocol => "no ALPN protocol in common",
        _ => "alert",
    }
}

/// The broker's certificate is self-signed, and not one that is trusted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SelfSigned;

impl fmt::Display for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("self-signed and not trusted")
    }
}

impl std::error::Error for SelfSigned {}
