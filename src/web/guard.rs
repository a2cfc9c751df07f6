//! Who is let in: checks each request before a route sees it, and marks each answer as nothing but what it is.
//!
//! Three attacks are meant. A page elsewhere posts to us from a visitor's browser: posts must come from our own pages, or
//! from no browser at all. A name of somebody else is made to point to this machine (DNS rebinding): the name in `Host`
//! must be one of ours. Somebody else reaches the port: with a token, nobody is let in without it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::web::token::Token;

const KEY: &str = "token";

const BEARER: &[u8] = b"Bearer ";

/// What an answer may do unless its route says otherwise: nothing.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Who is let in.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    bound: SocketAddr,
    /// Names and addresses that are ours besides loopback, in lower case.
    names: Vec<String>,
    token: Option<Token>,
    /// Cookies do not know ports, so the name does.
    cookie: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Host,
    Elsewhere,
    Token,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// There is none, or it came in a header.
    Known,
    InAddress,
}

impl Guard {
    /// For a server that listens at `bound`. `names` are those that visitors may use for it besides its addresses:
    /// what was asked for, what this machine is called, and what else the user has named. Addresses of loopback and `localhost` are always good.
    pub fn new(bound: SocketAddr, names: impl IntoIterator<Item = String>, token: Option<Token>) -> Self {
        let names = names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        let cookie = format!("mqtt-scenario-{}", bound.port());
        Self(Arc::new(Rules { bound, names, token, cookie }))
    }

    /// The site behind this guard: all its routes, and those that it does not have.
    pub fn around(&self, site: Router) -> Router {
        let rules = Arc::clone(&self.0);
        site.layer(middleware::from_fn(move |request, next| check(Arc::clone(&rules), request, next)))
    }
}

async fn check(rules: Arc<Rules>, request: Request, next: Next) -> Response {
    let checked = rules.check(request.method(), request.uri(), request.headers());
    let mut response = match checked {
        Err(why) => refused(why),
        Ok(Said::InAddress) if is_navigation(request.method(), request.headers()) => {
            without_token(request.uri())
        }
        Ok(_) => next.run(request).await,
    };
    let headers = response.headers_mut();
    if checked == Ok(Said::InAddress)
        && let Some(cookie) = rules.set_cookie()
    {
        headers.append(header::SET_COOKIE, cookie);
    }
    harden(headers);
    response
}

impl Rules {
    fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Said, Why> {
        // HTTP/1.1 asks for exactly one.
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
        if hosts.next().is_some() || !self.is_ours(host) {
            return Err(Why::Host);
        }
        if !matches!(*method, Method::GET | Method::HEAD) && !is_from_our_page(host, headers) {
            return Err(Why::Elsewhere);
        }
        let Some(token) = &self.token else { return Ok(Said::Known) };
        let bearer = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        let bearer = bearer.and_then(|value| value.split_at_checked(BEARER.len()));
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(BEARER)).map(|(_, said)| said);
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies =
            cookies.flat_map(|value| value.split(';')).filter_map(|one| one.trim().split_once('='));
        if bearer.is_some_and(|said| token.is(said))
            || cookies.any(|(name, said)| name == self.cookie && token.is(said.as_bytes()))
        {
            return Ok(Said::Known);
        }
        let mut pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        if pairs.any(|(key, said)| key == KEY && token.is(said.as_bytes())) {
            return Ok(Said::InAddress);
        }
        Err(Why::Token)
    }

    /// Whether a `Host` names this server. The port does not matter: it is another one behind `ssh -L`.
    fn is_ours(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        if let Ok(address) = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            // Unlike a name, an address cannot be made to point elsewhere: with all addresses bound, each is ours.
            let (address, bound) = (address.to_canonical(), self.bound.ip().to_canonical());
            return address.is_loopback()
                || address == bound
                || bound.is_unspecified()
                || self.names.contains(&address.to_string());
        }
        let name = name.trim_end_matches('.');
        name == "localhost" || name.ends_with(".localhost") || self.names.iter().any(|ours| ours == name)
    }

    fn set_cookie(&self) -> Option<HeaderValue> {
        let token = self.token.as_ref()?.as_str();
        let cookie = format!("{}={token}; HttpOnly; SameSite=Strict; Path=/", self.cookie);
        HeaderValue::try_from(cookie).ok()
    }
}

/// `[::1]:8089` → `[::1]`, `localhost:8089` → `localhost`.
fn without_port(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if host[colon..].find(']').is_none() => &host[..colon],
        _ => host,
    }
}

/// Whether a request comes from a page of ours, or from no browser at all: browsers say where a post comes from.
fn is_from_our_page(host: &str, headers: &HeaderMap) -> bool {
    let is_same_origin = |origin: &HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    };
    let is_own_site = |site: &HeaderValue| site.as_bytes() == b"same-origin";
    headers.get_all(header::ORIGIN).iter().all(is_same_origin)
        && headers.get_all("sec-fetch-site").iter().all(is_own_site)
}

/// Whether a browser opens the address as a page.
fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let accepts_pages = |accept: &HeaderValue| {
        accept.to_str().is_ok_and(|accept| accept.split(',').any(|kind| kind.trim().starts_with("text/html")))
    };
    *method == Method::GET && headers.get(header::ACCEPT).is_some_and(accepts_pages)
}

/// A page that leads to the same address without the token, so that it stays in no history. No redirect: after a link on
/// another site, a browser would follow that one without our strict cookie.
fn without_token(uri: &Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    let others: Vec<_> = query.split('&').filter(|pair| pair.split('=').next() != Some(KEY)).collect();
    // One slash at the beginning: two, or one of each kind, would lead to another server.
    let path = uri.path().trim_start_matches(['/', '\\']);
    let mark = if others.is_empty() { "" } else { "?" };
    let to = escaped(&format!("/{path}{mark}{}", others.join("&")));
    let page = format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"refresh\" content=\"0; url={to}\">\n\
         <title>Welcome</title>\n<p><a href=\"{to}\">Go on</a></p>\n"
    );
    html(StatusCode::OK, page)
}

/// An address as it may stand in an attribute of HTML.
fn escaped(address: &str) -> String {
    let mut text = String::with_capacity(address.len());
    for c in address.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            c => text.push(c),
        }
    }
    text
}

fn refused(why: Why) -> Response {
    let (status, text) = match why {
        Why::Host => (
            StatusCode::FORBIDDEN,
            "This server does not have the name in the address. Use the address that the terminal shows, or start the \
             server with --web-name NAME to let this name in.",
        ),
        Why::Elsewhere => (StatusCode::FORBIDDEN, "A page of another site sent this, so nothing was done."),
        Why::Token => (
            StatusCode::UNAUTHORIZED,
            "The token is missing or wrong. Open the address that the terminal shows, or send the header \
             \"Authorization: Bearer TOKEN\".",
        ),
    };
    let page =
        format!("<!doctype html>\n<meta charset=\"utf-8\">\n<title>Not let in</title>\n<p>{text}</p>\n");
    let mut response = html(status, page);
    if why == Why::Token {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn html(status: StatusCode, page: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

fn harden(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(NOTHING));
    }
    let always = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`, with which browsers hide where a post of our own page comes from.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests;
