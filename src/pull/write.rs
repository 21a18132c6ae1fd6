//! Writes what was planned. Each file is whole at any moment, `records.toml` comes before the
//! tree, and `published.toml` is last: whatever ends it, the same again completes it.

use std::collections::BTreeSet;
use std::path::Path;

use super::plan::{Plan, place};
use super::{PullError, Pulled};
use crate::folder::{Kind, Unsuitable};
use crate::workspace::{Config, Workspace};

impl Pulled {
    /// Writes it into `workspace`, whose lock is held. With conflicts, or names that no file can
    /// have, there is nothing to write.
    ///
    /// # Errors
    /// [`PullError::Edited`], [`PullError::Clash`], I/O.
    pub fn write(&mut self, workspace: &Workspace, config: &mut Config) -> Result<(), PullError> {
        let Self { plan, before, base_file, .. } = self;
        check_places(workspace, plan)?;
        let temporary = workspace.temporary()?;
        let mut staged = Vec::new();
        for (path, bytes) in plan.files.iter().filter_map(|(p, b)| Some((p, b.as_ref()?))) {
            let file = temporary.stage(bytes).map_err(workspace.failed(place(path)))?;
            staged.push((place(path), file));
        }
        // Each is whole before it has its place, also after a loss of power.
        workspace.folder().sync().map_err(workspace.failed("."))?;
        if workspace.records_text()?.as_ref() != Some(before) {
            return Err(PullError::Edited);
        }
        if !plan.approvals.is_empty() {
            for (signer, name, approval) in std::mem::take(&mut plan.approvals) {
                config.keep_approvals(signer, [(&name, approval)]);
            }
            workspace.save_config(config)?;
        }
        if plan.records.to_string() != *before {
            workspace.save_records(&plan.records)?;
        }
        let gone = plan.files.iter().filter(|(_, bytes)| bytes.is_none());
        gone.map(|(path, _)| place(path)).try_for_each(|path| workspace.remove(path))?;
        for (path, file) in staged {
            let placed = workspace.folder().place(&path, file);
            placed.map_err(workspace.failed(&path))?;
        }
        // Nothing counts as seen that a loss of power could take away again.
        workspace.folder().sync().map_err(workspace.failed("."))?;
        base_file.as_ref().map_or(Ok(()), |base| Ok(base.write(workspace)?))
    }
}

/// Nothing is begun that a folder in the place of a file would end.
fn check_places(workspace: &Workspace, plan: &Plan) -> Result<(), PullError> {
    let of = |is_gone: bool| {
        let files = plan.files.iter().filter(move |(_, bytes)| bytes.is_none() == is_gone);
        files.map(|(path, _)| place(path)).collect::<BTreeSet<String>>()
    };
    let (gone, new) = (of(true), of(false));
    let kind = |path: &str| match workspace.folder().kind(path) {
        Err(error) if Unsuitable::of(&error).is_some() => Ok(Some(Kind::Link)),
        kind => kind.map_err(workspace.failed(path)),
    };
    let mut seen = BTreeSet::new();
    for path in &new {
        if kind(path)? == Some(Kind::Folder) && !goes_whole(workspace, path, &gone)? {
            return Err(PullError::Clash(path.clone()));
        }
        for folder in Path::new(path).ancestors().skip(1).filter_map(Path::to_str) {
            if folder.is_empty() || !seen.insert(folder.to_owned()) {
                continue;
            }
            let is_file = !matches!(kind(folder)?, None | Some(Kind::Folder));
            if is_file && !gone.contains(folder) || new.contains(folder) {
                return Err(PullError::Clash(folder.to_owned()));
            }
        }
    }
    Ok(())
}

/// Whether all that is in the folder at `path` goes.
fn goes_whole(
    workspace: &Workspace,
    path: &str,
    gone: &BTreeSet<String>,
) -> Result<bool, PullError> {
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        let opened = workspace.folder().folder(&folder).map_err(workspace.failed(&folder))?;
        for (name, kind) in opened.entries().map_err(workspace.failed(&folder))? {
            let path = format!("{folder}/{}", name.to_string_lossy());
            match kind {
                Kind::Folder => open.push(path),
                _ if gone.contains(&path) => {}
                _ => return Ok(false),
            }
        }
    }
    Ok(true)
}
