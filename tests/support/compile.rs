//! Scenarios compiled. A test says only what differs from a machine without files and variables.

use std::collections::BTreeSet;
use std::path::Path;

use mqtt_scenario::compile::{Compiled, Context, Overrides, compile};
use mqtt_scenario::diagnostic::{Diagnostic, FieldPath};
use mqtt_scenario::plan::Plan;
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::parse::Parsed;
use mqtt_scenario::scenario::source::Source;

type Env<'a> = Box<dyn Fn(&str) -> Option<String> + 'a>;
type Files<'a> = Box<dyn Fn(&str) -> Result<Vec<u8>, String> + 'a>;

/// A scenario that was read, and what it is compiled with.
pub(crate) struct TestScenario<'a> {
    pub(crate) source: Source,
    pub(crate) parsed: Parsed,
    files: Files<'a>,
    env: Env<'a>,
    run_id: Option<&'a str>,
    overrides: Overrides,
    reported: Option<BTreeSet<FieldPath>>,
}

impl<'a> TestScenario<'a> {
    /// Reads a text in TOML.
    pub(crate) fn toml(text: impl Into<String>) -> Self {
        Self::text(text, Format::Toml)
    }

    /// Reads a text.
    pub(crate) fn text(text: impl Into<String>, format: Format) -> Self {
        let name = if format == Format::Toml { "test.toml" } else { "test.yaml" };
        Self::new(Source::parse(name, text, format))
    }

    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Self {
        Self::new(Source::read(path).unwrap())
    }

    fn new((source, parsed): (Source, Parsed)) -> Self {
        Self {
            source,
            parsed,
            files: Box::new(|_| Err("there is no such file".to_owned())),
            env: Box::new(|_| None),
            run_id: None,
            overrides: Overrides::default(),
            reported: None,
        }
    }

    /// Finds files by this.
    pub(crate) fn files(self, files: impl Fn(&str) -> Result<Vec<u8>, String> + 'a) -> Self {
        Self { files: Box::new(files), ..self }
    }

    /// Finds these files.
    pub(crate) fn with_files(self, files: &'a [(&str, &[u8])]) -> Self {
        self.files(move |path| {
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, bytes)| bytes.to_vec()).ok_or_else(|| "there is no such file".to_owned())
        })
    }

    /// Finds these variables of the environment.
    pub(crate) fn env(self, variables: &'a [(&str, &str)]) -> Self {
        let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        Self { env: Box::new(move |name| value(name).map(|value| (*value).to_owned())), ..self }
    }

    /// Ends default client ids with this.
    pub(crate) fn run_id(self, run_id: &'a str) -> Self {
        Self { run_id: Some(run_id), ..self }
    }

    /// Takes this from the command line.
    pub(crate) fn overrides(self, overrides: &Overrides) -> Self {
        Self { overrides: overrides.clone(), ..self }
    }

    /// Compiles as if reading had complained about these places.
    pub(crate) fn reported(self, places: BTreeSet<FieldPath>) -> Self {
        Self { reported: Some(places), ..self }
    }

    /// Compiles it, whatever reading has found.
    pub(crate) fn compile(&self) -> Result<Compiled, Vec<Diagnostic>> {
        let context = Context {
            file_stem: "file",
            env: &*self.env,
            hostname: "rig",
            run_id: self.run_id,
            embedded_options: &|options| match options {
                "bad" => Err("unknown option `bad`".to_owned()),
                _ => Ok(()),
            },
            files: &|_, path| (self.files)(path),
            folder: &|_| String::new(),
            line: &|at| self.source.line(at),
            overrides: &self.overrides,
            reported: self.reported.as_ref().unwrap_or_else(|| self.parsed.reported.paths()),
        };
        compile(&self.parsed.scenario, &context)
    }

    /// Compiles it; nothing is wrong with it.
    pub(crate) fn compiled(&self) -> Compiled {
        assert_eq!(self.parsed.diagnostics, []);
        self.compile().unwrap_or_else(|found| panic!("{found:?}\n{}", self.source.text()))
    }

    /// What compiling says against it; reading has found nothing.
    pub(crate) fn refused(&self) -> Vec<Diagnostic> {
        assert_eq!(self.parsed.diagnostics, []);
        self.compile().map(|_| "it compiles").unwrap_err()
    }

    /// Its plan; nothing is wrong with it.
    pub(crate) fn plan(&self) -> Plan {
        self.compiled().plan
    }
}
