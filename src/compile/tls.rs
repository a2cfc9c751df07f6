//! TLS between a user and its broker, and the certificates of users.

use std::net::IpAddr;

use crate::compile::codes;
use crate::compile::context::{ClassContext, Context};
use crate::compile::problems::Problems;
use crate::compile::tls_files::{Part, check, from_scenario, template_from_scenario};
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::plan::BrokerId;
use crate::plan::target::{Certificate, Target, Tls};
use crate::scenario::model;
use crate::template::names::{Names, Place};

pub(super) fn setting(
    text: &str,
    names: &Names<'_>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<String> {
    let template = problems.template(text, Place::Setting, names, at)?;
    Some(String::from_utf8_lossy(template.literal()?).into_owned())
}

/// Says that a table of settings is of no use to a target; of its own, or of one given instead of it.
pub(super) fn useless(
    key: &str,
    target: &Target,
    overridden: bool,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    let (secure, layer) =
        if key == "tls" { ("mqtts://` or `wss://", "TLS") } else { ("ws://` or `wss://", "WebSocket") };
    let scheme = match target {
        Target::Remote { transport, .. } => format!("{}://", transport.scheme()),
        Target::Embedded { .. } => "embedded:".to_owned(),
    };
    problems.add(if overridden {
        let message = format!("`{key}` has no effect: the host given is `{scheme}`, without {layer}");
        let help = format!("give one with `{secure}`, or ignore this if it is intended");
        Diagnostic::warning(codes::UNUSED_TRANSPORT_SETTING, at.key(key), message).help(help)
    } else {
        let message = format!("`{key}` has no effect: the URL is `{scheme}`, without {layer}");
        let help = format!("write the URL with `{secure}`, or remove `{key}`");
        Diagnostic::error(codes::TRANSPORT_SETTING, at.key(key), message).help(help)
    });
}

/// How TLS is spoken, if it is. Mistakes in it are told in any case, those in files only if it is spoken; the
/// client's certificate is compiled per class.
pub(super) fn compile_tls(
    tls: Option<&model::broker::Tls>,
    target: Option<&Target>,
    at: &FieldPath,
    names: &Names<'_>,
    context: &Context<'_>,
    problems: &mut Problems<'_>,
) -> Option<Tls> {
    let overridden = context.overrides.host.is_some();
    let secure = target.is_some_and(Target::is_secure);
    let none = model::broker::Tls::default();
    if let Some(target) = target.filter(|_| tls.is_some() && !secure) {
        useless("tls", target, overridden, at, problems);
    }
    let at = at.key("tls");
    let tls = tls.unwrap_or(&none);
    for (one, other, has) in [("cert", "key", (&tls.cert, &tls.key)), ("key", "cert", (&tls.key, &tls.cert))]
    {
        if has.0.is_some() && has.1.is_none() && !problems.absence_explained(&at.key(other)) {
            let message = format!("`{one}` needs `{other}`");
            let help = "a client proves itself with a certificate and its private key";
            problems.add(Diagnostic::error(codes::CONFLICT, at.key(one), message).help(help));
        }
    }
    let insecure = tls.insecure.unwrap_or(false);
    if insecure && secure {
        let message =
            "TLS accepts any certificate: anybody on the way can pose as the broker and read everything";
        problems.add(
            Diagnostic::warning(codes::INSECURE, at.key("insecure"), message)
                .help("name the authority of a test system with `ca` instead"),
        );
        if tls.ca.is_some() {
            let message = "`ca` has no effect beside `insecure`, which accepts any certificate";
            problems
                .add(Diagnostic::warning(codes::UNUSED_CA, at.key("ca"), message).help("remove one of them"));
        }
    }
    let mut text =
        |key: &str, text: Option<&str>| text.map(|text| setting(text, names, &at.key(key), problems));
    let authorities = text("ca", tls.ca.as_deref());
    let server_name = text("server_name", tls.server_name.as_deref());
    if let Some(Some(name)) = &server_name
        && !is_server_name(name)
    {
        let message = format!("`{name}` is not the name of a server");
        problems.add(
            Diagnostic::error(codes::TLS_NAME, at.key("server_name"), message)
                .help("write a host name such as \"broker.example.com\", or an address, without a port"),
        );
    }
    for (i, protocol) in tls.alpn.iter().enumerate() {
        if !(1..=255).contains(&protocol.len()) {
            let message = "a protocol of ALPN must have 1 to 255 bytes";
            problems.add(
                Diagnostic::error(codes::TLS_NAME, at.key("alpn").index(i), message)
                    .help("write one such as \"mqtt\", or \"x-amzn-mqtt-ca\" for AWS IoT"),
            );
        }
    }
    let authorities = authorities.flatten();
    if let Some(path) = authorities.as_deref().filter(|_| secure && !insecure) {
        check(context.files, path, Part::Certificate, &at.key("ca"), problems);
    }
    secure.then(|| Tls {
        authorities: authorities.map(|path| from_scenario(path, &at.key("ca"), context.folder)),
        server_name: server_name.flatten(),
        alpn: tls.alpn.clone(),
        insecure,
        resumption: tls.resumption.unwrap_or(true),
    })
}

fn is_server_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len())
            && label.bytes().all(inside)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.parse::<IpAddr>().is_ok()
        || (name.len() <= 253 && name.strip_suffix('.').unwrap_or(name).split('.').all(is_label))
}

pub(super) fn compile_certificate(
    ClassContext { brokers, compiled_brokers, files, folder, .. }: &ClassContext<'_>,
    broker: BrokerId,
    names: &Names<'_>,
    problems: &mut Problems<'_>,
) -> Option<Certificate> {
    let (name, broker) = brokers.iter().nth(broker.0)?;
    let tls = broker.tls.as_ref()?;
    let secure = compiled_brokers.iter().any(|broker| broker.name == *name && broker.tls.is_some());
    let at = FieldPath::root().key("brokers").key(name.as_str()).key("tls");
    // One text for several classes, whose mistakes are told once.
    let before = problems.found.len();
    let mut path = |key: &str, text: Option<&str>, part| {
        let at = at.key(key);
        let path = problems.template(text?, Place::File, names, &at)?;
        // One that differs between users is read when the run begins.
        if let Some(path) = path.literal().filter(|_| secure) {
            check(*files, &String::from_utf8_lossy(path), part, &at, problems);
        }
        Some(template_from_scenario(path, &at, *folder))
    };
    let certificate = path("cert", tls.cert.as_deref(), Part::Certificate);
    let key = path("key", tls.key.as_deref(), Part::Key);
    for mistake in problems.found.split_off(before) {
        if !problems.found.contains(&mistake) {
            problems.found.push(mistake);
        }
    }
    Some(Certificate { certificate: certificate?, key: key? })
}
