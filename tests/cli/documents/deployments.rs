//! The files that start us elsewhere (`docs/kubernetes/`, a unit of systemd): their commands are understood, and their names,
//! numbers and ports agree.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::commands::place;
use super::page::{Block, Page};
use crate::support::run_program;

#[test]
fn the_commands_of_the_kubernetes_job_are_understood_and_its_numbers_agree() {
    let [results] = &*objects("results.yaml") else { panic!("one pod") };
    let objects = objects("job.yaml");
    let kinds: Vec<_> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["PersistentVolumeClaim", "Job", "Job"]);
    let args = |job: &Value| -> Vec<String> {
        let args = job["spec"]["template"]["spec"]["containers"][0]["args"].as_array().unwrap();
        args.iter().map(|arg| arg.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        results["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"],
        objects[0]["metadata"]["name"]
    );
    for job in &objects[1..] {
        let of_the_pod = &job["spec"]["template"]["spec"]["securityContext"];
        assert_eq!(of_the_pod["fsGroup"], 65532, "the image's user can write into the volume");
    }
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
fn an_image_called_latest_need_not_be_in_a_registry() {
    let mut found = 0;
    for name in ["job.yaml", "locust-workers.yaml"] {
        for object in objects(name) {
            let containers = object["spec"]["template"]["spec"]["containers"].as_array().cloned();
            for container in containers.unwrap_or_default() {
                assert_eq!(container["imagePullPolicy"], "IfNotPresent", "{name}: {}", container["image"]);
                found += 1;
            }
        }
    }
    assert_eq!(found, 3);
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
    assert_eq!(kinds, ["Service", "NetworkPolicy", "Deployment", "Deployment"]);
    let (service, policy, master, workers) = (&master[0], &master[1], &master[2], &workers[0]);
    for deployment in [master, workers] {
        let labels = &deployment["spec"]["template"]["metadata"]["labels"];
        assert_eq!(&deployment["spec"]["selector"]["matchLabels"], labels);
    }
    assert_eq!(service["spec"]["selector"], master["spec"]["template"]["metadata"]["labels"]);
    let labels = |deployment: &Value| deployment["spec"]["template"]["metadata"]["labels"].clone();
    assert_eq!(policy["spec"]["podSelector"]["matchLabels"], labels(master));
    let allowed = &policy["spec"]["ingress"][0];
    assert_eq!(allowed["from"][0]["podSelector"]["matchLabels"], labels(workers));
    assert_eq!(allowed["ports"][0]["port"], service["spec"]["ports"][0]["targetPort"]);
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
    assert!(text.contains(&format!("-t {} ", test["spec"]["image"].as_str().unwrap())));
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
fn the_compose_file_and_the_units_start_what_is_understood() {
    let text = fs::read_to_string("docs/kubernetes/compose.yaml").unwrap();
    let compose: Value = serde_saphyr::from_str(&text).unwrap();
    let worker = compose["services"]["worker"]["command"].as_str().unwrap();
    let host = worker.strip_prefix("worker --master-host ").unwrap();
    assert!(compose["services"][host].is_object(), "{host}");
    assert_understood("worker --master-host 127.0.0.1");
    let blocks = Page::read(Path::new("docs/locust-workers.md")).blocks();
    let units = blocks.iter().filter(|block| block.language == "ini");
    let started = |unit: &Block| {
        let started = unit.text.lines().find_map(|line| line.strip_prefix("ExecStart=mqtt-scenario "));
        started.unwrap().to_owned()
    };
    let [worker, master] = &*units.map(started).collect::<Vec<_>>() else { panic!("two units") };
    assert_understood(worker);
    let place = place();
    let locust = place.path().join("bin/locust");
    let master = master.replace("/opt/locust/bin/locust", locust.to_str().unwrap());
    let ended = run_program(place.path(), &master.split(' ').collect::<Vec<_>>());
    assert_eq!(ended.code, Some(0), "{master}: {}", ended.stderr);
}
