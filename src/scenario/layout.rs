//! TOML laid out in the one way of `fmt`: only white space and trailing commas change.
//!
//! It works on tokens and not on a tree, so that everything but white space stays by construction: comments, the order
//! of keys, the spelling of texts and numbers. Which lists stand on one line and which on several is the author's
//! choice, since only the author knows what belongs together.

use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

const INDENT: &str = "  ";

/// The same TOML with normal spacing: `key = value`, `[a, b]`, `{ a = 1 }`, a line for each item of a list over
/// several lines, one blank line before each table, never two. The text must be valid TOML.
pub fn layout(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    for line in spaced(lines(text)) {
        out.push_str(&line.text);
        out.push('\n');
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Comment,
    Header,
    Entry,
}

/// A key with its value, however many lines that takes, or a line with something else.
#[derive(Debug)]
struct Line {
    kind: Kind,
    text: String,
}

impl Line {
    fn blank() -> Self {
        Self { kind: Kind::Blank, text: String::new() }
    }

    fn of(text: &str, tokens: &[Token]) -> Self {
        let kind = match tokens.first().map(Token::kind) {
            None => return Self::blank(),
            Some(TokenKind::Comment) => Kind::Comment,
            Some(TokenKind::LeftSquareBracket) => Kind::Header,
            Some(_) => Kind::Entry,
        };
        Self { kind, text: Writer::new(text, tokens).write() }
    }
}

/// Splits at the line ends outside of brackets.
fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::Whitespace | TokenKind::Eof => continue,
            TokenKind::Newline if depth == 0 => {
                lines.push(Line::of(text, &tokens));
                tokens.clear();
                continue;
            }
            kind if is_opener(kind) => depth += 1,
            kind if is_closer(kind) => depth = depth.saturating_sub(1),
            _ => {}
        }
        tokens.push(token);
    }
    lines.push(Line::of(text, &tokens));
    lines
}

/// One blank line before each table and the comment right above it, none after its first line; never two, none
/// at the ends.
fn spaced(lines: Vec<Line>) -> Vec<Line> {
    let mut spaced: Vec<Line> = Vec::with_capacity(lines.len());
    for line in lines {
        match line.kind {
            Kind::Blank
                if spaced.last().is_none_or(|last| matches!(last.kind, Kind::Blank | Kind::Header)) =>
            {
                continue;
            }
            Kind::Header => {
                let comments = spaced.iter().rev().take_while(|line| line.kind == Kind::Comment).count();
                let index = spaced.len() - comments;
                if index > 0 && spaced[index - 1].kind != Kind::Blank {
                    spaced.insert(index, Line::blank());
                }
            }
            _ => {}
        }
        spaced.push(line);
    }
    while spaced.last().is_some_and(|last| last.kind == Kind::Blank) {
        spaced.pop();
    }
    spaced
}

fn is_opener(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket)
}

fn is_closer(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket)
}

/// Writes the tokens of one line, or of several inside brackets.
struct Writer<'a> {
    text: &'a str,
    tokens: &'a [Token],
    out: String,
    /// For each open bracket, whether its content stands on lines of its own.
    open: Vec<bool>,
    /// Line ends since the last token.
    newlines: usize,
    /// Where the last token ended, comments aside, and which token it was.
    last: (usize, Option<TokenKind>),
    before: Option<TokenKind>,
}

impl<'a> Writer<'a> {
    fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Self {
            text,
            tokens,
            out: String::new(),
            open: Vec::new(),
            newlines: 0,
            last: (0, None),
            before: None,
        }
    }

    fn write(mut self) -> String {
        let spread = spread(self.tokens);
        for (i, token) in self.tokens.iter().enumerate() {
            let kind = token.kind();
            match kind {
                TokenKind::Newline => {
                    self.newlines += 1;
                    continue;
                }
                // To the item it follows, even if a comment or a line end stands between.
                TokenKind::Comma => {
                    self.comma();
                    continue;
                }
                kind if is_closer(kind) => self.close(),
                _ => {}
            }
            self.separate(kind);
            let raw = self.text.get(token.span().start()..token.span().end()).unwrap_or_default();
            self.out.push_str(if kind == TokenKind::Comment { raw.trim_end() } else { raw });
            self.before = Some(kind);
            if kind != TokenKind::Comment {
                self.last = (self.out.len(), Some(kind));
            }
            if is_opener(kind) {
                self.open.push(spread[i]);
            }
        }
        self.out
    }

    fn comma(&mut self) {
        let (end, _) = self.last;
        self.out.insert(end, ',');
        self.last = (end + 1, Some(TokenKind::Comma));
        if self.before != Some(TokenKind::Comment) {
            self.before = Some(TokenKind::Comma);
        }
    }

    /// Before a closing bracket: a line end where its content has lines of its own, after a comma.
    fn close(&mut self) {
        if self.open.pop() == Some(true) {
            if !matches!(self.last.1, Some(TokenKind::Comma)) && !self.last.1.is_some_and(is_opener) {
                self.comma();
            }
            self.newlines = 1;
        } else {
            self.newlines = 0;
        }
    }

    /// What stands between the last token and one of this kind.
    fn separate(&mut self, kind: TokenKind) {
        use TokenKind::{
            Atom, Comma, Comment, Dot, Equals, LeftCurlyBracket, LeftSquareBracket, RightCurlyBracket,
            RightSquareBracket,
        };
        let Some(before) = self.before else { return };
        // A comment behind the bracket stays there.
        let first = is_opener(before) && kind != Comment && self.open.last() == Some(&true);
        if self.newlines > 0 || first {
            let blank = self.newlines > 1 && !is_opener(before);
            self.out.push_str(if blank { "\n\n" } else { "\n" });
            let depth = self.open.iter().filter(|spread| **spread).count();
            self.out.extend(std::iter::repeat_n(INDENT, depth));
            self.newlines = 0;
            return;
        }
        if kind == Comment {
            // Two, so that a comment stands apart from what it follows.
            self.out.push_str("  ");
            return;
        }
        let closes_empty = before == LeftCurlyBracket && kind == RightCurlyBracket;
        let is_tight = matches!(before, LeftSquareBracket | Dot) || matches!(kind, RightSquareBracket | Dot);
        let space = match (before, kind) {
            (Comma | Equals, _) | (_, Equals) | (Atom, Atom) => true,
            (LeftCurlyBracket, _) | (_, RightCurlyBracket) => !closes_empty && !is_tight,
            _ => false,
        };
        if space {
            self.out.push(' ');
        }
    }
}

/// For each token whether it is a bracket with a line end directly inside.
fn spread(tokens: &[Token]) -> Vec<bool> {
    let mut spread = vec![false; tokens.len()];
    let mut open = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match token.kind() {
            kind if is_opener(kind) => open.push(i),
            kind if is_closer(kind) => drop(open.pop()),
            TokenKind::Newline => {
                if let Some(opener) = open.last() {
                    spread[*opener] = true;
                }
            }
            _ => {}
        }
    }
    spread
}

#[cfg(test)]
mod tests;
