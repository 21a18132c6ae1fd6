//! `pack [DIR]`: the UnixFS root of a folder, and its blocks as a CAR file.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cid::Cid;
use namesys::ipfs::{BlockSink, CarWriter, PackError, Packed, pack_directory, pack_well_known};
use namesys::report::PackReport;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};
use crate::cli::session::Session;

/// `pack …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A folder, packed as it stands; default: what publish sends, the workspace's .well-known
    // Not `dir`, which is the global flag's: they would be one value.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Write the blocks to a CAR file
    #[arg(long, value_name = "FILE")]
    car: Option<PathBuf>,
}

/// What is packed.
pub enum Source<'a> {
    /// A folder as it stands.
    Folder(&'a Path),
    /// A root that holds the workspace's `.well-known` alone.
    WellKnown(&'a Path),
}

/// Counts blocks without keeping them.
struct Nowhere;

impl BlockSink for Nowhere {
    fn put(&mut self, _cid: &Cid, _data: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Packs.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session;
    let source = match &args.folder {
        Some(dir) => Source::Folder(dir),
        None => {
            session = Session::open(context)?;
            Source::WellKnown(session.workspace.dir())
        }
    };
    let packed = match &args.car {
        None => pack(context, &source, &mut Nowhere)?,
        Some(path) => {
            // Beside the file, then renamed: a CAR is there whole or not at all.
            let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            if !folder.is_dir() {
                let message = format!("{} is not a folder", folder.display());
                return Err(CliError::usage(message).hint("make it first, or choose another file"));
            }
            let mode = std::fs::Permissions::from_mode(0o666);
            let mut builder = tempfile::Builder::new();
            let file = builder.prefix(".car-").permissions(mode).tempfile_in(folder);
            let file = file.map_err(|error| failed(path, &error))?;
            let packed = pack_car(context, &source, file.path())?;
            file.persist(path).map_err(|error| failed(path, &error.error))?;
            packed
        }
    };
    Ok(Outcome::done(PackReport {
        root: packed.root.to_string(),
        blocks: packed.blocks,
        bytes: packed.bytes,
        car: args.car.map(|path| path.display().to_string()),
    }))
}

/// Packs `source` into a CAR file at `path`.
pub fn pack_car(context: &Context, source: &Source<'_>, path: &Path) -> Result<Packed, CliError> {
    let mut car = CarWriter::create(path).map_err(|error| failed(path, &error))?;
    let packed = pack(context, source, &mut car)?;
    car.finish(&packed.root).map_err(|error| failed(path, &error))?;
    Ok(packed)
}

/// The root of `source`, which is packed to nowhere.
pub fn root_of(context: &Context, source: &Source<'_>) -> Result<Cid, CliError> {
    Ok(pack(context, source, &mut Nowhere)?.root)
}

fn failed(path: &Path, error: &io::Error) -> CliError {
    CliError::io(format!("{} cannot be written", path.display()), error)
}

fn pack(
    context: &Context,
    source: &Source<'_>,
    sink: &mut dyn BlockSink,
) -> Result<Packed, CliError> {
    let bar = context.output.progress(0, "packing");
    let mut progress = |files| bar.set_position(files);
    let packed: Result<Packed, PackError> = match source {
        Source::Folder(dir) => pack_directory(dir, sink, &mut progress),
        Source::WellKnown(workspace) => pack_well_known(workspace, sink, &mut progress),
    };
    bar.finish_and_clear();
    Ok(packed?)
}

impl Human for PackReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "root    {}", self.root)?;
        writeln!(out, "blocks  {} ({} bytes)", self.blocks, self.bytes)?;
        self.car.iter().try_for_each(|car| writeln!(out, "wrote   {car}"))
    }
}
