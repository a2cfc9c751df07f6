//! Brokers: where they are, and their limits.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::compile::client::check_broker;
use crate::compile::codes;
use crate::compile::context::Context;
use crate::compile::headers::compile_websocket;
use crate::compile::problems::Problems;
use crate::compile::protocol::compile_settings;
use crate::compile::tls::compile_tls;
use crate::compile::url::{UrlError, one_target, parse_url};
use crate::compile::watch::compile_watch;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::plan::Broker;
use crate::plan::target::Target;
use crate::scenario::model;
use crate::template::names::{Names, Place};

const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_KEEP_ALIVE_S: u16 = 60;
const DEFAULT_INFLIGHT: u16 = 20;

/// All brokers, in the byte order of their names; a broker that is wrong takes no place.
pub(super) fn compile_brokers(
    brokers: &BTreeMap<String, model::broker::Broker>,
    names: &Names<'_>,
    context: &Context<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Broker> {
    let at = FieldPath::root().key("brokers");
    if brokers.is_empty() {
        let message = "the scenario has no broker";
        problems
            .add_absence(Diagnostic::error(codes::EMPTY, at.clone(), message).help(
                "add one under `brokers`, by any name, with a `url` such as \"mqtt://localhost:1883\"",
            ));
    }
    if brokers.len() > 1 && context.overrides.host.is_some() {
        let message = "the command line gives a host, but the scenario has several brokers";
        let help = "leave the host out, and use `${env.NAME}` in the URLs of the brokers";
        problems.add(Diagnostic::error(codes::CONFLICT, at.clone(), message).help(help));
    }
    brokers
        .iter()
        .filter_map(|(name, broker)| compile_broker(name, broker, &at.key(name), names, context, problems))
        .collect()
}

fn compile_source_addresses(
    addresses: &[String],
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Vec<IpAddr> {
    let at = at.key("source_addresses");
    let mut parse = |(i, text): (usize, &String)| {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            let message = format!("`{text}` is not an address");
            let help = "write an address of this machine, such as \"127.0.0.2\" or \"::1\"";
            problems.add(Diagnostic::error(codes::RANGE, at.index(i), message).help(help));
        }
        parsed
    };
    addresses.iter().enumerate().filter_map(&mut parse).collect()
}

fn compile_broker(
    name: &str,
    broker: &model::broker::Broker,
    at: &FieldPath,
    names: &Names<'_>,
    context: &Context<'_>,
    problems: &mut Problems<'_>,
) -> Option<Broker> {
    let connect_timeout = broker.connect_timeout.map_or(DEFAULT_CONNECT_TIMEOUT, |timeout| {
        problems.positive_duration(timeout, "a timeout", &at.key("connect_timeout"))
    });
    let keep_alive_s = broker.keep_alive.map_or(DEFAULT_KEEP_ALIVE_S, |keep_alive| {
        let seconds = u16::try_from(keep_alive.0.as_secs()).ok().filter(|_| keep_alive.0.subsec_nanos() == 0);
        seconds.unwrap_or_else(|| {
            let help = "write a length of time such as \"60s\", or \"0s\" for never";
            problems.range(&at.key("keep_alive"), "`keep_alive` must be whole seconds, at most 65535", help);
            DEFAULT_KEEP_ALIVE_S
        })
    });
    let inflight = broker.inflight.unwrap_or(DEFAULT_INFLIGHT);
    if inflight == 0 {
        let help = "with 1, a user sends one message after the other";
        problems.range(&at.key("inflight"), "`inflight` must be at least 1", help);
    }
    let settings = compile_settings(name, broker, at, problems);
    let source_addresses = compile_source_addresses(&broker.source_addresses, at, problems);
    let overridden = context.overrides.host.is_some();
    let target = match &context.overrides.host {
        Some(target) => Some(target.clone()),
        None => compile_target(broker, at, names, context, problems),
    };
    let tls = compile_tls(broker.tls.as_ref(), target.as_ref(), at, names, context, problems);
    let headers =
        compile_websocket(broker.websocket.as_ref(), target.as_ref(), overridden, at, names, problems);
    let watch = compile_watch(broker.watch.as_ref(), target.as_ref(), at, names, context, problems);
    check_broker(broker, (settings.version, keep_alive_s), target.as_ref(), overridden, at, problems);
    Some(Broker {
        name: name.to_owned(),
        target: target?,
        connect_timeout,
        keep_alive_s,
        inflight,
        source_addresses,
        tls,
        headers,
        settings,
        client: broker.client.unwrap_or_default(),
        connect_detail: broker.connect_detail.unwrap_or(false),
        watch,
    })
}

/// Where `url` or `urls` lead.
fn compile_target(
    broker: &model::broker::Broker,
    at: &FieldPath,
    names: &Names<'_>,
    context: &Context<'_>,
    problems: &mut Problems<'_>,
) -> Option<Target> {
    let (url_at, urls_at) = (at.key("url"), at.key("urls"));
    match (&broker.url, &broker.urls[..]) {
        (Some(url), []) => compile_url(url, &url_at, names, context, problems),
        (None, []) => {
            // `urls` that could not be read are no missing `url`.
            if !problems.absence_explained(&urls_at) {
                let message = "this broker has no `url`";
                problems.add_absence(Diagnostic::error(codes::MISSING, url_at, message).help(
                    "add one, such as \"mqtt://HOST:PORT\", or \"embedded:\" for a broker inside this process",
                ));
            }
            None
        }
        (url, urls) => {
            if let Some(url) = url {
                let message = "`url` and `urls` exclude each other";
                problems.add(
                    Diagnostic::error(codes::CONFLICT, url_at.clone(), message)
                        .help("`urls` lists the servers of one broker: move the URL there"),
                );
                compile_url(url, &url_at, names, context, problems);
            }
            let found: Vec<_> = urls
                .iter()
                .enumerate()
                .filter_map(|(i, url)| {
                    compile_url(url, &urls_at.index(i), names, context, problems).map(|target| (i, target))
                })
                .collect();
            let indices: Vec<_> = found.iter().map(|(i, _)| *i).collect();
            match one_target(found.into_iter().map(|(_, target)| target).collect()) {
                Ok(target) => target,
                Err((i, UrlError { message, help })) => {
                    let at = urls_at.index(indices[i]);
                    problems.add(Diagnostic::error(codes::TRANSPORT_MIX, at, message).help(help));
                    None
                }
            }
        }
    }
}

fn compile_url(
    url: &str,
    at: &FieldPath,
    names: &Names<'_>,
    context: &Context<'_>,
    problems: &mut Problems<'_>,
) -> Option<Target> {
    let template = problems.template(url, Place::Url, names, at)?;
    let url = String::from_utf8_lossy(template.literal()?);
    match parse_url(&url, context.embedded_options) {
        Ok(target) => Some(target),
        Err(UrlError { message, help }) => {
            problems.add(Diagnostic::error(codes::URL, at.clone(), message).help(help));
            None
        }
    }
}
