//! The fields of a posted form, in both ways in which programs send one: `curl -d` and `curl -F`.
//!
//! Anything else has no fields, as in Locust, whose answer then says which are missing.

use axum::body::Bytes;
use axum::extract::{Form, FromRequest, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};

#[derive(Debug)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Fields {
    /// The body is too long, or no form although it says so.
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let is = |wanted: &str| kind.get(..wanted.len()).is_some_and(|it| it.eq_ignore_ascii_case(wanted));
        if is("application/x-www-form-urlencoded") {
            let form = Form::from_request(request, state).await;
            return form.map(|Form(fields)| Self(fields)).map_err(IntoResponse::into_response);
        }
        if is("multipart/form-data") {
            let body = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
            return Ok(Self(parts(boundary(&kind), &String::from_utf8_lossy(&body))));
        }
        Ok(Self(Vec::new()))
    }
}

/// What stands between the parts; empty if the type does not say it.
fn boundary(kind: &str) -> &str {
    let mut parameters = kind.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let boundary = parameters.find(|(name, _)| name.eq_ignore_ascii_case("boundary"));
    boundary.map_or("", |(_, value)| value.trim_matches('"'))
}

/// The parts of a body that have a name and are no files.
fn parts(boundary: &str, body: &str) -> Vec<(String, String)> {
    if boundary.is_empty() {
        return Vec::new();
    }
    // With a line end before it, the first boundary looks like every other.
    let (body, between) = (format!("\r\n{body}"), format!("\r\n--{boundary}"));
    let parts = body.split(&between).skip(1).take_while(|part| !part.starts_with("--"));
    parts.filter_map(part).collect()
}

fn part(part: &str) -> Option<(String, String)> {
    let (head, value) = part.split_once("\r\n\r\n")?;
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let parameter = |wanted: &str| {
        let mut parameters = disposition.split(';').filter_map(|parameter| parameter.trim().split_once('='));
        parameters
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim_matches('"'))
    };
    let name = parameter("name").filter(|_| parameter("filename").is_none())?;
    Some((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests;
