//! Where a broker tells of itself: `watch`.
//!
//! Only what cannot be understood is a mistake. Whether the broker tells at all is known in the run, and does not fail it.

use std::time::Duration;

use ureq::http::Uri;

use crate::compile::address::check_filter;
use crate::compile::class::secret_file;
use crate::compile::codes;
use crate::compile::context::Context;
use crate::compile::headers::compile_headers;
use crate::compile::problems::Problems;
use crate::compile::tls::setting;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::plan::target::Target;
use crate::plan::watch::{MetricsWatch, SysWatch, Watch};
use crate::scenario::model;
use crate::scenario::model::user_class;
use crate::template::Secret;
use crate::template::names::{Names, Place};

/// How often metrics are read if nobody says.
const DEFAULT_EVERY: Duration = Duration::from_secs(5);

/// Metrics are read no more often than this: reading them is work for the broker.
const MOST_OFTEN: Duration = Duration::from_millis(100);

/// Headers that each request for metrics has, in lower case.
const OWN_HEADERS: [&str; 6] =
    ["accept", "accept-encoding", "connection", "content-length", "host", "transfer-encoding"];

pub(super) fn compile_watch(
    watch: Option<&model::broker::Watch>,
    target: Option<&Target>,
    at: &FieldPath,
    names: &Names<'_>,
    context: &Context<'_>,
    problems: &mut Problems<'_>,
) -> Option<Watch> {
    let watch = watch?;
    let at = at.key("watch");
    if watch.sys.is_none() && watch.prometheus.is_none() {
        let message = "`watch` does not say where the broker tells of itself";
        let help =
            "add `sys`, such as \"$SYS/#\", or `prometheus`, such as \"http://localhost:9090/metrics\"";
        problems.add_absence(Diagnostic::error(codes::MISSING, at.key("sys"), message).help(help));
    }
    let of_sys = [("username", watch.username.is_some()), ("password", watch.password.is_some())];
    let of_metrics = [
        ("pick", !watch.pick.is_empty()),
        ("headers", !watch.headers.is_empty()),
        ("every", watch.every.is_some()),
    ];
    useless(watch.sys.is_none(), "sys", &of_sys, &at, problems);
    useless(watch.prometheus.is_none(), "prometheus", &of_metrics, &at, problems);
    let sys = sys(watch, &at, names, context, problems);
    let metrics = metrics(watch, &at, names, problems);
    let is_embedded = matches!(target, Some(Target::Embedded { .. }));
    if sys.is_some() && is_embedded {
        let message = "the embedded broker publishes nothing of itself, so `sys` has no effect";
        let help = "ignore this if another broker is meant otherwise";
        problems.add(Diagnostic::warning(codes::NOTHING_TOLD, at.key("sys"), message).help(help));
    }
    let watch = Watch { sys: sys.filter(|_| !is_embedded), metrics };
    (watch.sys.is_some() || watch.metrics.is_some()).then_some(watch)
}

/// Says that keys have no effect without another one.
fn useless(
    is_absent: bool,
    needed: &str,
    keys: &[(&str, bool)],
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    if !is_absent || problems.absence_explained(&at.key(needed)) {
        return;
    }
    for (key, _) in keys.iter().filter(|(_, is_given)| *is_given) {
        let message = format!("`{key}` needs `{needed}`");
        let help = format!("add `{needed}`, or remove `{key}`");
        problems.add(Diagnostic::error(codes::CONFLICT, at.key(*key), message).help(help));
    }
}

fn sys(
    watch: &model::broker::Watch,
    at: &FieldPath,
    names: &Names<'_>,
    context: &Context<'_>,
    problems: &mut Problems<'_>,
) -> Option<SysWatch> {
    let username = watch.username.as_deref().map(|text| setting(text, names, &at.key("username"), problems));
    let password = match &watch.password {
        None => None,
        Some(user_class::Secret::File(path)) => {
            Some(secret_file(path, context.files, &at.key("password").key("file"), problems))
        }
        Some(user_class::Secret::Text(text)) => {
            Some(problems.template(text, Place::Setting, names, &at.key("password")))
        }
    };
    let sys_at = at.key("sys");
    let filter = problems.template(watch.sys.as_deref()?, Place::Setting, names, &sys_at)?;
    check_filter(&filter, None, &sys_at, problems);
    let text = String::from_utf8_lossy(filter.literal()?).into_owned();
    if text.starts_with("$share/") {
        let message = "figures cannot come from a shared subscription";
        let help = "write the filter alone: another member of the group would get some of them";
        problems.add(Diagnostic::error(codes::FILTER, sys_at, message).help(help));
    }
    Some(SysWatch { filter: text, username: username.flatten(), password: password.flatten().map(Secret) })
}

fn metrics(
    watch: &model::broker::Watch,
    at: &FieldPath,
    names: &Names<'_>,
    problems: &mut Problems<'_>,
) -> Option<MetricsWatch> {
    let headers = compile_headers(&watch.headers, &OWN_HEADERS, &at.key("headers"), names, problems);
    for (index, name) in watch.pick.iter().enumerate() {
        let at = at.key("pick").index(index);
        if name.is_empty() {
            let help = "write the name of a metric, such as \"mosquitto_*\"";
            problems.add(Diagnostic::error(codes::EMPTY, at, "a name cannot be empty").help(help));
        } else if name.contains('{') {
            let message = "a metric is picked by its name, not by its labels";
            let help = "leave the braces out: all of its values are kept, each with its labels";
            problems.add(Diagnostic::error(codes::METRIC, at, message).help(help));
        } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:*".contains(&byte)) {
            let message = format!("{name:?} cannot be the name of a metric");
            let help = "names have letters, digits, `_` and `:`, and here also `*` for any of them";
            problems.add(Diagnostic::error(codes::METRIC, at, message).help(help));
        }
    }
    let every = watch.every.map_or(DEFAULT_EVERY, |every| {
        let at = at.key("every");
        if every.0 < MOST_OFTEN {
            let help = "reading them is work for the broker; write a length of time such as \"5s\"";
            problems.range(&at, "metrics can be read every 100 ms at most", help);
        }
        problems.duration(every, &at)
    });
    let url_at = at.key("prometheus");
    let url = setting(watch.prometheus.as_deref()?, names, &url_at, problems)?;
    match check_url(&url) {
        Ok(()) => Some(MetricsWatch { url, headers, pick: watch.pick.clone(), every }),
        Err((message, help)) => {
            problems.add(Diagnostic::error(codes::URL, url_at, message).help(help));
            None
        }
    }
}

/// What is wrong with the address of metrics, and the cure.
fn check_url(url: &str) -> Result<(), (String, &'static str)> {
    const FORM: &str = "write `http://HOST[:PORT]/PATH`, such as `http://localhost:9090/metrics`";
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    if authority.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
        // Nothing of the text is repeated: it may hold a password.
        let help = "send them as a header: `headers = { Authorization = \"Basic ${env.METRICS_LOGIN}\" }`";
        return Err(("a URL cannot hold a user name and a password".to_owned(), help));
    }
    let uri: Uri = url.parse().map_err(|error| (format!("this URL cannot be understood: {error}"), FORM))?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(scheme) => return Err((format!("metrics are not served by `{scheme}://`"), FORM)),
        None => return Err(("this URL has no scheme".to_owned(), FORM)),
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(("this URL has no host".to_owned(), FORM));
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let behind_brackets = authority.rsplit(']').next().unwrap_or_default();
    if behind_brackets.contains(':') && uri.port_u16().is_none_or(|port| port == 0) {
        return Err(("a port is a number from 1 to 65535".to_owned(), FORM));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
