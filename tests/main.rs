//! The integration tests, one binary: a folder for each room of `src/`, and snapshots beside their topic.
//!
//! What to run after a change, each after `cargo test`; the last word is a part of the test's path.
//!
//! | Changed | Run |
//! |---|---|
//! | any file's imports | `--test integration layers` |
//! | `src/units`, `src/template` | `--lib units`, `--lib template`, `--test integration compile::payload` |
//! | `src/scenario`, `src/diagnostic.rs` | `--lib scenario`, `--test integration scenario` |
//! | a key of the scenario language | `--test integration scenario::schema`, and `cli::golden` |
//! | `src/compile`, `src/plan` | `--lib compile`, `--lib plan`, `--test integration compile` |
//! | `src/describe` | `--test integration compile::plan`, and `cli::scenarios` |
//! | `src/mqtt`, `src/client` | `--lib mqtt`, `--lib client`, `--test integration client` |
//! | `src/client/transport` | `--test integration client::transport`, and `client::hostile_tls` |
//! | `src/client/rumqttc` | `--test integration client::rumqttc`, and `peers::drivers -- --ignored` |
//! | `src/broker` | `--lib broker`, `--test integration broker` |
//! | `src/engine/coordinator` | `--lib engine::coordinator`, `--test integration engine::users::load` |
//! | `src/engine/user_thread`, `src/engine/user` | `--lib engine`, `--test integration engine::users` |
//! | reconnects, mass disconnects | `--test integration engine::users`, and `engine::network` |
//! | schedules, pacing, rates | `--test integration engine::users::schedule`, and `compile::dispatch` |
//! | subscriptions, `receive`, `request` | `--test integration engine::subscribe`, `engine::receive`, `engine::pairs` |
//! | losses, duplicates, end-to-end times | `--test integration engine::end_to_end` |
//! | stopping, what is unfinished | `--test integration engine::leaving`, `engine::unfinished`, `engine::balance` |
//! | `src/stats` | `--lib stats`, `--test integration cli::figures`, and `cli::recorder` |
//! | `src/locust` | `--lib locust::`, `--test integration locust::`, and `peers::locust_worker -- --ignored` with Locust |
//! | `src/cli/master`, `src/cli/worker`, the locustfile | `--lib cli::worker`, `--test integration cli::master`, `peers::master peers::worker peers::cluster -- --ignored` with Locust and Mosquitto |
//! | `src/report`: CSV, JSON, tables, logs | `--lib report`, `--test integration cli::golden`, and `cli::outputs` |
//! | `src/cli`: arguments, exit codes, signals | `--lib cli`, `--test integration cli` |
//! | `src/cli/locust` | `--lib cli::locust`, `--test integration cli::locust_flags`, and `peers::locust_flags -- --ignored` |
//! | `src/web` | `--lib web`, and `peers::web -- --ignored` with Locust |
//! | `src/web/metrics`, the dashboard | `--lib web::metrics`, `--test integration peers::prometheus -- --ignored` |
//! | response times themselves | `--test integration engine::accuracy -- --ignored --test-threads 1` |
//! | the judgement that the generator is the limit | `--test integration engine::saturation -- --ignored --test-threads 1` |
//! | README, `docs/`, `scenarios/` | `--test integration cli::documents`, and `cli::shipped` |
//! | anything on the wire | `--test integration peers -- --ignored`, with Mosquitto and Locust |
//! | a fixture from real Locust | `--test integration cli::golden`, and `peers::replay` |
//!
//! [`support`] has what topics share: plans and scenarios by hand, an observer that remembers a run and its result, the
//! program in a directory, brokers played by hand, and Mosquitto. A test takes ports and directories of its own, since
//! ten run at once (`.cargo/config.toml`). A test that holds real time against a narrow bound is ignored, and `.ci/run`
//! runs it alone. It also runs the long forms of a few tests. What a computation costs is bounded in time of a core, not
//! of the clock.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod benchmarks;
mod broker;
mod cli;
mod client;
mod compile;
mod engine;
mod layers;
mod locust;
mod peers;
mod scenario;
mod support;
