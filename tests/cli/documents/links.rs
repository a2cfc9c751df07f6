//! Links lead somewhere: in a clone, and in the book, of which mdBook makes `docs/` alone.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::page::{Page, pages};

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{} leaves the repository", path.display()),
            part => plain.push(part),
        }
    }
    plain
}

/// What is wrong with a link of a page.
fn fault(page: &Page, link: &str) -> Option<&'static str> {
    if link.contains("://") {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = match path {
        "" => page.path.clone(),
        path => plain(&page.path.parent().unwrap_or(Path::new("")).join(path)),
    };
    if page.is_of_the_book() && !target.starts_with("docs") {
        return Some("leaves the book: name the file as `code`");
    }
    if !target.exists() {
        return Some("leads nowhere");
    }
    if page.is_of_the_book() && target.is_dir() {
        return Some("is a folder, which the book does not show");
    }
    let has_anchor = |anchor: &str| Page::read(&target).anchors().iter().any(|it| it == anchor);
    anchor.is_some_and(|anchor| !has_anchor(anchor)).then_some("names a heading that is not there")
}

#[test]
fn every_link_of_a_page_leads_to_a_file_and_a_heading_that_are_there() {
    let (mut tried, mut mistaken) = (0, Vec::new());
    for page in pages() {
        for link in page.links() {
            tried += 1;
            if let Some(fault) = fault(&page, link) {
                mistaken.push(format!("{}: {link} {fault}", page.path.display()));
            }
        }
    }
    assert!(mistaken.is_empty(), "{}", mistaken.join("\n"));
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_link_that_is_wrong_is_found() {
    let page = |path: &str| Page { path: PathBuf::from(path), text: "# Here\n".to_owned() };
    for (path, link, wrong) in [
        ("docs/start.md", "running.md#stopping", None),
        ("docs/moving/k6.md", "../running.md", None),
        ("README.md", "docs/running.md", None),
        ("docs/start.md", "https://www.rust-lang.org", None),
        ("docs/start.md", "runing.md", Some("leads nowhere")),
        ("docs/start.md", "running.md#starting", Some("names a heading that is not there")),
        ("docs/start.md", "../README.md", Some("leaves the book: name the file as `code`")),
        ("docs/start.md", "images", Some("is a folder, which the book does not show")),
    ] {
        assert_eq!(fault(&page(path), link), wrong, "{path}: {link}");
    }
}

#[test]
fn the_summary_has_every_page_once() {
    let summary = Page::read(Path::new("docs/SUMMARY.md"));
    let named: Vec<PathBuf> = summary.links().iter().map(|link| Path::new("docs").join(link)).collect();
    let once: BTreeSet<&PathBuf> = named.iter().collect();
    assert_eq!(once.len(), named.len(), "a page is named twice: {named:?}");
    let pages = pages();
    let there: BTreeSet<&PathBuf> = pages
        .iter()
        .filter(|page| page.is_of_the_book() && !page.path.ends_with("SUMMARY.md"))
        .map(|page| &page.path)
        .collect();
    assert_eq!(once, there);
}

/// mdBook makes `README.md` an `index.html`, to which links to `README.md` do not lead.
#[test]
fn no_page_of_the_book_is_a_readme() {
    let found: Vec<PathBuf> = pages().into_iter().map(|page| page.path).collect();
    let is_readme = |path: &&PathBuf| path.starts_with("docs") && path.ends_with("README.md");
    assert_eq!(found.iter().find(is_readme), None);
}
