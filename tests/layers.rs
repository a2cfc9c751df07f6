//! The import table of `src/lib.rs`, held against the sources: rooms by the table, and inside the rooms no file that
//! imports its own importers.
//!
//! Rust keeps crates apart but not the modules of one crate, so a knot can be tied without anyone noticing. This test
//! parses every file under `src/` and follows what it imports. A room that is missing from the table fails it too.
//!
//! What it cannot see: methods that one file calls and another file implements. A type whose `impl` stands in several
//! files is one type; where it lives, and which file calls the others, is for the reader to judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Macro, UseTree};

/// The table of rooms as it stands in `src/lib.rs`: room → what it may import. `main` is the binary, `lib` the root,
/// which lists the rooms.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string("src/lib.rs").unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | "));
    let cells =
        rows.map(|row| row.trim_end_matches([' ', '|']).split(" | ").map(str::trim).collect::<Vec<_>>());
    let mut table: BTreeMap<String, BTreeSet<String>> = cells
        .filter(|cells| cells.len() == 3 && cells[0] != "room")
        .map(|cells| {
            let imports = if cells[2] == "nothing of ours" { "" } else { cells[2] };
            (
                cells[0].to_owned(),
                imports.split(", ").filter(|room| !room.is_empty()).map(str::to_owned).collect(),
            )
        })
        .collect();
    let rooms: BTreeSet<String> = table.keys().cloned().collect();
    for imports in table.values_mut() {
        if imports.remove("all") {
            imports.extend(rooms.iter().cloned());
        }
        let unknown: Vec<&String> = imports.difference(&rooms).collect();
        assert!(unknown.is_empty(), "the table of src/lib.rs names {unknown:?}, which are no rooms");
    }
    table.insert("main".to_owned(), ["cli".to_owned()].into());
    table.insert("lib".to_owned(), rooms);
    table
}

/// Rooms in which the name `rumqttc` may stand.
const RUMQTTC: &[&str] = &["client", "broker"];

/// A module, as the names on the way to it from the root of the crate.
type ModulePath = Vec<String>;

/// A file under `src/` and what it imports.
struct File {
    path: PathBuf,
    module: ModulePath,
    /// Paths from the root of the crate, to modules and to items in them.
    imports: BTreeSet<ModulePath>,
    /// Modules that it declares for tests alone.
    test_modules: BTreeSet<ModulePath>,
}

impl File {
    fn read(path: &Path) -> Self {
        Self::parse(path, &fs::read_to_string(path).unwrap())
    }

    fn parse(path: &Path, text: &str) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut reader =
            Reader { module: module_of(path), imports: BTreeSet::new(), test_modules: BTreeSet::new() };
        reader.visit_file(&file);
        let Reader { module, imports, test_modules } = reader;
        Self { path: path.to_owned(), module, imports, test_modules }
    }

    /// The room that the file stands in: `src/plan/feed.rs` → `plan`, `src/main.rs` → `main`.
    fn room(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }
}

/// The module of a file: `src/a/b.rs` and `src/a/b/mod.rs` are `a::b`; `src/lib.rs` is the root.
fn module_of(path: &Path) -> ModulePath {
    let inside = path.strip_prefix("src").unwrap().with_extension("");
    let mut module: ModulePath =
        inside.components().map(|part| part.as_os_str().to_str().unwrap().to_owned()).collect();
    if module.last().is_some_and(|name| name == "mod") || module == ["lib"] {
        module.pop();
    }
    module
}

/// Gathers the paths that one file names, but for what is there for tests alone.
struct Reader {
    module: ModulePath,
    imports: BTreeSet<ModulePath>,
    test_modules: BTreeSet<ModulePath>,
}

impl Reader {
    /// Notes a path as it is written in the file.
    fn note(&mut self, names: &[String]) {
        let Some((first, rest)) = names.split_first() else { return };
        let mut from_root = match first.as_str() {
            "crate" | "mqtt_scenario" => Vec::new(),
            "super" => self.module[..self.module.len().saturating_sub(1)].to_vec(),
            "self" => self.module.clone(),
            // A module that this file declares, or something from elsewhere, which is no file of ours.
            _ => [self.module.clone(), vec![first.clone()]].concat(),
        };
        for name in rest {
            if name == "super" {
                from_root.pop();
            } else {
                from_root.push(name.clone());
            }
        }
        self.imports.insert(from_root);
    }

    fn note_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.note_tree(&with(path.ident.to_string()), &path.tree),
            UseTree::Name(name) => self.note(&with(name.ident.to_string())),
            UseTree::Rename(rename) => self.note(&with(rename.ident.to_string())),
            UseTree::Glob(_) => self.note(before),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_tree(before, tree)),
        }
    }

    /// Notes the paths in the tokens of a macro, which has no syntax that is known here.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut names: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.note(&std::mem::take(&mut names));
                    }
                    names.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    self.note(&std::mem::take(&mut names));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.note_tokens(group.stream());
                    }
                }
            }
        }
        self.note(&names);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[Attribute] = match item {
            syn::Item::Mod(module) => &module.attrs,
            syn::Item::Fn(function) => &function.attrs,
            syn::Item::Impl(block) => &block.attrs,
            syn::Item::Use(import) => &import.attrs,
            _ => &[],
        };
        if attributes.iter().any(is_for_tests) {
            if let syn::Item::Mod(ItemMod { ident, .. }) = item {
                self.test_modules.insert([self.module.clone(), vec![ident.to_string()]].concat());
            }
            return;
        }
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, import: &'ast ItemUse) {
        self.note_tree(&[], &import.tree);
    }

    /// `pub(in crate::room)` says who may see an item, and imports nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 {
            self.note(&names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.note_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
}

/// The files that are compiled into the program.
fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(read_files)
}

fn read_files() -> Vec<File> {
    let mut paths = Vec::new();
    sources(Path::new("src"), &mut paths);
    let files: Vec<File> = paths.iter().map(|path| File::read(path)).collect();
    assert!(files.len() > 100, "the sources were not found");
    without_tests(files)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn without_tests(mut files: Vec<File>) -> Vec<File> {
    let for_tests: BTreeSet<ModulePath> = files.iter().flat_map(|file| file.test_modules.clone()).collect();
    files.retain(|file| !(0..=file.module.len()).any(|length| for_tests.contains(&file.module[..length])));
    files
}

/// File → the files that it imports, all by their place in the list.
///
/// A path leads to the file of its longest beginning that is a module. A re-export is not looked through: who imports
/// through a `mod.rs` imports that `mod.rs`, and with it all that stands there.
fn edges(files: &[&File]) -> Vec<BTreeSet<usize>> {
    let by_module: BTreeMap<&[String], usize> =
        files.iter().enumerate().map(|(index, file)| (&file.module[..], index)).collect();
    let file_of =
        |path: &ModulePath| (1..=path.len()).rev().find_map(|length| by_module.get(&path[..length]).copied());
    let imported = |(index, file): (usize, &&File)| {
        file.imports.iter().filter_map(file_of).filter(|imported| *imported != index).collect()
    };
    files.iter().enumerate().map(imported).collect()
}

/// One way round each circle that can be found by leaving out, again and again, whatever nobody waits for.
fn circles(edges: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let mut left: BTreeSet<usize> = (0..edges.len()).collect();
    loop {
        let ends: Vec<usize> = left.iter().copied().filter(|file| edges[*file].is_disjoint(&left)).collect();
        if ends.is_empty() {
            break;
        }
        for end in ends {
            left.remove(&end);
        }
    }
    let mut found = Vec::new();
    while let Some(start) = left.first().copied() {
        let mut way = vec![start];
        // Everything that is left imports something that is left, unless a circle before has taken that away.
        while let Some(next) = edges[way[way.len() - 1]].intersection(&left).next().copied() {
            if let Some(begin) = way.iter().position(|file| *file == next) {
                found.push(way.split_off(begin));
                break;
            }
            way.push(next);
        }
        let last = found.last().cloned().unwrap_or_default();
        for file in way.iter().chain(&last) {
            left.remove(file);
        }
    }
    found
}

#[test]
fn every_room_imports_only_what_the_table_allows() {
    let table = table();
    assert!(table.len() > 10, "the table was not found");
    let mut wrong = Vec::new();
    for file in files() {
        let Some(allowed) = table.get(file.room()) else {
            wrong.push(format!("{}: room `{}` is not in the table", file.path.display(), file.room()));
            continue;
        };
        let imported: BTreeSet<&str> =
            file.imports.iter().filter_map(|path| path.first()).map(String::as_str).collect();
        for room in imported.into_iter().filter(|room| *room != file.room() && table.contains_key(*room)) {
            if !allowed.contains(room) {
                wrong.push(format!("{}: `{}` may not import `{room}`", file.path.display(), file.room()));
            }
        }
        let names_rumqttc = fs::read_to_string(&file.path)
            .unwrap()
            .lines()
            .any(|line| line.split_once("//").map_or(line, |(code, _)| code).contains("rumqttc::"));
        if names_rumqttc && !RUMQTTC.contains(&file.room()) {
            wrong.push(format!("{}: only {RUMQTTC:?} may name rumqttc", file.path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_file_imports_its_importers() {
    let files: Vec<&File> = files().iter().collect();
    let found: Vec<String> = circles(&edges(&files))
        .into_iter()
        .map(|circle| {
            let names: Vec<String> = circle
                .iter()
                .chain(circle.first())
                .map(|index| files[*index].path.display().to_string())
                .collect();
            names.join(" → ")
        })
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The map of CONTRIBUTING.md leads nobody into a file that is not there.
#[test]
fn the_map_names_files_that_exist() {
    let text = fs::read_to_string("CONTRIBUTING.md").unwrap();
    let named: Vec<&str> =
        text.split('`').skip(1).step_by(2).filter(|word| word.starts_with("src/")).collect();
    assert!(named.len() > 30);
    let exists = |path: &str| match path.split_once('*') {
        Some((before, after)) => {
            let (folder, name) = before.rsplit_once('/').unwrap();
            fs::read_dir(folder).unwrap().any(|entry| {
                let file = entry.unwrap().file_name().into_string().unwrap();
                file.starts_with(name) && file.ends_with(after)
            })
        }
        None => Path::new(path).exists(),
    };
    let missing: Vec<&str> = named.into_iter().filter(|path| !exists(path)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn unit_tests_stand_in_files_of_their_own() {
    let mut paths = Vec::new();
    sources(Path::new("src"), &mut paths);
    let inside = |path: &&PathBuf| fs::read_to_string(path).unwrap().contains("\nmod tests {");
    let wrong: Vec<_> = paths.iter().filter(inside).collect();
    assert!(wrong.is_empty(), "`mod tests {{ … }}` goes into the file tests.rs of the module: {wrong:?}");
}

#[test]
fn imports_are_seen_wherever_they_stand() {
    let text = "
        use crate::a::X; use crate::{b::{c, d as e}, f::*}; use super::g::{self, H}; mod i;
        fn x() -> i::T { crate::j::k(); assert!(crate::l::m() == super::n::o); super::super::p() } // crate::q
        #[cfg(test)] mod tests { use crate::r::s; }
    ";
    let file = File::parse(Path::new("src/room/shelf/mod.rs"), text);
    let expected = [
        "a::X",
        "b::c",
        "b::d",
        "f",
        "room::g::self",
        "room::g::H",
        "room::shelf::i::T",
        "j::k",
        "l::m",
        "room::n::o",
        "p",
    ];
    let seen: BTreeSet<String> = file.imports.iter().map(|path| path.join("::")).collect();
    for path in expected {
        assert!(seen.contains(path), "{path} is not in {seen:?}");
    }
    assert!(!seen.iter().any(|path| ["q", "r::s"].contains(&path.as_str())), "{seen:?}");
    assert_eq!(file.test_modules.len(), 1);
}

#[test]
fn circles_are_found_through_folders_and_macros() {
    let file = |path: &str, text: &str| File::parse(Path::new(path), text);
    let of = |files: &[File]| circles(&edges(&files.iter().collect::<Vec<_>>()));
    let straight = [
        file("src/a/mod.rs", "mod b; mod c; pub use crate::a::b::B;"),
        file("src/a/b.rs", "use crate::a::c::C;"),
        file("src/a/c.rs", "use std::fmt;"),
    ];
    assert_eq!(of(&straight), Vec::<Vec<usize>>::new());
    let through_the_folder =
        [file("src/a/mod.rs", "mod b; pub use crate::a::b::B;"), file("src/a/b.rs", "use crate::a::A;")];
    assert_eq!(of(&through_the_folder), [[0, 1]]);
    let of_three_with_a_way_in = [
        file("src/a/in.rs", "use crate::a::b::B;"),
        file("src/a/b.rs", "fn b() { println!(\"{}\", crate::a::c::C); }"),
        file("src/a/c.rs", "use super::d::D;"),
        file("src/a/d.rs", "fn d(b: super::b::B) {}"),
    ];
    assert_eq!(of(&of_three_with_a_way_in), [[1, 2, 3]]);
}
