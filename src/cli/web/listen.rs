//! Where pages listen, and who may look at them.

use std::env;

use axum::Router;

use crate::cli::mistake::Mistake;
use crate::web::address::{Address, bind};
use crate::web::guard::Guard;
use crate::web::server::Server;
use crate::web::token::Token;

/// Has the token, if `--web-token` does not.
const TOKEN: &str = "MQTT_SCENARIO_WEB_TOKEN";

/// The token that visitors have to know, if the environment has one. Its text is not repeated.
pub(in crate::cli) fn token_of_environment() -> Result<Option<Token>, Mistake> {
    let Some(text) = env::var_os(TOKEN).filter(|text| !text.is_empty()) else { return Ok(None) };
    let token = text.to_string_lossy().parse();
    let wrong = |what: String| {
        Mistake::new(format!("the variable {TOKEN} has no token"), format!("{what}; correct it, or unset it"))
    };
    token.map(Some).map_err(wrong)
}

/// Serves a site; also returns the address of this path of it. Visitors may call it by these names besides its own. A page
/// that other machines can reach always has a token. The error is a sentence.
pub(in crate::cli) fn listen(
    address: &Address,
    path: &str,
    token: Option<&Token>,
    names: &[String],
    site: Router,
) -> Result<(Server, String), String> {
    let listener = bind(address).map_err(|error| error.to_string())?;
    let failed = |error: std::io::Error| format!("cannot serve the page: {error}");
    let bound = listener.local_addr().map_err(failed)?;
    let token = match token {
        None if !bound.ip().is_loopback() => Some(Token::random().map_err(failed)?),
        given => given.cloned(),
    };
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host = if bound.ip().is_unspecified() { node.clone() } else { address.host.clone() };
    let link = Address { host, port: bound.port() };
    let secret = token.as_ref().map(|token| format!("?token={}", token.as_str())).unwrap_or_default();
    let own = [address.host.clone(), node];
    let guard = Guard::new(bound, own.into_iter().chain(names.iter().cloned()), token);
    let server = Server::start(listener, guard.around(site)).map_err(failed)?;
    Ok((server, format!("http://{link}/{path}{secret}")))
}

/// Reads a name that visitors use for the server.
pub(in crate::cli) fn parse_name(text: &str) -> Result<String, String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.is_empty() || !text.chars().all(is_part) {
        return Err(format!(
            "`{text}` is no name of a server: write the name alone, as in loadgen or load-1.example.org"
        ));
    }
    Ok(text.trim_end_matches('.').to_owned())
}

/// Reads an address of the command line. A scenario that is read as one is told apart.
pub(in crate::cli) fn parse_address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error: String| {
        let is_file = text.contains('/') || [".toml", ".yaml", ".yml"].iter().any(|end| text.ends_with(end));
        let help = "; the scenario stands in front of --web, or behind --web=ADDR";
        if is_file { error + help } else { error }
    })
}
