//! Colours of texts for people. They are escape sequences of a terminal, or nothing where colours are not wanted.

/// What a piece of text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tint {
    /// Nothing in particular.
    #[default]
    Plain,
    /// It is a heading.
    Heading,
    /// It is less important.
    Dim,
    /// All is well.
    Good,
    /// Something to look at.
    Warning,
    /// Something is wrong.
    Bad,
    /// How far something has come.
    Progress,
}

/// Whether texts are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Whether they are.
    pub coloured: bool,
}

impl Paint {
    /// The text in the colour of what it says. Its width must be measured before.
    pub fn text(self, tint: Tint, text: &str) -> String {
        let code = match tint {
            Tint::Plain => return text.to_owned(),
            _ if !self.coloured || text.is_empty() => return text.to_owned(),
            Tint::Heading => "1",
            Tint::Dim => "2",
            Tint::Good => "32",
            Tint::Warning => "33",
            Tint::Bad => "31",
            Tint::Progress => "36",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests;
