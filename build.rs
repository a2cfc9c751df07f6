//! Ends a build for another system than Linux with one sentence, before fifty errors of missing timers and limits.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system != "linux") {
        println!(
            "cargo::error=mqtt-scenario needs Linux: it uses the timers and limits of its kernel. Elsewhere, use the image \
             or a virtual machine."
        );
    }
}
