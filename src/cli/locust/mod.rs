//! Locust's own settings: its flags, and the same in the environment and in configuration files.
//!
//! Whoever comes from Locust has them in CI jobs and in `locust.conf`. So a setting that means something here is honoured
//! wherever it stands, in Locust's order: command line, environment, `--config FILE`, `pyproject.toml`, `locust.conf`,
//! `~/.locust.conf`. A run could then be another one than its command line says; so it begins with a line that names each
//! setting with its place, and warnings name the others, with the reason. `--no-config` turns it off.
//!
//! | file | |
//! |---|---|
//! | `settings` | the table of all settings and what becomes of each; `docs/locust-flags.md` is made from it |
//! | `config_files` | the text of a configuration file as settings |
//! | `places` | the environment and the files of this process |
//! | `take` | settings as further words of the command line |
//! | `options` | flags of Locust that say something about the scenario |
//! | `config_users` | `--config-users` as `--set` |
//! | `told` | what is said of settings that the command line did not ask for |

mod config_files;
mod config_users;
pub(super) mod options;
pub(super) mod places;
pub(super) mod settings;
pub(super) mod take;
#[cfg(test)]
mod tests;
pub(super) mod told;
