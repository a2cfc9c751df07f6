//! Flags of Locust that say something about the scenario, and where its settings are read from.

use std::path::PathBuf;

use clap::Args;

use crate::cli::completers;
use crate::cli::locust::config_users;
use crate::cli::locust::told::Told;
use crate::cli::mistake::Mistake;

/// Flags of Locust that are short for something that is said in other words here.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct LocustOptions {
    /// The scenario file, by Locust's flag for it
    #[arg(short = 'f', long, value_name = "SCENARIO", add = completers::scenarios())]
    pub(in crate::cli) locustfile: Option<PathBuf>,

    /// Set keys of user classes by Locust's JSON, or by a file of it; can be repeated
    #[arg(long, value_name = "JSON")]
    #[arg(help = "Set keys of user classes by Locust's JSON, or by a file NAME.json of it, as in \
                  '{\"user_class_name\": \"car\", \"weight\": 3}'; can be repeated")]
    config_users: Vec<String>,

    /// Every class with a weight gets the same one, and every task of a class too
    #[arg(long)]
    pub(in crate::cli) equal_weights: bool,

    /// End the run after exactly so many task runs of all users together, as load.iterations does
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(allow_negative_numbers = true)]
    iterations: Option<u64>,

    /// Read settings from this file too, in the form of locust.conf or as [tool.locust] of a TOML file
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    #[arg(
        help = "Read settings from this file too, in the form of locust.conf, or as [tool.locust] of FILE.toml"
    )]
    pub(in crate::cli) config: Option<PathBuf>,

    /// Read no settings from outside the command line: not from LOCUST_* variables, locust.conf and pyproject.toml
    #[arg(long)]
    #[arg(
        help = "Read no settings from outside the command line. Without this, LOCUST_* variables, pyproject.toml \
                  ([tool.locust]), locust.conf and ~/.locust.conf stand in for flags that are not given"
    )]
    pub(in crate::cli) no_config: bool,

    /// What became of the settings from outside the command line.
    #[arg(skip)]
    pub(in crate::cli) told: Told,
}

impl LocustOptions {
    /// What they say as settings of `--set`.
    pub(in crate::cli) fn settings(&self) -> Result<Vec<String>, Mistake> {
        let mut settings = Vec::new();
        for text in &self.config_users {
            settings.extend(config_users::settings(text)?);
        }
        settings.extend(self.iterations.map(|count| format!("load.iterations={count}")));
        Ok(settings)
    }
}
