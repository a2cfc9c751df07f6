use axum::routing::get as on_get;

use super::*;
use crate::web::testing::ask;

const TOKEN: &str = "0123456789abcdef";

fn rules(bound: &str, names: &[&str], token: Option<&str>) -> Arc<Rules> {
    let token = token.map(|token| token.parse().unwrap());
    Guard::new(bound.parse().unwrap(), names.iter().map(|name| (*name).to_owned()), token).0
}

fn site(token: Option<&str>) -> Router {
    let guard = Guard::new("127.0.0.1:8089".parse().unwrap(), [], token.map(|token| token.parse().unwrap()));
    guard.around(Router::new().route("/", on_get(|| async { "in" }).post(|| async { "done" })))
}

#[test]
fn only_our_names_are_asked_for() {
    let local: &[&str] =
        &["localhost:8089", "LOCALHOST", "a.localhost:1", "127.0.0.1", "127.9.9.9:80", "[::1]:8089"];
    let foreign: &[&str] = &[
        "",
        "evil.example",
        "localhost.evil.example:8089",
        "127.0.0.1.evil.example",
        "192.0.2.7:8089",
        "[2001:db8::1]:8089",
        "localhost@evil.example",
        "evil.example:8089:localhost",
    ];
    let here = rules("127.0.0.1:8089", &[], None);
    let one = rules("192.0.2.7:8089", &["Load-1.example"], None);
    let all = rules("0.0.0.0:8089", &["load-1.example"], None);
    for host in local {
        assert!(here.is_ours(host) && one.is_ours(host) && all.is_ours(host), "{host}");
    }
    for host in foreign {
        assert!(!here.is_ours(host), "{host}");
    }
    for host in ["load-1.example", "LOAD-1.example.:9000", "192.0.2.7"] {
        assert!(!here.is_ours(host) && one.is_ours(host) && all.is_ours(host), "{host}");
    }
    for rules in [&one, &all] {
        assert!(!rules.is_ours("evil.example") && !rules.is_ours("load-1.example.evil.example"));
    }
    assert!(all.is_ours("[2001:db8::1]:8089"), "an address cannot be made to point elsewhere");
}

#[tokio::test]
async fn a_name_that_is_not_ours_sees_nothing() {
    for headers in [&[("host", "evil.example")][..], &[], &[("host", "localhost"), ("host", "evil.example")]]
    {
        let answer = ask(&site(None), "GET", "/", headers, "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(answer.text.contains("does not have the name"));
    }
}

#[tokio::test]
async fn a_post_of_another_page_does_nothing() {
    let host = ("host", "localhost:8089");
    let ours: &[&[(&str, &str)]] = &[
        &[],
        &[("origin", "http://localhost:8089")],
        &[("origin", "http://localhost:8089"), ("sec-fetch-site", "same-origin")],
    ];
    let foreign: &[&[(&str, &str)]] = &[
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://localhost:3000")],
        &[("origin", "http://127.0.0.1:8089")],
        &[("origin", "http://localhost:8089.evil.example")],
        &[("origin", "localhost:8089")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "http://localhost:8089"), ("sec-fetch-site", "cross-site")],
        &[("origin", "http://localhost:8089"), ("origin", "http://evil.example")],
    ];
    for headers in ours {
        let answer = ask(&site(None), "POST", "/", &[&[host], *headers].concat(), "").await;
        assert_eq!((answer.status, &*answer.text), (StatusCode::OK, "done"), "{headers:?}");
    }
    for headers in foreign {
        let answer = ask(&site(None), "POST", "/", &[&[host], *headers].concat(), "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        // A link from elsewhere only shows the page.
        let answer = ask(&site(None), "GET", "/", &[&[host], *headers].concat(), "").await;
        assert_eq!(answer.status, StatusCode::OK, "{headers:?}");
    }
}

#[tokio::test]
async fn with_a_token_nobody_is_let_in_without_it() {
    let site = site(Some(TOKEN));
    let cookie = format!("a=b; mqtt-scenario-8089={TOKEN}");
    let bearer = format!("bearer {TOKEN}");
    let (host, in_address) = (("host", "localhost:8089"), format!("/?token={TOKEN}"));
    let good: &[(&str, &[(&str, &str)])] =
        &[("/", &[("cookie", &cookie)]), ("/", &[("authorization", &bearer)]), (&in_address, &[])];
    for (path, headers) in good {
        for method in ["GET", "POST"] {
            let answer = ask(&site, method, path, &[&[host], *headers].concat(), "").await;
            assert_eq!(answer.status, StatusCode::OK, "{method} {path} {headers:?}");
        }
    }
    let other_port = cookie.replace("8089", "8090");
    let shorter = &bearer[..bearer.len() - 1];
    let bad: &[(&str, &[(&str, &str)])] = &[
        ("/", &[]),
        ("/nothing", &[]),
        ("/?token=", &[]),
        ("/?token=0123456789abcdeg", &[]),
        ("/", &[("cookie", &other_port)]),
        ("/", &[("authorization", shorter)]),
        ("/", &[("authorization", "Basic 0123456789abcdef")]),
        ("/", &[("authorization", "é")]),
    ];
    for (path, headers) in bad {
        let answer = ask(&site, "GET", path, &[&[host], *headers].concat(), "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} {headers:?}");
        assert_eq!((answer.header("www-authenticate"), answer.header("set-cookie")), ("Bearer", ""));
        assert!(!answer.text.contains(TOKEN));
    }
}

#[tokio::test]
async fn a_browser_gets_a_cookie_and_an_address_without_the_token() {
    let host = ("host", "localhost:8089");
    let browser = [host, ("accept", "text/html,application/xhtml+xml")];
    let path = format!("//evil.example/?a=1&token={TOKEN}&b=%22'");
    let answer = ask(&site(Some(TOKEN)), "GET", &path, &browser, "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("set-cookie"),
        format!("mqtt-scenario-8089={TOKEN}; HttpOnly; SameSite=Strict; Path=/")
    );
    assert!(answer.text.contains("content=\"0; url=/evil.example/?a=1&amp;b=%22&#39;\""), "{}", answer.text);
    assert!(!answer.text.contains(TOKEN) && !answer.text.contains("in</"));

    let program = ask(&site(Some(TOKEN)), "GET", &format!("/?token={TOKEN}"), &[host], "").await;
    assert_eq!(program.text, "in", "a program is answered at once");
}

#[tokio::test]
async fn every_answer_says_that_it_is_nothing_but_what_it_is() {
    let host = ("host", "localhost:8089");
    for (site, method, path, headers) in [
        (site(None), "GET", "/", &[host][..]),
        (site(None), "GET", "/nothing", &[host]),
        (site(None), "DELETE", "/", &[host]),
        (site(None), "GET", "/", &[]),
        (site(Some(TOKEN)), "GET", "/", &[host]),
    ] {
        let answer = ask(&site, method, path, headers, "").await;
        for (name, value) in [
            ("content-security-policy", NOTHING),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{method} {path}: {name}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn a_route_may_allow_its_page_more() {
    let policy = [(header::CONTENT_SECURITY_POLICY, "default-src 'self'")];
    let routes = Router::new().route("/", on_get(move || async move { (policy, "page") }));
    let guard = Guard::new("127.0.0.1:8089".parse().unwrap(), [], None);
    let answer = ask(&guard.around(routes), "GET", "/", &[("host", "localhost")], "").await;
    assert_eq!(answer.header("content-security-policy"), "default-src 'self'");
}
