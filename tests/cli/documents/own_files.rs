//! Pages that show whole files: each page has a folder, in which its files are written, its commands run line by line as they
//! stand there, and its outputs are compared with what they write. A command ends with 0, or as its comment says: `# exit code 3`.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::commands::{commands_in_text, copy_scenarios, fault, in_shell, side_by_side};
use super::page::{Block, Page, pages};
use super::shown::strange_lines;

/// Whether a page brings the files that its commands name.
pub(super) fn has_own_files(blocks: &[Block]) -> bool {
    blocks.iter().any(|block| block.file.is_some())
}

/// The lines of a block for a shell, those that go on behind a `\` as one.
fn lines(block: &str) -> Vec<String> {
    let block = block.replace("\\\n", " ");
    let lines = block.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// The exit code that the comment of a command names.
fn exit_code(line: &str) -> i32 {
    let code = line.split_once("# exit code ").and_then(|(_, rest)| rest.split([' ', ':', ',']).next());
    code.map_or(0, |code| code.parse().unwrap())
}

/// What of a page is not so.
fn faults(page: &Page) -> Vec<String> {
    let dir = TempDir::new().unwrap();
    copy_scenarios(dir.path());
    let (mut faults, mut output) = (Vec::new(), None);
    for block in page.blocks() {
        let place = format!("{}:{}", page.path.display(), block.line);
        let has_run = block.not_run.is_none();
        match (block.language.as_str(), &block.file) {
            (_, Some(file)) => write(dir.path(), file, &block.text),
            ("sh", None) if has_run => {
                let mut written = String::new();
                for line in lines(&block.text) {
                    let ended = in_shell(&line, dir.path());
                    let [said, log] =
                        [&ended.stdout, &ended.stderr].map(|text| String::from_utf8_lossy(text));
                    if ended.status.code() != Some(exit_code(&line)) {
                        faults.push(format!("{place}: {:?} of {line}\n{said}\n{log}", ended.status.code()));
                    }
                    written.extend([&said, "\n", &log, "\n"]);
                }
                output = Some(written);
            }
            ("text" | "", None) if has_run => match &output {
                Some(output) => {
                    let strange = strange_lines(&block.text, output);
                    if !strange.is_empty() {
                        faults.push(format!("{place}: not said:\n{}\n{output}", strange.join("\n")));
                    }
                }
                None => faults.push(format!("{place}: no command has written this")),
            },
            _ => {}
        }
    }
    let in_text = commands_in_text(page);
    let in_text = in_text.iter().filter_map(|command| fault(command, dir.path()));
    faults.extend(in_text.map(|fault| format!("{}: {fault}", page.path.display())));
    faults
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn pages_with_files_of_their_own_run_as_they_say() {
    let with_files: Vec<Page> = pages().into_iter().filter(|page| has_own_files(&page.blocks())).collect();
    let mistaken = side_by_side(&with_files, faults);
    assert!(mistaken.is_empty(), "{}", mistaken.join("\n\n"));
    assert!(with_files.len() > 15, "{}", with_files.len());
}

#[test]
fn a_page_that_is_not_so_is_found() {
    let page = |text: &str| Page { path: "docs/x.md".into(), text: text.to_owned() };
    for (text, fault) in [
        ("```toml a.toml\nx = 1\n```\n```sh\ncat a.toml\n```\n```text\nx = 5\n```\n", None),
        (
            "```toml a.toml\nx = 1\n```\n```sh\ncat a.toml\n```\n```text\ny = 5\n```\n",
            Some("not said:\ny = 5"),
        ),
        ("```toml a.toml\nx = 1\n```\n```sh\ncat b.toml\n```\n", Some("Some(1) of cat b.toml")),
        ("```toml a.toml\nx = 1\n```\n```sh\ncat b.toml  # exit code 1\n```\n", None),
        (
            "```toml a.toml\nx = 1\n```\n```sh\ncat a.toml  # exit code 3\n```\n",
            Some("Some(0) of cat a.toml"),
        ),
        ("```toml\n# a.toml\nx = 1\n```\n```sh\ncat \\\n  a.toml\n```\n", None),
        ("```toml a.toml\nx = 1\n```\n```text\nx\n```\n", Some("no command has written this")),
    ] {
        let found = faults(&page(text));
        assert_eq!(found.len(), usize::from(fault.is_some()), "{text}\n{found:?}");
        assert!(fault.is_none_or(|fault| found[0].contains(fault)), "{text}\n{found:?}");
    }
}
