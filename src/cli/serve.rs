//! `serve`: a page over a folder of finished runs. The folder is the store: nothing else is kept.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use clap::Args;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::exit;
use crate::cli::mistake::Mistake;
use crate::cli::recorded::{Place, RESULT};
use crate::cli::web::listen::{listen, parse_address, parse_name, token_of_environment};
use crate::scenario::secrets::hide_urls;
use crate::stats::result::RunResult;
use crate::web::address::Address;
use crate::web::shelf::{Listed, Shelf};
use crate::web::site;
use crate::web::token::Token;

/// Runs of a series lie two folders deep.
const MAX_DEPTH: usize = 4;

const AFTER_HELP: &str = "\
The page lists every run folder in DIR (what `run --out DIR` makes) with its verdict, shows the report of each and \
compares any two. It reads the folder anew each time that it is loaded. Ctrl-C ends it.

Examples:
  mqtt-scenario serve runs
  mqtt-scenario serve runs --web 127.0.0.1:9000
  mqtt-scenario serve runs --web 0.0.0.0 --web-name loadgen";

/// Serve a page over a folder of finished runs
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ServeOptions {
    /// The folder with run folders, such as that of `run --out`
    #[arg(value_name = "DIR", default_value = "runs")]
    folder: PathBuf,

    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8089", value_parser = parse_address)]
    web: Address,

    /// What visitors of the page have to know: they open ADDR/?token=TOKEN once
    #[arg(long, value_name = "TOKEN")]
    #[arg(
        help = "What visitors of the page have to know: they open ADDR/?token=TOKEN once. If the page can be reached \
                  from other machines and this is missing, one is made and printed [env: MQTT_SCENARIO_WEB_TOKEN]"
    )]
    web_token: Option<Token>,

    /// A name that visitors use for this machine, besides its own; can be repeated
    #[arg(long = "web-name", value_name = "NAME", value_parser = parse_name)]
    #[arg(
        help = "A name that visitors use for this machine, besides its own, as in --web-name loadgen for \
                  http://loadgen:8089/; can be repeated. Other names are refused"
    )]
    web_names: Vec<String>,
}

/// Serves until a signal comes. Exit codes: 0, 2 if there is no such folder, 4 if the page cannot be served.
pub(super) fn run(options: &ServeOptions) -> ExitCode {
    if !options.folder.is_dir() {
        let folder = options.folder.display();
        return exit::error(
            exit::BAD_INPUT,
            format_args!("{folder} is no folder\nhelp: `mqtt-scenario run SCENARIO --out {folder}` makes it"),
        );
    }
    let token = match options.web_token.clone().map_or_else(token_of_environment, |token| Ok(Some(token))) {
        Ok(token) => token,
        Err(Mistake { message, help }) => {
            return exit::error(exit::BAD_INPUT, format_args!("{message}\nhelp: {help}"));
        }
    };
    match serve(options, token.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => exit::error(exit::CANNOT_GO_ON, message),
    }
}

fn serve(options: &ServeOptions, token: Option<&Token>) -> Result<(), String> {
    let shelf = Arc::new(Folder { root: options.folder.clone(), known: Mutex::default() });
    let (server, link) = listen(&options.web, "", token, &options.web_names, site::shelf(shelf))?;
    exit::say(&format!("Runs in {}: {link}\n", options.folder.display()));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime
        .block_on(async {
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            Ok::<(), std::io::Error>(())
        })
        .map_err(|error| format!("cannot wait for signals: {error}"))?;
    server.stop();
    Ok(())
}

/// A folder of run folders.
#[derive(Debug)]
struct Folder {
    root: PathBuf,
    /// What is known of each document that has not changed since.
    known: Mutex<HashMap<PathBuf, (SystemTime, Listed)>>,
}

impl Folder {
    /// The documents in the folder, each with what it is called.
    fn documents(&self) -> Vec<(String, PathBuf)> {
        let mut found = Vec::new();
        search(&self.root, MAX_DEPTH, &mut found);
        let name = |path: PathBuf| {
            let folder = path.parent().and_then(|folder| folder.strip_prefix(&self.root).ok())?;
            let name = folder.to_str()?.to_owned();
            Some((if name.is_empty() { ".".to_owned() } else { name }, path))
        };
        found.into_iter().filter_map(name).collect()
    }
}

/// The documents of the run folders in a folder. Links are not followed, since they can lead out of it.
fn search(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let document = folder.join(RESULT);
    if document.is_file() {
        found.push(document);
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if depth > 0 && entry.file_type().is_ok_and(|of| of.is_dir()) {
            search(&entry.path(), depth - 1, found);
        }
    }
}

/// A message of several lines as one sentence.
fn one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

impl Shelf for Folder {
    fn title(&self) -> String {
        self.root.display().to_string()
    }

    fn list(&self) -> (Vec<Listed>, Vec<String>) {
        let documents = self.documents();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|path, _| documents.iter().any(|(_, document)| document == path));
        let (mut listed, mut unread) = (Vec::new(), Vec::new());
        for (id, path) in documents {
            let changed =
                fs::metadata(&path).and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            match known.get(&path).filter(|(at, _)| *at == changed) {
                Some((_, of)) => listed.push(of.clone()),
                None => match Place::Document(path.clone()).read() {
                    Ok(result) => {
                        let of = Listed::of(id, &result);
                        known.insert(path, (changed, of.clone()));
                        listed.push(of);
                    }
                    Err(error) => {
                        unread.push(hide_urls(&format!("Left out: {}", one_line(&error.to_string()))));
                    }
                },
            }
        }
        listed.sort_by(|a, b| b.started.total_cmp(&a.started).then_with(|| b.id.cmp(&a.id)));
        (listed, unread)
    }

    fn read(&self, id: &str) -> Result<RunResult, String> {
        // Only what is listed can be read, so no name leads out of the folder.
        let found = self.documents().into_iter().find(|(name, _)| name == id);
        let (_, path) = found.ok_or_else(|| format!("there is no run `{id}` here"))?;
        Place::Document(path).read().map_err(|error| hide_urls(&one_line(&error.to_string())))
    }
}
