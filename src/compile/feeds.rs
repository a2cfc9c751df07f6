//! Feeds: CSV files as columns, and which of them the templates of a class can use.
//!
//! The whole file is checked before a row of it is used, even if no class has the feed. Otherwise a row with a missing
//! value could end a run in its third hour.

mod table;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::compile::codes;
use crate::compile::feeds::table::columns;
use crate::compile::files::{self, ReadFile};
use crate::compile::problems::{Problems, suggestion};
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::plan::UserClass;
use crate::plan::feed::{Deal, Feed, FeedOrder, FeedPer};
use crate::scenario::model::Scenario;
use crate::template::Varies;
use crate::template::column::Column;
use crate::template::names::{Columns, FeedColumn, quoted};

/// The feeds of a scenario; nothing in place of one that is wrong.
pub(super) struct Feeds {
    tables: BTreeMap<String, Option<Table>>,
    /// A feed for each column.
    elsewhere: Rc<BTreeMap<String, String>>,
    used: RefCell<BTreeSet<String>>,
}

struct Table {
    columns: Vec<Arc<Column>>,
    rows: u32,
    order: FeedOrder,
    per: FeedPer,
}

impl Feeds {
    pub(super) fn read(scenario: &Scenario, files: ReadFile<'_>, problems: &mut Problems<'_>) -> Self {
        let at = FieldPath::root().key("feeds");
        let mut tables = BTreeMap::new();
        for (name, feed) in &scenario.feeds {
            if problems.is_full() {
                break;
            }
            let csv_at = at.key(name.as_str()).key("csv");
            if feed.csv.is_none() {
                problems.add_absence(
                    Diagnostic::error(
                        codes::MISSING,
                        csv_at.clone(),
                        format!("the feed `{name}` has no `csv`"),
                    )
                    .help("add the path of a CSV file with a header line, such as \"devices.csv\""),
                );
            }
            let path = feed.csv.as_deref();
            let table = path.and_then(|path| {
                let bytes = files::read(files, path, &csv_at, problems)?;
                let (columns, rows) =
                    columns(path, &bytes).map_err(|bad| problems.add(bad.diagnostic(&csv_at))).ok()?;
                let (order, per) = (feed.order.unwrap_or_default(), feed.per.unwrap_or_default());
                Some(Table { columns, rows, order, per })
            });
            tables.insert(name.clone(), table);
        }
        let mut elsewhere = BTreeMap::new();
        for (name, table) in &tables {
            for column in table.iter().flat_map(|table| &table.columns) {
                elsewhere.entry(column.name().to_owned()).or_insert_with(|| name.clone());
            }
        }
        Self { tables, elsewhere: Rc::new(elsewhere), used: RefCell::default() }
    }

    pub(super) fn of_class(
        &self,
        names: &[String],
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> (Vec<Feed>, Columns) {
        let at = at.key("feeds");
        let mut feeds = Vec::<Feed>::new();
        let is_incomplete = names.is_empty() && problems.absence_explained(&at);
        let mut columns =
            Columns { elsewhere: Rc::clone(&self.elsewhere), is_incomplete, ..Columns::default() };
        for (i, name) in names.iter().enumerate() {
            let at = at.index(i);
            self.used.borrow_mut().insert(name.clone());
            let Some(Some(table)) = self.tables.get(name) else {
                columns.is_incomplete = true;
                self.check_known(name, &at, problems);
                continue;
            };
            if names[..i].contains(name) {
                let message = format!("the feed `{name}` is named twice");
                problems
                    .add(Diagnostic::error(codes::COLUMN_TWICE, at, message).help("leave one of them out"));
                continue;
            }
            let owned = table.order == FeedOrder::Unique;
            let varies = match table.per {
                FeedPer::User => Varies::PerUser,
                FeedPer::Message => Varies::PerMessage,
            };
            let mut twice = BTreeMap::<usize, Vec<&str>>::new();
            for column in &table.columns {
                let new = FeedColumn { feed: feeds.len(), column: Arc::clone(column), varies, owned };
                if let Some(other) = columns.by_name.insert(column.name().to_owned(), new) {
                    twice.entry(other.feed).or_default().push(column.name());
                }
            }
            for (other, names) in twice {
                let message = format!(
                    "the feeds `{}` and `{name}` of this user class both have a column {}",
                    feeds[other].name,
                    quoted(names.into_iter())
                );
                problems.add(
                    Diagnostic::error(codes::COLUMN_TWICE, at.clone(), message)
                        .help("give it another name in the header of one of the files"),
                );
            }
            let Table { rows, order, per, .. } = *table;
            // How many users share it is known when all classes are: see `deal`.
            feeds.push(Feed { name: name.clone(), rows, order, per, deal: Deal::default() });
        }
        (feeds, columns)
    }

    fn check_known(&self, name: &str, at: &FieldPath, problems: &mut Problems<'_>) {
        if self.tables.contains_key(name)
            || problems.absence_explained(&FieldPath::root().key("feeds").key(name))
        {
            return;
        }
        let known = self.tables.keys().map(String::as_str);
        let help = if self.tables.is_empty() {
            "the scenario has no `feeds` yet; add them".to_owned()
        } else {
            // What was meant is used, and must not be called unused on top.
            self.used.borrow_mut().extend(crate::diagnostic::nearest(name, known.clone()).map(str::to_owned));
            suggestion(name, "feeds", known)
        };
        let message = format!("there is no feed `{name}`");
        problems.add(Diagnostic::error(codes::UNKNOWN_FEED, at.clone(), message).help(help));
    }

    pub(super) fn warn(&self, problems: &mut Problems<'_>) {
        let used = self.used.borrow();
        for name in self.tables.keys().filter(|name| !used.contains(*name)) {
            let message = format!("no user class uses the feed `{name}`");
            let help = format!("add `feeds = [\"{name}\"]` to a user class, or remove it");
            let at = FieldPath::root().key("feeds").key(name.as_str());
            problems.add(Diagnostic::warning(codes::UNUSED_FEED, at, message).help(help));
        }
    }
}

/// Deals the rows of feeds that give none twice out to the users of all classes that have them; so many users of
/// each class start in the whole run.
pub(super) fn deal(classes: &mut [UserClass], started: &[u64], problems: &mut Problems<'_>) {
    let counts: Vec<u32> = started.iter().map(|count| u32::try_from(*count).unwrap_or(u32::MAX)).collect();
    let has = |class: &UserClass, name: &str| {
        let is_unique = |feed: &Feed| feed.name == name && feed.order == FeedOrder::Unique;
        class.feeds.iter().position(is_unique)
    };
    let names: BTreeSet<String> = classes
        .iter()
        .flat_map(|class| &class.feeds)
        .filter(|feed| feed.order == FeedOrder::Unique)
        .map(|feed| feed.name.clone())
        .collect();
    for name in names {
        let users = classes.iter().zip(&counts).filter(|(class, _)| has(class, &name).is_some());
        let all = users.map(|(_, count)| *count).fold(0, u32::saturating_add);
        let mut before = 0;
        let mut rows = 0;
        for (class, own) in classes.iter_mut().zip(counts.iter().copied()) {
            let Some(index) = has(class, &name) else { continue };
            rows = class.feeds[index].rows;
            class.feeds[index].deal = Deal { before, own, all };
            before += own;
        }
        if rows < all {
            let message =
                format!("the feed `{name}` has {rows} rows for {all} users, but gives no row to two users");
            let at = FieldPath::root().key("feeds").key(name.as_str()).key("order");
            problems.add(
                Diagnostic::error(codes::TOO_FEW_ROWS, at, message)
                    .help("add rows to its file, start fewer users, or set `order` to \"sequential\""),
            );
        }
    }
}
