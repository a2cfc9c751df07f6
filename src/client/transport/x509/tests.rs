use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

use super::*;

/// A self-signed certificate of these names, changed.
fn made(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Common.test");
    change(&mut params);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

#[test]
fn names_are_those_of_the_certificate() {
    let named = made(&["a.test", "*.b.test", "10.0.0.7", "::1"], |_| {});
    let named = X509::read(&named).unwrap();
    for (host, expected) in [
        ("a.test", true),
        ("A.Test.", true),
        ("b.test", false),
        ("x.b.test", true),
        ("x.y.b.test", false),
        (".b.test", false),
        ("common.test", false),
    ] {
        assert_eq!(named.is_for_host(host), expected, "{host}");
    }
    for (address, expected) in [("10.0.0.7", true), ("10.0.0.8", false), ("::1", true), ("::2", false)] {
        assert_eq!(named.is_for_address(address.parse().unwrap()), expected, "{address}");
    }
    // Without names of hosts, as OpenSSL does.
    for names in [&[][..], &["10.0.0.7"]] {
        let common = made(names, |_| {});
        let common = X509::read(&common).unwrap();
        assert!(common.is_for_host("common.test") && !common.is_for_host("a.test"));
        assert!(common.is_self_issued());
    }
}

#[test]
fn validity_is_to_the_second_and_over_both_forms_of_time() {
    for (begin, end) in
        [((1975, 1, 1), (2049, 12, 31)), ((2000, 2, 29), (2050, 1, 1)), ((2026, 3, 1), (4096, 1, 1))]
    {
        let (begin, end) = (date_time_ymd(begin.0, begin.1, begin.2), date_time_ymd(end.0, end.1, end.2));
        let der = made(&["a"], |params| (params.not_before, params.not_after) = (begin, end));
        let x509 = X509::read(&der).unwrap();
        let (begin, end) = (begin.unix_timestamp(), end.unix_timestamp());
        let at = |second: i64| x509.validity(second.try_into().unwrap()).unwrap();
        assert_eq!(at(begin - 1), Validity::NotYet);
        assert_eq!((at(begin), at(end)), (Validity::Now, Validity::Now));
        assert_eq!(at(end + 1), Validity::Over);
    }
}

#[test]
fn a_use_that_is_not_named_is_excluded() {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
    for (usages, expected) in
        [(vec![], true), (vec![ClientAuth], false), (vec![ClientAuth, ServerAuth], true), (vec![Any], true)]
    {
        let der = made(&["a"], |params| params.extended_key_usages = usages);
        assert_eq!(X509::read(&der).unwrap().is_for_servers(), expected);
    }
}

#[test]
fn what_is_cut_short_is_nothing_and_no_panic() {
    let der = made(&["a.test"], |_| {});
    let whole = X509::read(&der).unwrap();
    assert!(der.windows(whole.key.der.len()).any(|window| window == whole.key.der));
    for end in 0..der.len() {
        assert!(X509::read(&der[..end]).is_none(), "{end}");
    }
    for at in 0..der.len() {
        let mut broken = der.clone();
        broken[at] ^= 0xFF;
        if let Some(x509) = X509::read(&broken) {
            let _ = (x509.validity(0), x509.is_for_servers(), x509.is_for_host("a"), x509.key.rsa_bits());
        }
    }
}
