//! The `mqtt-scenario` program: parse arguments, call [`mqtt_scenario::cli`], return its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    mqtt_scenario::cli::main()
}
