//! The documents do what they say: scenarios compile without a remark, commands run, what is shown of their output is what
//! they write, and links lead somewhere. A new block cannot escape: what is not run says why (`<!-- not run: REASON -->`).

mod commands;
mod deployments;
mod links;
mod own_files;
mod page;
mod ports;
mod shown;

use std::fs;

use mqtt_scenario::scenario::files::Format;

use self::page::{Block, Page, pages};
use crate::cli::explain::{BESIDE, whole};
use crate::support::TestScenario;

/// A file that a scenario of the documents names: one of its page, or one of these.
fn file(blocks: &[Block], path: &str) -> Result<Vec<u8>, String> {
    let of_the_page = blocks.iter().find(|block| block.file.as_deref() == Some(path));
    match path {
        _ if of_the_page.is_some() => Ok(of_the_page.unwrap().text.clone().into_bytes()),
        "things.csv" => Ok(b"thing\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\n".to_vec()),
        "devices.csv" => {
            Ok((0..50).fold("id,token\n".to_owned(), |rows, n| format!("{rows}{n},{n}\n")).into_bytes())
        }
        authority if authority.ends_with("ca.pem") => Ok(fs::read("tests/fixtures/tls/ec.pem").unwrap()),
        _ => Err(format!("there is no {path}")),
    }
}

/// `codes.md` has examples of mistakes, which have a test of their own.
fn has_right_scenarios(page: &Page) -> bool {
    !page.path.ends_with("docs/codes.md")
}

#[test]
fn every_scenario_of_the_documents_compiles_without_a_remark() {
    let (mut tried, mut mistaken) = (0, Vec::new());
    for page in pages().iter().filter(|page| has_right_scenarios(page)) {
        let blocks = page.blocks();
        for block in blocks.iter().filter(|block| block.is_scenario()) {
            let format = if block.language == "toml" { Format::Toml } else { Format::Yaml };
            let is_task = block.text.starts_with("steps");
            let head = if is_task { "[[user_classes.device.tasks]]\nname = \"t\"\n" } else { "" };
            let text = match &block.file {
                Some(_) => block.text.clone(),
                None => whole(&format!("{head}{}\n", block.text), format),
            };
            let scenario = TestScenario::text(text.clone(), format);
            let scenario = scenario.files(|path| file(&blocks, path)).env(&[("TOKEN", "x")]);
            let found = scenario.compile().map_or_else(|found| found, |compiled| compiled.warnings);
            let found: Vec<_> = scenario.parsed.diagnostics.iter().chain(&found).collect();
            let found: Vec<_> = found.into_iter().filter(|it| it.code != BESIDE).collect();
            if !found.is_empty() {
                mistaken.push(format!("{}:{}: {found:?}\n{text}", page.path.display(), block.line));
            }
            tried += 1;
        }
    }
    assert!(mistaken.is_empty(), "{}", mistaken.join("\n"));
    assert!(tried > 30, "{tried}");
}

/// Why a block is neither run nor checked by another test, if it is.
fn escapes(block: &Block, has_own_files: bool) -> Option<&'static str> {
    let is_ours = |line: &str| line.starts_with("mqtt-scenario ") || line.starts_with('#') || line.is_empty();
    let is_marked = block.not_run.as_ref().is_some_and(|reason| reason.split(' ').count() > 1);
    match block.language.as_str() {
        "toml" | "yaml" if block.not_run.is_some() => Some("is a scenario, and every scenario is checked"),
        "toml" | "yaml" | "text" | "" => None,
        "csv" if block.file.is_some() => None,
        "csv" => Some("needs the name of its file: ```csv NAME.csv"),
        "sh" if is_marked || has_own_files || block.text.lines().all(is_ours) => None,
        _ if is_marked => None,
        _ => Some("is run by nothing: write <!-- not run: REASON --> in the line before, if it has to be so"),
    }
}

#[test]
fn every_block_is_run_or_checked_or_says_why_not() {
    let (mut tried, mut mistaken) = (0, Vec::new());
    for page in pages().iter().filter(|page| has_right_scenarios(page)) {
        let blocks = page.blocks();
        let has_own_files = own_files::has_own_files(&blocks);
        for block in &blocks {
            tried += 1;
            if let Some(fault) = escapes(block, has_own_files) {
                mistaken.push(format!("{}:{}: {fault}", page.path.display(), block.line));
            }
        }
        let marks = page.text.lines().filter(|line| line.starts_with("<!--")).count();
        let heard = blocks.iter().filter(|block| block.not_run.is_some()).count();
        assert_eq!(marks, heard, "{}: a comment that marks no block", page.path.display());
    }
    assert!(mistaken.is_empty(), "{}", mistaken.join("\n"));
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_block_that_nothing_runs_is_found() {
    let block = |text: &str| Page { path: "docs/x.md".into(), text: text.to_owned() }.blocks().remove(0);
    for (text, has_own_files, escapes_) in [
        ("```sh\nmqtt-scenario run\n```\n", false, false),
        ("```sh\ncurl localhost\n```\n", false, true),
        ("```sh\ncurl localhost\n```\n", true, false),
        ("<!-- not run: it needs a server -->\n```sh\ncurl localhost\n```\n", false, false),
        ("<!-- not run: no -->\n```sh\ncurl localhost\n```\n", false, true),
        ("```toml\nversion = 1\n```\n", false, false),
        ("<!-- not run: it is wrong -->\n```toml\nversion = 1\n```\n", false, true),
        ("```python\nimport locust\n```\n", true, true),
        ("<!-- not run: it is Locust's -->\n```python\nimport locust\n```\n", false, false),
        ("```csv\na,b\n```\n", false, true),
        ("```csv a.csv\na,b\n```\n", false, false),
    ] {
        assert_eq!(escapes(&block(text), has_own_files).is_some(), escapes_, "{text}");
    }
}
