//! What all pages have in common: their look, their script, and what stands above and below the content. The template
//! `report/frame.html` has the Content-Security-Policy, which forbids a page every request.

/// What stands above and below the content of a page.
pub struct Frame {
    /// The heading.
    pub title: String,
    /// What kind of page it is: `Load test report`.
    pub kind: &'static str,
    /// When it was and how long, or of how many runs it is.
    pub subtitle: String,
    /// Name and version of the program that made the result; empty if they are not known.
    pub program: String,
    /// Where the page leads back to, if a server shows it among others. A file leads nowhere.
    pub back: Option<Back>,
}

/// Where a page leads back to.
#[derive(Debug, Clone, Copy)]
pub struct Back {
    /// A path of the server that shows the page.
    pub path: &'static str,
    /// What the link says.
    pub text: &'static str,
}

impl Frame {
    /// The style sheet of all pages.
    pub const STYLE: &str = include_str!("../../../templates/report/style.css");
    /// The script of all pages: values under the pointer, sorting, the choice of a row.
    pub const SCRIPT: &str = include_str!("../../../templates/report/script.js");
}
