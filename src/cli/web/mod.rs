//! `run --web`: runs that are started, changed, watched and stopped from a page.
//!
//! The page is the room `web`; it and this file know each other by the [`Desk`] alone. Everything happens on two threads:
//! the server has one of its own, and this one carries out one run after the other, each as `run` without a page does.

mod files;
pub(super) mod listen;
mod offer;
pub(super) mod options;
mod start;
mod teller;

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tracing::{info, warn};

use crate::cli::exit;
use crate::cli::load::{Loaded, load_run, try_load_run};
use crate::cli::log::Reader;
use crate::cli::run::{Prepared, Process, RunOptions, carry_out, files_of_a_user, prepare};
use crate::cli::web::files::Files;
use crate::cli::web::listen::listen;
use crate::cli::web::offer::offer;
use crate::cli::web::options::WebOptions;
use crate::cli::web::start::started_with;
use crate::cli::web::teller::{Teller, Told};
use crate::engine::limits::raise_open_files;
use crate::engine::{Interrupts, RunControl};
use crate::scenario::secrets::hide_urls;
use crate::stats::result::RunResult;
use crate::web::command::{Answer, Command, Refusal, Start};
use crate::web::desk::{Asked, Commands, Desk};
use crate::web::in_vain::{not_changeable, not_understood, of_stages};
use crate::web::metrics::scrapers::Scrapers;
use crate::web::server::Server;
use crate::web::site;

pub(super) fn run(options: &RunOptions) -> ExitCode {
    match try_run(options, &options.web) {
        Ok(code) => ExitCode::from(code),
        Err(code) => code,
    }
}

fn try_run(options: &RunOptions, web: &WebOptions) -> Result<u8, ExitCode> {
    let loaded = load_run(options.scenario())?;
    if let Some(text) = options.ratio_text(&loaded.plan) {
        exit::say(&loaded.warnings);
        exit::say(&options.scenario().locust.told.text(&loaded.variables));
        return Ok(if exit::print(&text).is_ok() { 0 } else { exit::CANNOT_GO_ON });
    }
    let (desk, commands) = Desk::new(offer(&loaded, options.scenario().path().display().to_string()));
    let scrapers = Scrapers::default();
    let sites = [
        ("Live page", "", &web.web, site::live(desk.clone(), scrapers.clone())),
        ("Metrics", "metrics", &web.prometheus, site::metrics(desk.clone(), scrapers.clone())),
    ];
    let (mut servers, mut links) = (Vec::new(), Vec::new());
    for (what, path, address, site) in sites {
        let Some(address) = address else { continue };
        let served = listen(address, path, web.web_token.as_ref(), &web.web_names, site);
        let (server, link) = served.map_err(|error| exit::error(exit::CANNOT_GO_ON, error))?;
        servers.push(server);
        links.push(format!("{what}: {link}\n"));
    }
    let process = Process::start(options).map_err(|(code, message)| exit::error(code, message))?;
    let _log = process.log.also([Reader::Desk(desk.clone())]);
    for link in links {
        process.stderr.say(link);
    }
    let begins = web.autostart || web.web.is_none();
    if !loaded.warnings.is_empty() && !options.quiet && !begins {
        process.stderr.say(loaded.warnings.clone());
    }
    let files = Files::new(options.scenario(), desk.clone(), &loaded.inputs);
    let mut runs = Runs {
        options,
        process: &process,
        desk,
        files,
        commands,
        run: 0,
        last: None,
        code: 0,
        was_stopped: false,
    };
    let outcome = runs.go_on(web, begins.then_some(loaded), &scrapers);
    servers.into_iter().for_each(Server::stop);
    outcome.map_err(|(code, message)| exit::error(code, message))?;
    Ok(runs.code)
}

/// The runs of one page.
struct Runs<'a> {
    options: &'a RunOptions,
    process: &'a Process,
    desk: Desk,
    files: Files<'a>,
    commands: Commands,
    /// How many runs there were.
    run: u32,
    /// The result of the last one.
    last: Option<Arc<RunResult>>,
    /// The exit code of the last one.
    code: u8,
    /// Whether a signal has ended the last one.
    was_stopped: bool,
}

impl Runs<'_> {
    /// Carries out one run after the other until the program is told to end.
    fn go_on(
        &mut self,
        web: &WebOptions,
        first: Option<Loaded>,
        scrapers: &Scrapers,
    ) -> Result<(), (u8, String)> {
        let idle = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| (exit::CANNOT_GO_ON, error.to_string()))?;
        let end = self.process.interrupts.stop.clone();
        let mut quit_in = None;
        if let Some(loaded) = first {
            let prepared = prepare(self.options, &loaded)?;
            self.carry_out(self.options, loaded, prepared);
            quit_in = web.autoquit;
        }
        // Without a page nobody can start another run.
        while !end.is_cancelled() && web.web.is_some() {
            let quit_in = quit_in.take();
            if let Some(pause) = quit_in {
                info!("--autoquit: the program ends in {}", humantime::format_duration(pause));
            }
            let quit = async {
                match quit_in {
                    Some(pause) => sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            let asked = idle.block_on(async {
                tokio::pin!(quit);
                let mut looks = interval(LOOK);
                looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    tokio::select! {
                        () = end.cancelled() => break None,
                        () = &mut quit => break None,
                        asked = next_start(&mut self.commands) => break asked,
                        _ = looks.tick() => self.files.offer_if_changed(),
                    }
                }
            });
            let Some((start, asked)) = asked else { break };
            self.begin(&start, asked);
        }
        if end.is_cancelled() && !self.was_stopped {
            // Whoever asks for the end while nothing runs does not want to wait.
            return Ok(());
        }
        let was_stopped = self.was_stopped;
        let abort = &self.process.interrupts.abort;
        idle.block_on(async {
            tokio::select! {
                () = scrapers.know_the_end(self.run, |most| {
                    let most = humantime::format_duration(Duration::from_secs(most.as_secs() + 1));
                    info!("Waiting for the last scrape of the metrics, for {most} at most; Ctrl-C ends it");
                }) => {}
                () = end.cancelled(), if !was_stopped => {}
                () = abort.cancelled() => {}
            }
        });
        Ok(())
    }

    /// Begins the run that a visitor asks for, or says why it cannot.
    fn begin(&mut self, start: &Start, asked: Asked) {
        self.files.offer_before_start();
        let ready = started_with(self.options, start).and_then(|options| {
            let loaded = try_load_run(options.scenario()).map_err(|mistakes| mistakes.text)?;
            let prepared = prepare(&options, &loaded).map_err(|(_, message)| hide_urls(&message))?;
            Ok((options, loaded, prepared))
        });
        match ready {
            Err(message) => asked.answer(Err(Refusal::No(message))),
            Ok((options, loaded, prepared)) => {
                // Whoever asks next finds a run that begins, and not the one before.
                teller::begins(&self.desk, self.run + 1);
                asked.answer(Ok(and_in_vain(
                    Answer::started(),
                    not_understood(start).into_iter().chain(of_stages(start)),
                )));
                self.carry_out(&options, loaded, prepared);
            }
        }
    }

    fn carry_out(&mut self, options: &RunOptions, loaded: Loaded, prepared: Prepared) {
        let root = &self.process.interrupts;
        let interrupts = Interrupts {
            stop: root.stop.child_token(),
            abort: root.abort.child_token(),
            control: RunControl::default(),
        };
        self.run += 1;
        let told = Told::new(&loaded, self.run, self.last.take(), options.full_history());
        let teller =
            Teller::new(self.desk.clone(), told.clone(), interrupts.stop.clone(), &options.percentiles());
        let mut stops = Vec::new();
        let files = files_of_a_user(&loaded.plan);
        let besides = obey(&mut self.commands, &mut stops, &self.desk, &interrupts, files);
        let ran =
            carry_out(options, loaded, prepared, self.process, &interrupts, Some(Box::new(teller)), besides);
        self.code = ran.code;
        self.was_stopped = root.stop.is_cancelled();
        self.last.clone_from(&ran.result);
        teller::over(&self.desk, &told, ran.result, ran.last);
        for asked in stops {
            asked.answer(Ok(Answer::stopped()));
        }
    }
}

/// While nothing runs, the files of the scenario are looked at so often.
const LOOK: Duration = Duration::from_secs(1);

/// Waits for a visitor that wants a run; the others are answered as Locust answers when nothing runs.
async fn next_start(commands: &mut Commands) -> Option<(Start, Asked)> {
    loop {
        let asked = commands.next().await?;
        match &asked.command {
            Command::Start(start) => {
                let start = start.clone();
                return Some((start, asked));
            }
            Command::Stop => asked.answer(Ok(Answer::stopped())),
            Command::Reset => asked.answer(Ok(Answer::reset())),
        }
    }
}

/// A visitor that stops a run hears of its end, as from Locust, but waits no longer than this.
const STOP_ANSWER: Duration = Duration::from_secs(8);

/// Does what visitors want of a run that goes on. Those in `stops` wait for its end.
async fn obey(
    commands: &mut Commands,
    stops: &mut Vec<Asked>,
    desk: &Desk,
    interrupts: &Interrupts,
    files_of_a_user: u64,
) -> Infallible {
    let mut patience = Instant::now();
    loop {
        let asked = tokio::select! {
            asked = commands.next() => asked,
            () = sleep_until(patience), if !stops.is_empty() => {
                stops.drain(..).for_each(|asked| asked.answer(Ok(Answer::stopped())));
                continue;
            }
        };
        let Some(asked) = asked else { break };
        let answer = match &asked.command {
            Command::Start(start) => change(start, desk, interrupts, files_of_a_user),
            Command::Stop => {
                info!("A visitor has asked for the end of the run");
                interrupts.stop.cancel();
                patience = Instant::now() + STOP_ANSWER;
                stops.push(asked);
                continue;
            }
            Command::Reset => {
                interrupts.control.reset_statistics();
                Ok(Answer::reset())
            }
        };
        asked.answer(answer);
    }
    std::future::pending().await
}

/// An answer and what was asked for in vain, which stands in the log, too.
fn and_in_vain(answer: Answer, in_vain: impl IntoIterator<Item = String>) -> Answer {
    in_vain.into_iter().fold(answer, |answer, sentence| {
        warn!("/swarm: {sentence}");
        answer.adding(&sentence)
    })
}

/// Users start no slower than this many a second, as in a scenario: one in ten years.
const LEAST_SPAWN_RATE: f64 = 1.0 / (10.0 * 366.0 * 86_400.0);

/// Changes the users of a run that goes on.
fn change(
    start: &Start,
    desk: &Desk,
    interrupts: &Interrupts,
    files_of_a_user: u64,
) -> Result<Answer, Refusal> {
    if interrupts.stop.is_cancelled() {
        return Err(Refusal::No("the run is about to end: start a new one when it is over".to_owned()));
    }
    let users = start.users.unwrap_or_else(|| desk.now().users_wanted);
    let spawn_rate = start.spawn_rate.unwrap_or_else(|| desk.offer().spawn_rate);
    if spawn_rate < LEAST_SPAWN_RATE {
        return Err(Refusal::No("spawn_rate is below one user in ten years".to_owned()));
    }
    // As at a start: users without a file for their connection would only fail.
    raise_open_files(u64::from(users) * files_of_a_user)
        .map_err(|error| Refusal::No(format!("{users} users are too many: {error}")))?;
    interrupts.control.ramp_to(users, spawn_rate);
    Ok(and_in_vain(Answer::changed(), not_understood(start).into_iter().chain(not_changeable(start))))
}
