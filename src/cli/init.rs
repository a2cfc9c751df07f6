//! `init`: a scenario to start from, with the schema for editors beside it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::examples::Example;
use crate::cli::{examples, exit, schema_file};
use crate::report::command::argument;
use crate::report::destination::Destination;
use crate::scenario::files::Format;

const TOML: &str = include_str!("starter.toml");
const YAML: &str = include_str!("starter.yaml");

const AFTER_HELP: &str = "\
The scenario runs as it is, on a broker inside the process. Its comments say what to change. Editors
complete and check it by scenario.schema.json, which is written beside it.

Examples:
  mqtt-scenario init                       scenario.toml
  mqtt-scenario init load/fleet.yaml       the same in YAML
  mqtt-scenario init --from sensors        sensors.toml and its CSV file
  mqtt-scenario examples                   what else there is";

/// Write a commented scenario to start from
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct InitOptions {
    /// The file to write; its ending chooses between TOML and YAML [default: scenario.toml, or NAME.toml]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Write this example of the program, with the files that belong to it
    #[arg(long, value_name = "NAME", add = examples::names())]
    from: Option<String>,

    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
}

/// A file to write.
struct Wanted {
    path: PathBuf,
    text: String,
    /// A folder of the example's own.
    folder: Option<PathBuf>,
}

pub(super) fn run(options: &InitOptions) -> ExitCode {
    match try_run(options) {
        Ok(said) => exit::output(&said),
        Err((code, message)) => exit::error(code, message),
    }
}

fn try_run(options: &InitOptions) -> Result<String, (u8, String)> {
    let bad = |message: String| (exit::BAD_INPUT, message);
    let example = options.from.as_deref().map(Example::named).transpose().map_err(bad)?;
    let file = options.file.clone().unwrap_or_else(|| match example {
        Some(example) => PathBuf::from(format!("{}.toml", example.name)),
        None => PathBuf::from("scenario.toml"),
    });
    if file.to_string_lossy().contains(char::is_control) {
        return Err(bad("the name of the file has a control character\nhelp: name another file".to_owned()));
    }
    let shown = file.display();
    let Some(format) = Format::of(&file) else {
        let help = "the name of a scenario ends in .toml, .yaml or .yml";
        return Err(bad(format!("cannot tell the format of {shown} from its name\nhelp: {help}")));
    };
    let mut wanted = wanted(example, &file, format).map_err(bad)?;
    // What two copies of an example share may be there already.
    wanted.retain(|one| one.path == file || !is_there(one));
    if !options.force
        && let Some(there) = wanted.iter().find(|wanted| wanted.path.symlink_metadata().is_ok())
    {
        let help = "name another file, or give --force to overwrite it";
        return Err(bad(format!("{} exists\nhelp: {help}", there.path.display())));
    }
    let mut said = Vec::new();
    for one in &wanted {
        write(one, options.force)?;
        if one.path != file {
            said.push(format!("{}: written\n", one.path.display()));
        }
    }
    let schema = schema_file::path_for(&file);
    match schema_file::write_for(&file) {
        Ok(_) => said.push(format!("{}: written, for editors\n", schema.display())),
        Err(error) => said.push(format!("{}: not written: {error}\n", schema.display())),
    }
    said.push(format!("{shown}: written; run it with: mqtt-scenario run {}\n", in_a_line(&file)));
    Ok(said.concat())
}

/// The files of a scenario, itself the last.
fn wanted(example: Option<Example>, file: &Path, format: Format) -> Result<Vec<Wanted>, String> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let Some(example) = example else {
        let text = if format == Format::Toml { TOML } else { YAML };
        return Ok(vec![Wanted { path: file.to_owned(), text: text.to_owned(), folder: None }]);
    };
    if format != Format::Toml {
        let name = example.name;
        return Err(format!(
            "the example {name} is TOML, and {} is YAML\nhelp: name a file that ends in .toml",
            file.display()
        ));
    }
    let mut wanted: Vec<_> = example
        .besides
        .iter()
        .map(|(path, text)| Wanted {
            path: folder.join(path),
            text: (*text).to_owned(),
            folder: Path::new(path).parent().filter(|own| *own != Path::new("")).map(|own| folder.join(own)),
        })
        .collect();
    wanted.push(Wanted { path: file.to_owned(), text: adapted(example, file), folder: None });
    Ok(wanted)
}

/// The text of an example for the place where it is written: its schema lies beside it, and it is called by another path.
fn adapted(example: Example, file: &Path) -> String {
    let called = example.body().replace(&format!("scenarios/{}.toml", example.name), &in_a_line(file));
    format!("#:schema {}\n{called}", schema_file::NAME)
}

fn is_there(Wanted { path, text, .. }: &Wanted) -> bool {
    path.is_file() && std::fs::read_to_string(path).is_ok_and(|there| there == *text)
}

/// A file as a word of a command line.
fn in_a_line(file: &Path) -> String {
    if file.to_string_lossy().starts_with('-') {
        argument(&Path::new(".").join(file))
    } else {
        argument(file)
    }
}

fn write(Wanted { path, text, folder: of }: &Wanted, overwrites: bool) -> Result<(), (u8, String)> {
    let shown = path.display();
    let above = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = of.as_deref().or(above).filter(|folder| !folder.exists()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| (exit::CANNOT_GO_ON, format!("cannot make {}: {error}", folder.display())))?;
    }
    let written = if overwrites {
        schema_file::replace(path, text)
    } else {
        Destination::create_for_good(path, text.as_bytes())
    };
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let help = "name another file, or give --force to overwrite it";
            (exit::BAD_INPUT, format!("{shown} exists\nhelp: {help}"))
        }
        _ => (exit::CANNOT_GO_ON, format!("cannot write {shown}: {error}")),
    })
}
