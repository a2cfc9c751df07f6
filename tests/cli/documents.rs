//! The examples of README and docs do what the text beside them says: scenarios compile without a remark, and commands
//! are understood and come to their end.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use mqtt_scenario::scenario::files::Format;

use crate::cli::explain::{BESIDE, whole};
use crate::support::{TestScenario, run_program};

/// README and docs with their texts; `codes.md` has examples of mistakes, which have a test of their own.
fn pages() -> Vec<(PathBuf, String)> {
    let docs = fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.chain([PathBuf::from("README.md")]).filter(|path| {
        path.extension().is_some_and(|ending| ending == "md") && !path.ends_with("docs/codes.md")
    });
    pages.map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect()
}

/// The blocks of a page in this language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fences = page.split("\n```").skip(1).step_by(2);
    let blocks = fences.filter_map(|fence| fence.split_once('\n'));
    blocks.filter(|(info, _)| info.trim() == language).map(|(_, block)| block).collect()
}

fn file(path: &str) -> Result<Vec<u8>, String> {
    match path {
        "things.csv" => Ok(b"thing\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\n".to_vec()),
        authority if authority.ends_with("ca.pem") => Ok(fs::read("tests/fixtures/tls/ec.pem").unwrap()),
        _ => Err(format!("there is no {path}")),
    }
}

#[test]
fn every_scenario_of_the_documents_compiles_without_a_remark() {
    let (mut tried, mut mistaken) = (0, Vec::new());
    for (path, page) in pages() {
        for (language, format) in [("toml", Format::Toml), ("yaml", Format::Yaml)] {
            for block in blocks(&page, language) {
                let is_task = block.starts_with("steps");
                let head = if is_task { "[[user_classes.device.tasks]]\nname = \"t\"\n" } else { "" };
                let text = whole(&format!("{head}{block}\n"), format);
                let scenario = TestScenario::text(text.clone(), format).files(file).env(&[("TOKEN", "x")]);
                let found = scenario.compile().map_or_else(|found| found, |compiled| compiled.warnings);
                let found: Vec<_> = scenario.parsed.diagnostics.iter().chain(&found).collect();
                let found: Vec<_> = found.into_iter().filter(|it| it.code != BESIDE).collect();
                if !found.is_empty() {
                    mistaken.push(format!("{}: {found:?}\n{text}", path.display()));
                }
                tried += 1;
            }
        }
    }
    assert!(mistaken.is_empty(), "{}", mistaken.join("\n"));
    assert!(tried > 8, "{tried}");
}

/// A folder with everything that the commands of the documents name.
fn place() -> TempDir {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name);
    let scenario = "version = 1\nbrokers.b.url = \"embedded:\"\nload = { users = 2, spawn_rate = 100, run_time = \
                    \"300ms\" }\n[[user_classes.car.tasks]]\nname = \"t\"\nsteps = [{ publish = { topic = \"a\" } }, { wait = \
                    \"10ms\" }]\n";
    for name in ["my.toml", "other.toml", "old.toml", "new.toml"] {
        fs::write(at(name), scenario).unwrap();
    }
    fs::create_dir(at("scenarios")).unwrap();
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

/// The commands of the blocks for a shell, and those in the text that name what they are about.
fn commands(page: &str) -> Vec<String> {
    let lines = blocks(page, "sh").into_iter().flat_map(str::lines);
    let lines = lines.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned());
    let of_blocks = lines.filter(|line| line.starts_with("mqtt-scenario "));
    let inline = page.split('`').filter(|code| code.starts_with("mqtt-scenario ") && !code.contains('\n'));
    let is_whole = |code: &&str| code.split(' ').count() > 2 && !code.contains(['…', '[']);
    // Words in capitals stand for something, unless it is there.
    let stands_for =
        |code: &&str| ["SCENARIO", "FILE", "PREFIX", "DIR", "CODE"].iter().all(|word| !code.contains(word));
    of_blocks.chain(inline.filter(is_whole).filter(stands_for).map(str::to_owned)).collect()
}

#[test]
fn every_command_of_the_documents_does_what_it_should() {
    let place = place();
    let (mut tried, mut mistaken) = (0, Vec::new());
    for (path, page) in pages() {
        for command in commands(&page) {
            let words = command.strip_prefix("mqtt-scenario ").unwrap();
            // A broker has no end of its own, and a run would need the brokers of the example.
            let words = match words.split(' ').next().unwrap() {
                "broker" => continue,
                "run" => format!("{words} --show-task-ratio"),
                "serve" => format!("{words} --web 127.0.0.1:0"),
                _ => words.to_owned(),
            };
            // Pages are served until somebody presses Ctrl-C, and a worker waits for its master as long.
            let has_no_end = words.starts_with("serve") || words.starts_with("worker");
            let before = if has_no_end { "timeout --preserve-status -s INT 2 " } else { "" };
            let program = format!("{before}{} {words}", env!("CARGO_BIN_EXE_mqtt-scenario"));
            let programs = format!("{}:{}", place.path().join("bin").display(), env::var("PATH").unwrap());
            let mut shell = Command::new("sh");
            shell.args(["-c", &program]).current_dir(place.path()).env("PATH", programs);
            let output = shell.output().unwrap();
            // `plan A B` ends with 1 if they differ, `--fail-on-worse` with 3 if B is worse.
            if !matches!(output.status.code(), Some(0 | 1 | 3)) {
                let stderr = String::from_utf8_lossy(&output.stderr);
                mistaken.push(format!("{}: {command}\n{stderr}", path.display()));
            }
            tried += 1;
        }
    }
    assert!(mistaken.is_empty(), "{}", mistaken.join("\n"));
    assert!(tried > 20, "{tried}");
}

#[test]
fn the_commands_of_the_kubernetes_job_are_understood_and_its_numbers_agree() {
    let text = fs::read_to_string("docs/kubernetes/job.yaml").unwrap();
    let objects: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let kinds: Vec<_> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["PersistentVolumeClaim", "Job", "Job"]);
    let args = |job: &Value| -> Vec<String> {
        let args = job["spec"]["template"]["spec"]["containers"][0]["args"].as_array().unwrap();
        args.iter().map(|arg| arg.as_str().unwrap().to_owned()).collect()
    };
    let place = place();
    let (run, merge) = (args(&objects[1]), args(&objects[2]));
    let shards = objects[1]["spec"]["completions"].as_u64().unwrap();
    assert_eq!(objects[1]["spec"]["parallelism"], shards);
    let mut results = Vec::new();
    for shard in 0..shards {
        let here = |arg: &String| {
            let arg = arg.replace("$(SHARD)", &shard.to_string()).replace("$(RUN_ID)", "0c9f-1");
            arg.replace("/scenario/", "").replace("/results/", "")
        };
        let words: Vec<String> = run.iter().map(here).collect();
        let more = ["--host=embedded:", "-u8", "-q"].map(str::to_owned);
        let words: Vec<String> =
            words.into_iter().filter(|word| !word.starts_with("--host")).chain(more).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = run_program(place.path(), &words);
        assert_eq!(output.code, Some(0), "{words:?}\n{}", output.stderr);
        results.push(format!("shard-{shard}.json"));
    }
    let words: Vec<String> = merge.iter().map(|arg| arg.replace("/results/", "")).collect();
    assert_eq!(words[1..=results.len()], results);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = run_program(place.path(), &words);
    assert_eq!(output.code, Some(0), "{words:?}\n{}", output.stderr);
    assert!(!output.stderr.contains("lack"), "no shard is missing: {}", output.stderr);
}

#[test]
fn every_page_is_in_the_summary_of_the_book_and_links_lead_somewhere() {
    let pages = pages();
    let summary = fs::read_to_string("docs/SUMMARY.md").unwrap();
    for (path, page) in &pages {
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_named = summary.contains(&format!("({name})"));
        assert!(is_named || ["README.md", "SUMMARY.md"].contains(&name), "the book lacks {name}");
        for link in page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_local = !link.is_empty() && !link.contains("://");
            let target = path.parent().unwrap_or(Path::new("")).join(link);
            assert!(!is_local || target.exists(), "{name}: {link}");
        }
    }
}

/// The objects of a file for Kubernetes.
fn objects(name: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&fs::read_to_string(Path::new("docs/kubernetes").join(name)).unwrap())
        .unwrap()
}

/// The words of a list.
fn words(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// A command that waits for a master that is not there is understood if it ends well when it is told to.
fn assert_understood(command: &str) {
    let program =
        format!("timeout --preserve-status -s INT 2 {} {command}", env!("CARGO_BIN_EXE_mqtt-scenario"));
    let output = Command::new("sh").args(["-c", &program]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn names_and_ports_of_the_locust_master_and_its_workers_agree_in_kubernetes() {
    let (master, workers) = (objects("locust-master.yaml"), objects("locust-workers.yaml"));
    let kinds: Vec<_> =
        master.iter().chain(&workers).map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Service", "Deployment", "Deployment"]);
    let (service, master, workers) = (&master[0], &master[1], &workers[0]);
    for deployment in [master, workers] {
        let labels = &deployment["spec"]["template"]["metadata"]["labels"];
        assert_eq!(&deployment["spec"]["selector"]["matchLabels"], labels);
    }
    assert_eq!(service["spec"]["selector"], master["spec"]["template"]["metadata"]["labels"]);
    let pod = |deployment: &Value| deployment["spec"]["template"]["spec"].clone();
    let container = |deployment: &Value| pod(deployment)["containers"][0].clone();
    let port = |ports: &Value, name: &str, number: &str| -> u64 {
        let ports = ports.as_array().unwrap();
        ports.iter().find(|port| port["name"] == name).unwrap()[number].as_u64().unwrap()
    };
    let worker = words(&container(workers)["args"]);
    let name = service["metadata"]["name"].as_str().unwrap();
    assert!(worker.contains(&format!("--master-host={name}")), "{worker:?}");
    for (name, number) in [("workers", 5557), ("web", 8089)] {
        assert_eq!(port(&service["spec"]["ports"], name, "port"), number);
        assert_eq!(port(&container(master)["ports"], name, "containerPort"), number);
    }
    assert!(worker.contains(&"--master-port=5557".to_owned()), "{worker:?}");
    assert_understood(&worker.join(" ").replace(name, "127.0.0.1"));
    let mount = &container(master)["volumeMounts"][0];
    assert_eq!(mount["name"], pod(master)["volumes"][0]["name"]);
    let file = format!("--locustfile={}/locustfile.py", mount["mountPath"].as_str().unwrap());
    assert!(words(&container(master)["args"]).contains(&file), "{file}");
}

#[test]
fn the_image_for_an_operator_starts_our_worker_and_locusts_master_with_what_the_operator_gives_both() {
    let [test] = &*objects("locust-operator.yaml") else { panic!("one test") };
    assert_eq!((&test["apiVersion"], &test["kind"]), (&"locust.cloud/v1".into(), &"LocustTest".into()));
    let text = fs::read_to_string("docs/kubernetes/operator.Dockerfile").unwrap();
    assert!(
        text.contains(&format!("-t {} ", test["spec"]["image"].as_str().unwrap().replace(":latest", "")))
    );
    let entrypoint = text.lines().find_map(|line| line.strip_prefix("ENTRYPOINT ")).unwrap();
    let entrypoint: Vec<String> = serde_json::from_str(entrypoint).unwrap();
    let given = test["spec"]["args"].as_str().unwrap();
    let programs = TempDir::new().unwrap();
    for name in ["locust", "mqtt-scenario"] {
        let path = programs.path().join(name);
        fs::write(&path, format!("#!/bin/sh\necho {name} \"$@\"\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let started = |arguments: &str| {
        let mut command = Command::new(&entrypoint[0]);
        command.args(&entrypoint[1..]).args(arguments.split(' ')).env("PATH", programs.path());
        String::from_utf8(command.output().unwrap().stdout).unwrap().trim_end().to_owned()
    };
    assert_eq!(started(&format!("--master {given}")), format!("locust --master {given}"));
    let worker = started(&format!("--worker --master-host mqtt-master {given}"));
    assert_eq!(worker, format!("mqtt-scenario worker --worker --master-host mqtt-master {given}"));
    let worker = worker.strip_prefix("mqtt-scenario ").unwrap();
    assert_understood(&worker.replace("mqtt-master", "127.0.0.1"));
}

#[test]
fn the_compose_file_and_the_unit_start_workers_that_are_understood() {
    let text = fs::read_to_string("docs/kubernetes/compose.yaml").unwrap();
    let compose: Value = serde_saphyr::from_str(&text).unwrap();
    let worker = compose["services"]["worker"]["command"].as_str().unwrap();
    let host = worker.strip_prefix("worker --master-host ").unwrap();
    assert!(compose["services"][host].is_object(), "{host}");
    assert_understood("worker --master-host 127.0.0.1");
    let page = fs::read_to_string("docs/locust-workers.md").unwrap();
    let [unit] = blocks(&page, "ini")[..] else { panic!("one unit") };
    let started =
        unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/mqtt-scenario ")).unwrap();
    assert_understood(started);
}
