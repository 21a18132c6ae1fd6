//! `pack [DIR]`: the UnixFS root of a folder, and its blocks as a CAR file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cid::Cid;
use namesys::ipfs::Packed;
use namesys::publish::{Bundle, BundleError, Source, TemporaryCar};
use namesys::report::PackReport;
use namesys::workspace::Workspace;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, Outcome};
use crate::cli::progress::Unit;
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

/// Packs.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let source = match args.folder {
        Some(dir) => Source::Folder(dir),
        None => Source::WellKnown(Session::open(context)?.workspace.dir().to_owned()),
    };
    let packed = match &args.car {
        None => measure_keyless(context, source)?,
        Some(path) => {
            // Beside the file, then renamed: a CAR is there whole or not at all.
            let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            if !folder.is_dir() {
                let message = format!("{} is not a folder", folder.display());
                return Err(CliError::usage(message).hint("make it first, or choose another file"));
            }
            let car = TemporaryCar::new_in(folder)?;
            let packed = pack_car(context, source, car.path())?;
            car.keep(path)?;
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

/// Packs `source`, in which no private key may be, into the CAR file at `path`. Ctrl-C ends it at
/// once.
pub fn pack_car(context: &Context, source: Source, path: &Path) -> Result<Packed, CliError> {
    let bar = context.output.progress("packing", Unit::Things("files"));
    let (shown, path) = (bar.clone(), path.to_owned());
    let own = context.own_keys();
    let packing = move || source.pack_keyless(&own, &path, &mut |files| shown.count(files));
    let packed = context.blocking(packing);
    bar.finish();
    packed?.map_err(bundle_error)
}

/// Root and size of `source`, in which no private key may be. Ctrl-C ends it at once.
fn measure_keyless(context: &Context, source: Source) -> Result<Packed, CliError> {
    let bar = context.output.progress("packing", Unit::Things("files"));
    let (shown, own) = (bar.clone(), context.own_keys());
    let packing = move || source.measure_keyless(&own, &mut |files| shown.count(files));
    let packed = context.blocking(packing);
    bar.finish();
    packed?.map_err(bundle_error)
}

fn bundle_error(error: BundleError) -> CliError {
    match error {
        BundleError::Key(error) => error.into(),
        BundleError::Pack(error) => error.into(),
    }
}

/// Packs what of the workspace's tree is sent, as it was checked, in which no private key may be. Ctrl-C ends it at
/// once.
pub fn pack_bundle(context: &Context, workspace: &Workspace) -> Result<Bundle, CliError> {
    let bar = context.output.progress("packing", Unit::Things("files"));
    let (shown, workspace, own) = (bar.clone(), workspace.clone(), context.own_keys());
    let packing = move || {
        let folder = workspace.temporary_dir()?;
        let packed = Bundle::pack_checked(&workspace, &own, &folder, &mut |files| {
            shown.count(files);
        });
        packed.map_err(bundle_error)
    };
    let packed = context.blocking(packing);
    bar.finish();
    packed?
}

/// The root of `source`, by what is known. Ctrl-C ends it at once.
pub fn root_of(context: &Context, source: &Source) -> Result<Cid, CliError> {
    let bar = context.output.progress("packing", Unit::Things("files"));
    let (shown, source) = (bar.clone(), source.clone());
    let root = context.blocking(move || source.root(&mut |files| shown.count(files)));
    bar.finish();
    Ok(root??)
}

/// Root and size of `source`. Ctrl-C ends it at once.
pub fn measure(context: &Context, source: &Source) -> Result<Packed, CliError> {
    let bar = context.output.progress("packing", Unit::Things("files"));
    let (shown, source) = (bar.clone(), source.clone());
    let packed = context.blocking(move || source.measure(&mut |files| shown.count(files)));
    bar.finish();
    Ok(packed??)
}

impl Human for PackReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "root    {}", self.root)?;
        writeln!(out, "blocks  {} ({} bytes)", self.blocks, self.bytes)?;
        self.car.iter().try_for_each(|car| writeln!(out, "wrote   {car}"))
    }
}
