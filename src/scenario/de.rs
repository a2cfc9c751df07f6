//! The serde deserializer over the tree of nodes, whose error says what is wrong and where, as data.
//!
//! serde stops at the first mistake, so its words are of no use here: `parse` turns the data into a message,
//! repairs the tree and reads again. For that to go well, a value that has been reported (`Node::seen` is
//! `None`) reads as absent where the model allows it and as some valid value where it does not.
//!
//! Mistakes are found in the order of the tree, so the part before the last mistake need not be read again. The place
//! of the last mistake, as the number of the child at each level, says where to go on.

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::diagnostic::{FileId, Part};
use crate::scenario::mistake::{Kind, Mistake, Wanted};
use crate::scenario::node::{Entry, Node, Table, Value};

/// Stands for a text with a mistake: reads as a text and as a length of time.
const PLACEHOLDER: &str = "0s";

static NULL: Node = Node { file: FileId(0), span: 0..0, value: Value::Null, unreadable: false };
static UNREADABLE: Node = Node { file: FileId(0), span: 0..0, value: Value::Null, unreadable: true };

/// The name of a choice that is made by writing a text, without a table around it.
const PLAIN_TEXT: &str = "$text";
/// The name of a choice that is made by writing a table, without another one around it.
pub(super) const PLAIN_TABLE: &str = "$table";

/// Whether a choice has no key of its own in the file.
pub(super) fn is_plain(choice: &str) -> bool {
    matches!(choice, PLAIN_TEXT | PLAIN_TABLE)
}

#[derive(Clone, Copy)]
pub(super) struct Reader<'de> {
    node: &'de Node,
    /// Where to begin: the children before the first number are passed over, of the child with that number those
    /// before the second, and so on.
    from: &'de [usize],
}

impl<'de> Reader<'de> {
    /// Reads a node from a place in it on; the model lacks what is passed over.
    pub(super) fn new(node: &'de Node, from: &'de [usize]) -> Self {
        Self { node, from }
    }

    fn table<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let entries = match self.node.seen() {
            Some(Value::Table(table)) => table.entries(),
            None | Some(Value::Null) => &[],
            _ => return wrong(Wanted::Table),
        };
        let first = self.from.first().copied().unwrap_or(0).min(entries.len());
        let rest = entries[first..].iter().zip(first..);
        visitor.visit_map(Entries { rest, from: self.from, entry: None })
    }

    fn list<V: Visitor<'de>>(self, items: &'de [Node], nulls: bool, visitor: V) -> Result<V::Value, Mistake> {
        let first = self.from.first().copied().unwrap_or(0).min(items.len());
        visitor.visit_seq(Items { rest: items[first..].iter().zip(first..), from: self.from, nulls })
    }

    /// A list of a fixed length, the content of a choice.
    fn tuple<V: Visitor<'de>>(
        self,
        of: &'static str,
        wanted: usize,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match self.node.seen() {
            Some(Value::List(items)) if !items.is_empty() && items.iter().all(is_number) => {
                Err(Mistake::new(Kind::NoUnits { of }))
            }
            Some(Value::List(items)) if items.len() != wanted => {
                Err(Mistake::new(Kind::WrongLength { of, wanted, found: items.len() }))
            }
            None => {
                let items = vec![&UNREADABLE; wanted];
                visitor.visit_seq(Items { rest: items.into_iter().zip(0..), from: &[], nulls: false })
            }
            // Wherever reading goes on, this list needs all its items.
            Some(Value::List(items)) => {
                visitor.visit_seq(Items { rest: items.iter().zip(0..), from: &[], nulls: false })
            }
            _ => wrong(Wanted::Pair { of }),
        }
    }
}

/// Where to begin within the child with this number.
fn within(from: &[usize], place: usize) -> &[usize] {
    match from.split_first() {
        Some((first, rest)) if *first == place => rest,
        _ => &[],
    }
}

macro_rules! unsigned {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
            match self.node.seen() {
                Some(Value::Integer(number)) => match <$type>::try_from(*number) {
                    Ok(number) => visitor.$visit(number),
                    Err(_) => Err(Mistake::new(Kind::OutOfRange { least: 0, most: <$type>::MAX.into() })),
                },
                None => visitor.$visit(0),
                _ => wrong(Wanted::Whole),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.node.seen() {
            Some(Value::Null) => visitor.visit_unit(),
            Some(Value::Bool(value)) => visitor.visit_bool(*value),
            Some(Value::Integer(number)) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => visitor.visit_i64(number),
                (_, Ok(number)) => visitor.visit_u64(number),
                _ => Err(Mistake::new(Kind::OutOfRange { least: i64::MIN, most: u64::MAX })),
            },
            Some(Value::Float(_)) => self.deserialize_f64(visitor),
            Some(Value::Text(text)) => visitor.visit_borrowed_str(text),
            Some(Value::Date) => Err(de::Error::invalid_type(Unexpected::Other("date"), &visitor)),
            Some(Value::List(items)) => self.list(items, true, visitor),
            Some(Value::Table(_)) => self.table(visitor),
            None => visitor.visit_borrowed_str(PLACEHOLDER),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.node.seen() {
            Some(Value::Bool(value)) => visitor.visit_bool(*value),
            None => visitor.visit_bool(false),
            _ => wrong(Wanted::Bool),
        }
    }

    unsigned! {
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.node.seen() {
            Some(Value::Float(number)) if number.is_finite() => visitor.visit_f64(*number),
            Some(Value::Float(_)) => Err(Mistake::new(Kind::NotFinite)),
            Some(Value::Integer(number)) => visitor.visit_f64(*number as f64),
            None => visitor.visit_f64(0.0),
            _ => wrong(Wanted::Number),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.node.seen() {
            Some(Value::Text(text)) => visitor.visit_borrowed_str(text),
            None => visitor.visit_borrowed_str(PLACEHOLDER),
            _ => {
                let expected: &dyn Expected = &visitor;
                let words = expected.to_string();
                // serde's own name for what everybody else calls a text.
                wrong(Wanted::Words(if words == "a string" { "text".to_owned() } else { words }))
            }
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.node.seen() {
            None | Some(Value::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.node.seen() {
            Some(Value::List(items)) => self.list(items, false, visitor),
            None | Some(Value::Null) => self.list(&[], false, visitor),
            _ => wrong(Wanted::List),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.table(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        if let Some(table) = self.node.table()
            && let Some(entry) = table.live().find(|entry| !known.contains(&&*entry.key))
        {
            return Err(Mistake::new(Kind::UnknownKey { key: entry.key.to_string(), known }));
        }
        self.table(visitor)
    }

    /// A choice is written as a table with one key, or as that key alone, as a text. Where one of the choices is
    /// [`PLAIN_TEXT`], a text is that one's content instead; where one is [`PLAIN_TABLE`], so is a table.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        of: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        // What has no key in the file cannot be chosen by one.
        let is_known = |choice: &str| known.contains(&choice) && !is_plain(choice);
        let (choice, content, bare) = match self.node.seen() {
            None | Some(Value::Text(_)) if known.contains(&PLAIN_TEXT) => {
                return visitor.visit_enum(Choice { name: PLAIN_TEXT, of, content: self });
            }
            Some(Value::Table(_)) if known.contains(&PLAIN_TABLE) => {
                return visitor.visit_enum(Choice { name: PLAIN_TABLE, of, content: self });
            }
            Some(Value::Text(text)) => (&**text, Self::new(&NULL, &[]), true),
            Some(Value::Table(table)) => {
                let Some((place, chosen)) = chosen(table, is_known) else {
                    return Err(Mistake::new(Kind::NoChoice { of, known }));
                };
                if let Some(kind) = one_choice(table, chosen, of, known) {
                    return Err(Mistake::new(kind));
                }
                (&*chosen.key, Self::new(&chosen.node, within(self.from, place)), false)
            }
            _ => return wrong(Wanted::Choice { of, known }),
        };
        if !is_known(choice) {
            return Err(Mistake::new(Kind::UnknownChoice { choice: choice.to_owned(), of, known, bare }));
        }
        visitor.visit_enum(Choice { name: choice, of, content })
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

fn wrong<T>(wanted: Wanted) -> Result<T, Mistake> {
    Err(Mistake::new(Kind::WrongType(wanted)))
}

fn is_number(node: &Node) -> bool {
    matches!(node.seen(), Some(Value::Integer(_) | Value::Float(_)))
}

/// What is wrong with a table that should make one choice and has more keys than that.
fn one_choice(
    table: &Table,
    chosen: &Entry,
    of: &'static str,
    known: &'static [&'static str],
) -> Option<Kind> {
    let is_known = |entry: &&Entry| known.contains(&&*entry.key) && !is_plain(&entry.key);
    let is_null = |entry: &Entry| matches!(entry.node.seen(), Some(Value::Null));
    let others = || table.live().filter(|entry| entry.key != chosen.key);
    let first = others().next()?;
    let names = |entries: &mut dyn Iterator<Item = &Entry>| entries.map(|e| e.key.to_string()).collect();
    let unknown: Vec<_> = others().filter(|entry| !is_known(entry)).collect();
    // A payload with keys of its own is JSON; `{ between: 1, 2 }` of YAML is a list that lacks its brackets.
    let is_content = of == "Payload" && others().any(|entry| !is_known(&entry));
    let is_list = !is_null(chosen) && unknown.len() == others().count() && others().all(is_null);
    if is_content || is_list || !is_known(&chosen) {
        return Some(Kind::NoSuchChoice { keys: names(&mut table.live()), of, known });
    }
    let extra = if is_known(&first) { vec![first.key.to_string()] } else { names(&mut unknown.into_iter()) };
    Some(Kind::ExtraKeys { chosen: chosen.key.to_string(), extra, of, known })
}

/// The entry that makes a choice, and its place: the first known one, or else the first.
fn chosen(table: &Table, is_known: impl Fn(&str) -> bool) -> Option<(usize, &Entry)> {
    let live = || table.entries().iter().enumerate().filter(|(_, entry)| !entry.ignored);
    live().find(|(_, entry)| is_known(&entry.key)).or_else(|| live().next())
}

struct Items<'de, I> {
    rest: I,
    from: &'de [usize],
    /// Whether an item may be null, as in JSON.
    nulls: bool,
}

impl<'de, I: Iterator<Item = (&'de Node, usize)>> de::SeqAccess<'de> for Items<'de, I> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mistake> {
        let Some((item, place)) = self.rest.next() else {
            return Ok(None);
        };
        let part = Part::Index(place);
        match item.seen() {
            Some(Value::Null) if !self.nulls => Err(Mistake::new(Kind::EmptyItem).under(part)),
            _ => seed
                .deserialize(Reader::new(item, within(self.from, place)))
                .map(Some)
                .map_err(|mistake| mistake.under(part)),
        }
    }
}

struct Entries<'de, I> {
    rest: I,
    from: &'de [usize],
    entry: Option<(&'de Entry, usize)>,
}

impl<'de, I: Iterator<Item = (&'de Entry, usize)>> de::MapAccess<'de> for Entries<'de, I> {
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mistake> {
        self.entry = self.rest.find(|(entry, _)| !entry.ignored);
        match self.entry {
            Some((entry, _)) => seed.deserialize(BorrowedStrDeserializer::new(&entry.key)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mistake> {
        let Some((entry, place)) = self.entry else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Reader::new(&entry.node, within(self.from, place)))
            .map_err(|mistake| mistake.under(Part::Key(entry.key.to_string())))
    }
}

struct Choice<'de> {
    name: &'de str,
    of: &'static str,
    content: Reader<'de>,
}

impl Choice<'_> {
    fn under(&self, mistake: Mistake) -> Mistake {
        if is_plain(self.name) { mistake } else { mistake.under(Part::Key(self.name.to_owned())) }
    }
}

impl<'de> de::EnumAccess<'de> for Choice<'de> {
    type Error = Mistake;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mistake> {
        let choice: StrDeserializer<'_, Mistake> = self.name.into_deserializer();
        Ok((seed.deserialize(choice)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Choice<'de> {
    type Error = Mistake;

    fn unit_variant(self) -> Result<(), Mistake> {
        match self.content.node.seen() {
            None | Some(Value::Null) => Ok(()),
            _ => Err(self.under(Mistake::new(Kind::WrongType(Wanted::Words("nothing".to_owned()))))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mistake> {
        seed.deserialize(self.content).map_err(|mistake| self.under(mistake))
    }

    fn tuple_variant<V: Visitor<'de>>(self, wanted: usize, visitor: V) -> Result<V::Value, Mistake> {
        self.content.tuple(self.of, wanted, visitor).map_err(|mistake| self.under(mistake))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.content.deserialize_struct("", known, visitor).map_err(|mistake| self.under(mistake))
    }
}
