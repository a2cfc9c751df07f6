//! A chart with its title, a sentence that explains it, and the names of its lines.

use std::borrow::Cow;

use askama::Template;

#[derive(Template)]
#[template(path = "report/figure.html", whitespace = "minimize")]
pub(crate) struct Figure {
    pub(crate) title: Cow<'static, str>,
    pub(crate) meaning: Cow<'static, str>,
    /// Class and name of each line.
    pub(crate) legend: Vec<(&'static str, &'static str)>,
    pub(crate) svg: String,
    /// What the labels under the chart are.
    pub(crate) caption: &'static str,
    /// Whether it takes the whole width.
    pub(crate) wide: bool,
    /// Whether it is a heat map, whose shades need a legend of their own.
    pub(crate) shades: bool,
}
