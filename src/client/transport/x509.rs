//! Reads the few fields that matter of a certificate that webpki refuses to read. It is used when the certificate is,
//! byte for byte, one that the user named, or when any certificate is accepted.
//!
//! Nothing here decides about trust. If a field cannot be read, it counts as absent.

use std::net::IpAddr;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0]` and `[3]` of a certificate: its version and its extensions.
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;
/// `[2]` and `[7]` of a name: of a host, and an address.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

/// 2.5.4.3, 2.5.29.17 and 2.5.29.37.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 29, 17];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 29, 37];
/// 1.3.6.1.5.5.7.3.1 and 2.5.29.37.0.
const SERVER_AUTH: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 1];
const ANY_USAGE: &[u8] = &[0x55, 29, 37, 0];
/// 1.2.840.113549.1.1.10: an RSA key for RSASSA-PSS alone.
const RSASSA_PSS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10];
/// 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];

/// A certificate, in the parts that are ever asked for; all are contents without their own tag and length.
#[derive(Debug, Clone, Copy)]
pub(super) struct X509<'a> {
    issuer: &'a [u8],
    validity: &'a [u8],
    subject: &'a [u8],
    extensions: &'a [u8],
    pub(super) key: PublicKey<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct PublicKey<'a> {
    pub(super) der: &'a [u8],
    /// What kind it is, with parameters: the content of its `AlgorithmIdentifier`.
    pub(super) algorithm: &'a [u8],
    pub(super) bits: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    NotYet,
    Now,
    Over,
}

impl<'a> X509<'a> {
    /// Reads DER, of any version of X.509.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut signed = Der(Der(der).take(SEQUENCE)?);
        let mut rest = Der(signed.take(SEQUENCE)?);
        rest.take_if(VERSION);
        rest.take(INTEGER)?;
        rest.take(SEQUENCE)?;
        let issuer = rest.take(SEQUENCE)?;
        let validity = rest.take(SEQUENCE)?;
        let subject = rest.take(SEQUENCE)?;
        let before = rest.0;
        let mut key = Der(rest.take(SEQUENCE)?);
        let der = &before[..before.len() - rest.0.len()];
        let algorithm = key.take(SEQUENCE)?;
        // Of its first byte, how many of the last bits are none.
        let (0, bits) = key.take(BIT_STRING)?.split_first().map(|(unused, bits)| (*unused, bits))? else {
            return None;
        };
        // Unique ids of version 2 stand between.
        let mut extensions = &[][..];
        while let Some((tag, content)) = rest.next() {
            if tag == EXTENSIONS {
                extensions = Der(content).take(SEQUENCE)?;
            }
        }
        Some(Self { issuer, validity, subject, extensions, key: PublicKey { der, algorithm, bits } })
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether it is in force at this moment, in seconds since 1970; `None` if its times cannot be read.
    pub(super) fn validity(&self, now: u64) -> Option<Validity> {
        let mut times = Der(self.validity);
        let (begin, end) = (times.take_time()?, times.take_time()?);
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        Some(match now {
            _ if now < begin => Validity::NotYet,
            _ if now > end => Validity::Over,
            _ => Validity::Now,
        })
    }

    /// Whether a server may use it: it says so, or says nothing.
    pub(super) fn is_for_servers(&self) -> bool {
        let Some(usages) = self.extension(EXTENDED_KEY_USAGE) else { return true };
        let mut usages = Der(Der(usages).take(SEQUENCE).unwrap_or_default());
        std::iter::from_fn(|| usages.take_if(OBJECT_ID)).any(|usage| matches!(usage, SERVER_AUTH | ANY_USAGE))
    }

    /// Whether it is for this host: one of its alternative names is, or, as OpenSSL takes it, its common name where
    /// it has no alternative names of hosts.
    pub(super) fn is_for_host(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
        let mut hosts = self.alternative_names().filter(|(tag, _)| *tag == DNS_NAME).peekable();
        if hosts.peek().is_some() {
            return hosts.any(|(_, name)| matches(name, host));
        }
        let mut subject = Der(self.subject);
        std::iter::from_fn(|| subject.take_if(SET)).any(|set| {
            let mut set = Der(set);
            std::iter::from_fn(|| set.take_if(SEQUENCE)).any(|attribute| {
                let mut attribute = Der(attribute);
                attribute.take(OBJECT_ID) == Some(COMMON_NAME)
                    && attribute.next().is_some_and(|(_, name)| matches(name, host))
            })
        })
    }

    pub(super) fn is_for_address(&self, address: IpAddr) -> bool {
        self.alternative_names().any(|(tag, name)| {
            tag == IP_ADDRESS
                && match address {
                    IpAddr::V4(address) => name == address.octets(),
                    IpAddr::V6(address) => name == address.octets(),
                }
        })
    }

    fn alternative_names(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let names = self.extension(SUBJECT_ALT_NAME).and_then(|names| Der(names).take(SEQUENCE));
        let mut names = Der(names.unwrap_or_default());
        std::iter::from_fn(move || names.next())
    }

    fn extension(&self, wanted: &[u8]) -> Option<&'a [u8]> {
        let mut extensions = Der(self.extensions);
        while let Some(extension) = extensions.take_if(SEQUENCE) {
            let mut extension = Der(extension);
            if extension.take(OBJECT_ID)? == wanted {
                // A flag may stand between: whether it is critical.
                return std::iter::from_fn(|| extension.next())
                    .find(|(tag, _)| *tag == OCTET_STRING)
                    .map(|(_, content)| content);
            }
        }
        None
    }
}

impl PublicKey<'_> {
    pub(super) fn is_rsassa_pss(&self) -> bool {
        Der(self.algorithm).take(OBJECT_ID) == Some(RSASSA_PSS)
    }

    /// How many bits the modulus of an RSA key has; of another kind of key, none.
    pub(super) fn rsa_bits(&self) -> Option<usize> {
        if !matches!(Der(self.algorithm).take(OBJECT_ID)?, RSA | RSASSA_PSS) {
            return None;
        }
        let modulus = Der(Der(self.bits).take(SEQUENCE)?).take(INTEGER)?;
        let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
        let first = modulus.get(zeros)?;
        Some((modulus.len() - zeros) * 8 - first.leading_zeros() as usize)
    }
}

/// Whether a name of a certificate is a host's: the same, or `*` in place of the first label.
fn matches(name: &[u8], host: &[u8]) -> bool {
    if let Some(rest) = name.strip_prefix(b"*.") {
        let dot = host.iter().position(|byte| *byte == b'.');
        return dot.is_some_and(|dot| {
            dot > 0 && host[dot + 1..].eq_ignore_ascii_case(rest) && rest.contains(&b'.')
        });
    }
    name.eq_ignore_ascii_case(host)
}

/// What is still to be read of a sequence.
#[derive(Debug, Clone, Copy)]
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let mut length = usize::from(*first);
        if length >= 0x80 {
            let bytes = rest.split_off(..length - 0x80).filter(|bytes| (1..=4).contains(&bytes.len()))?;
            length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        }
        let content = rest.split_off(..length)?;
        self.0 = rest;
        // Tags of several bytes stand nowhere in what is read.
        (tag & 0x1F != 0x1F).then_some((*tag, content))
    }

    /// Content of the next value, if it has this tag; otherwise it is still the next.
    fn take_if(&mut self, tag: u8) -> Option<&'a [u8]> {
        if self.0.first() == Some(&tag) { self.next().map(|(_, content)| content) } else { None }
    }

    /// Content of the next value, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|next| next.0 == tag).map(|(_, content)| content)
    }

    /// The next value as a time, in seconds since 1970.
    fn take_time(&mut self) -> Option<i64> {
        let (tag, text) = self.next()?;
        let text = text.strip_suffix(b"Z")?;
        let digits = |part: &[u8]| {
            part.iter().try_fold(0_i64, |number, byte| {
                byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
            })
        };
        let (year, rest) = match tag {
            // The years from 1950 to 2049 (RFC 5280, section 4.1.2.5.1).
            UTC_TIME => text.split_at_checked(2).map(|(year, rest)| {
                (digits(year).map(|year| if year < 50 { 2000 + year } else { 1900 + year }), rest)
            })?,
            GENERALIZED_TIME => text.split_at_checked(4).map(|(year, rest)| (digits(year), rest))?,
            _ => return None,
        };
        let mut parts = rest.chunks(2).map(digits);
        let mut part =
            |range: std::ops::RangeInclusive<i64>| parts.next()?.filter(|part| range.contains(part));
        let (month, day) = (part(1..=12)?, part(1..=31)?);
        let (hour, minute) = (part(0..=23)?, part(0..=59)?);
        // Seconds may be left out of a UTCTime.
        let second = if rest.len() > 8 { part(0..=60)? } else { 0 };
        Some(((days(year?, month, day) * 24 + hour) * 60 + minute) * 60 + second)
    }
}

/// Days from 1970 to a date of the Gregorian calendar. Years are counted from March, so that the leap day is the
/// last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let since_march = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (since_march * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests;
