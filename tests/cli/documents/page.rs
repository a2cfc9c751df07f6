//! A page of the documents taken apart: its blocks, its headings and its links. Only as much Markdown as our pages use.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::listing;

/// A page, by its path from the root of the repository.
pub(super) struct Page {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// What stands between two fences.
#[derive(Debug)]
pub(super) struct Block {
    /// The line of its first fence, from 1.
    pub(super) line: usize,
    /// The first word behind the fence.
    pub(super) language: String,
    /// The file that it is: the second word behind the fence (`csv cars.csv`), or the first line of a scenario (`# my.toml`).
    pub(super) file: Option<String>,
    pub(super) text: String,
    /// The reason of a `<!-- not run: REASON -->` in the line before.
    pub(super) not_run: Option<String>,
}

impl Block {
    /// A scenario, or a part of one.
    pub(super) fn is_scenario(&self) -> bool {
        matches!(self.language.as_str(), "toml" | "yaml")
    }
}

impl Page {
    pub(super) fn read(path: &Path) -> Self {
        Self { path: path.to_owned(), text: fs::read_to_string(path).unwrap() }
    }

    /// Whether the book has it: `docs/` is what mdBook reads.
    pub(super) fn is_of_the_book(&self) -> bool {
        self.path.starts_with("docs")
    }

    /// Lines outside of fences, and the blocks.
    fn apart(&self) -> (Vec<&str>, Vec<Block>) {
        let (mut prose, mut blocks) = (Vec::new(), Vec::new());
        let mut lines = self.text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some(info) = line.trim_start().strip_prefix("```") else {
                prose.push(line);
                continue;
            };
            let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim_start() != "```");
            let text: String = inside.flat_map(|line| [line, "\n"]).collect();
            let mut words = info.split_whitespace();
            let language = words.next().unwrap_or_default().to_owned();
            let is_ours = matches!(language.as_str(), "toml" | "yaml");
            let head = text.lines().next().filter(|_| is_ours).and_then(|line| line.strip_prefix("# "));
            let is_file = |name: &&str| name.contains('.') && !name.contains(' ') && !name.ends_with('.');
            let file = words.next().or(head).filter(is_file).map(str::to_owned);
            let before = prose.last().copied().unwrap_or_default();
            let not_run = before.strip_prefix("<!-- not run: ").and_then(|rest| rest.strip_suffix(" -->"));
            blocks.push(Block {
                line: number + 1,
                language,
                file,
                text,
                not_run: not_run.map(str::to_owned),
            });
        }
        (prose, blocks)
    }

    pub(super) fn blocks(&self) -> Vec<Block> {
        self.apart().1
    }

    /// What stands in the text in backticks, unless it is broken over lines.
    pub(super) fn inline_code(&self) -> Vec<&str> {
        self.apart().0.into_iter().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
    }

    /// Where its headings are found: as GitHub and mdBook make anchors.
    pub(super) fn anchors(&self) -> Vec<String> {
        let headings = self.apart().0.into_iter().filter(|line| line.starts_with('#'));
        let mut found: Vec<String> = Vec::new();
        for heading in headings {
            let text = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = text.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
            let anchor: String = kept.map(|it| if it == ' ' { '-' } else { it }).collect();
            let again = found.iter().filter(|it| **it == anchor).count();
            found.push(if again == 0 { anchor } else { format!("{anchor}-{again}") });
        }
        found
    }

    /// Where its links and images lead, as written.
    pub(super) fn links(&self) -> Vec<&str> {
        let prose = self.apart().0.into_iter();
        let without_code = prose.flat_map(|line| line.split('`').step_by(2).collect::<Vec<_>>());
        let mut links = Vec::new();
        for text in without_code {
            links.extend(
                text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link),
            );
        }
        links
    }
}

/// The pages of the book, and those at the root of the repository.
pub(super) fn pages() -> Vec<Page> {
    let of_the_book = listing(Path::new("docs"));
    let others = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].map(PathBuf::from);
    let paths = of_the_book.into_iter().chain(others);
    let pages = paths.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages.map(|path| Page::read(&path)).collect()
}
