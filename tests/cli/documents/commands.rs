//! The commands of pages whose scenarios are the reader's own (`my.toml`): they run in a folder that has everything which they
//! name, for a moment, and on the built-in broker in place of one that is not there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;

use super::own_files::has_own_files;
use super::page::{Page, pages};
use crate::support::{listing, run_program};

/// A folder with everything that the commands of the documents name.
pub(super) fn place() -> TempDir {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name);
    let scenario = "version = 1\nbrokers.b.url = \"embedded:\"\nload = { users = 2, spawn_rate = 100, run_time = \
                    \"300ms\" }\n[[user_classes.car.tasks]]\nname = \"t\"\nsteps = [{ publish = { topic = \"a\" } }, { wait = \
                    \"10ms\" }]\n";
    for name in ["my.toml", "other.toml", "old.toml", "new.toml"] {
        fs::write(at(name), scenario).unwrap();
    }
    copy_scenarios(dir.path());
    fs::write(at("scenarios/publish.toml"), scenario).unwrap();
    let made = run_program(dir.path(), &["run", "my.toml", "--out", "made"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let run = fs::read_dir(at("made")).unwrap().next().unwrap().unwrap().path();
    let four = |prefix: &str| (1..=4).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>();
    let mut names: Vec<String> =
        ["out/a", "out/b", "out/A", "out/B", "out/M1", "out/M2", "out/RUN", "shard1", "shard2"]
            .map(str::to_owned)
            .to_vec();
    names.push("runs/2026-11-29T16-55-03Z-publish".to_owned());
    for prefix in ["out/a", "out/b", "old/", "new/", "A", "B"] {
        names.extend(four(prefix));
    }
    for side in ["A", "B"] {
        names.extend(four(&format!("runs/2026-11-29T16-55-03Z-my/{side}")));
    }
    for name in names {
        fs::create_dir_all(at(&name)).unwrap();
        for entry in fs::read_dir(&run).unwrap() {
            let file = entry.unwrap().path();
            fs::copy(&file, at(&name).join(file.file_name().unwrap())).unwrap();
        }
        // Copies of one run are refused: each is as if another machine had made it.
        let path = at(&name).join("result.json");
        let mut result: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        result["run"]["host"]["name"] = name.into();
        fs::write(path, result.to_string()).unwrap();
    }
    for shard in ["1", "2"] {
        fs::copy(at(&format!("shard{shard}/result.json")), at(&format!("shard-{shard}.json"))).unwrap();
    }
    fs::remove_dir_all(at("made")).unwrap();
    fs::create_dir(at("bin")).unwrap();
    fs::write(at("bin/locust"), "#!/bin/sh\necho locust 2.47.0\n").unwrap();
    fs::set_permissions(at("bin/locust"), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// Copies the examples into a folder.
pub(super) fn copy_scenarios(folder: &Path) {
    for path in listing(Path::new("scenarios")) {
        let copy = folder.join(&path);
        if path.is_file() {
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(path, copy).unwrap();
        }
    }
}

/// The commands of the blocks for a shell.
fn commands_of_blocks(page: &Page) -> Vec<String> {
    let blocks = page.blocks().into_iter().filter(|block| block.language == "sh" && block.not_run.is_none());
    let lines: Vec<String> =
        blocks.flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let lines = lines.iter().map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned());
    lines.filter(|line| line.starts_with("mqtt-scenario ")).collect()
}

/// The commands in the text that name what they are about.
pub(super) fn commands_in_text(page: &Page) -> Vec<String> {
    let code = page.inline_code().into_iter().filter(|code| code.starts_with("mqtt-scenario "));
    let is_whole = |code: &&str| code.split(' ').count() > 2 && !code.contains(['…', '[']);
    // Words in capitals stand for something, unless it is there.
    let stands_for = |code: &&str| {
        ["SCENARIO", "FILE", "PREFIX", "DIR", "CODE", "NAME"].iter().all(|word| !code.contains(word))
    };
    code.filter(is_whole).filter(stands_for).map(str::to_owned).collect()
}

/// The same command for a moment, on ports that are free, and without a broker that is not there.
fn brief(command: &str) -> String {
    let mut brief = vec!["mqtt-scenario".to_owned()];
    let mut words = command.split(' ').skip(1).peekable();
    let what = words.next().unwrap_or_default();
    brief.push(what.to_owned());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (mut is_timed, mut is_named) = (false, false);
    while let Some(word) = words.next() {
        let value = match word {
            "-t" | "--run-time" => Some("1s".to_owned()),
            "-H" | "--host" => Some("embedded:".to_owned()),
            "--versus-host" => Some("'embedded:?seed=2'".to_owned()),
            "-u" | "--users" if what == "run" => Some("8".to_owned()),
            "--start-at" => Some((now + 3).to_string()),
            "--prometheus" => Some("127.0.0.1:0".to_owned()),
            "-p" | "--port" => Some("0".to_owned()),
            _ => None,
        };
        is_timed |= word == "-t";
        is_named |= word.starts_with("scenarios/") && word != "scenarios/publish.toml";
        brief.push(word.to_owned());
        if let Some(value) = value {
            words.next_if(|word| !word.starts_with('-'));
            brief.push(value);
        } else if word == "--web" {
            words.next_if(|word| word.contains(':'));
            brief.push("127.0.0.1:0 --autostart --autoquit 0s".to_owned());
            words.next_if(|word| *word == "--autostart");
        }
    }
    brief.extend(match what {
        "run" if is_named && !is_timed => Some("-t 1s".to_owned()),
        "broker" => Some("--for 1s".to_owned()),
        "serve" => Some("--web 127.0.0.1:0".to_owned()),
        _ => None,
    });
    brief.join(" ")
}

/// Runs a line as a shell does, with the program in the search path, and what lies in `bin` of the folder.
pub(super) fn in_shell(line: &str, folder: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_mqtt-scenario")).parent().unwrap();
    let path =
        format!("{}:{}:{}", folder.join("bin").display(), program.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(folder).env("PATH", path).env_remove("COLUMNS");
    command.output().unwrap()
}

/// Runs a command briefly; what is wrong, if it does not end as it should.
pub(super) fn fault(command: &str, folder: &Path) -> Option<String> {
    let brief = brief(command);
    // Pages are served until somebody presses Ctrl-C, and a worker waits for its master as long.
    let has_no_end = ["serve", "worker"].iter().any(|it| brief.starts_with(&format!("mqtt-scenario {it}")));
    let before = if has_no_end { "timeout --preserve-status -s INT 2 " } else { "" };
    let output = in_shell(&format!("{before}{brief}"), folder);
    // `plan A B` ends with 1 if they differ, `--fail-on-worse` with 3 if B is worse.
    if matches!(output.status.code(), Some(0 | 1 | 3)) {
        return None;
    }
    Some(format!("{command}\nrun as {brief}\n{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn every_command_of_the_documents_does_what_it_should() {
    let of_pages: Vec<(Page, Vec<String>)> = pages()
        .into_iter()
        .filter(|page| !page.path.ends_with("CHANGELOG.md") && !has_own_files(&page.blocks()))
        .map(|page| {
            let commands = [commands_of_blocks(&page), commands_in_text(&page)].concat();
            (page, commands)
        })
        .filter(|(_, commands)| !commands.is_empty())
        .collect();
    let tried: usize = of_pages.iter().map(|(_, commands)| commands.len()).sum();
    let mistaken = side_by_side(&of_pages, |(page, commands)| {
        let place = place();
        let faults = commands.iter().filter_map(|command| fault(command, place.path()));
        faults.map(|fault| format!("{}: {fault}", page.path.display())).collect()
    });
    assert!(mistaken.is_empty(), "{}", mistaken.join("\n"));
    assert!(tried > 40, "{tried}");
}

/// Runs this on each of them, six at a time; all that it says, in their order.
pub(super) fn side_by_side<T: Sync>(all: &[T], run: impl Fn(&T) -> Vec<String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut said = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match all.get(index) {
                Some(it) => said.push((index, run(it))),
                None => return said,
            }
        }
    };
    let mut said: Vec<(usize, Vec<String>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    said.sort();
    said.into_iter().flat_map(|(_, said)| said).collect()
}
