//! Faults in the system calls of a program: the nth write, rename, fsync or send fails, or the
//! process is killed there. By strace's tampering, so that the program under test is the one that
//! is shipped.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

use super::process::{self, Finished};

/// What changes files or speaks to others.
const CALLS: [&str; 18] = [
    "write",
    "writev",
    "pwrite64",
    "sendto",
    "sendmsg",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fchmod",
];
/// Longer than any command here takes.
const LIMIT: Duration = Duration::from_secs(120);

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call is not made, and says that it failed.
    Fails,
    /// The process ends before the call.
    Kills,
}

/// The nth call of its kind in a thread.
#[derive(Clone, Debug)]
pub struct Point {
    call: String,
    nth: usize,
    fault: Fault,
    arguments: String,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, nth, fault, arguments } = self;
        write!(f, "{call} number {nth} {fault:?}, as in {arguments}")
    }
}

/// Whether this machine can do it: strace is there, and may trace.
pub fn are_possible() -> bool {
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-e", "inject=fsync:error=EIO", "-e", "trace=fsync", "true"]);
    strace.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs a command as it is; the points where faults can be, in the order they were passed.
///
/// # Errors
/// When it does not end well.
pub fn points(command: &Command, log: &Path, files_under: &Path) -> Result<Vec<Point>> {
    let ended = process::run(&mut under_strace(command, log, None), b"", LIMIT)?;
    anyhow::ensure!(ended.status.success(), "{command:?}: {} {}", ended.stdout, ended.stderr);
    let text = std::fs::read_to_string(log).with_context(|| log.display().to_string())?;
    Ok(parse(&text, &files_under.display().to_string()))
}

/// Runs a command with a fault; `None` where the fault met a runtime's own wake-up, which another
/// order of threads brings about: such a process may wait for ever, and ends at once.
///
/// # Errors
/// When it does not end.
pub fn run_with(command: &Command, point: &Point, log: &Path) -> Result<Option<Finished>> {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                if let Some(process) = of_the_runtime(log) {
                    // It may have ended by itself.
                    let _ = Command::new("kill").args(["-KILL", &process]).status();
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let finished = process::run(&mut under_strace(command, log, Some(point)), b"", LIMIT);
        ended.store(true, Ordering::Relaxed);
        watch.join().expect("watching does not panic");
        match of_the_runtime(log) {
            Some(_) => Ok(None),
            None => finished.map(Some),
        }
    })
}

/// The thread in which a call failed that only wakes another thread.
fn of_the_runtime(log: &Path) -> Option<String> {
    let log = std::fs::read(log).ok()?;
    let log = String::from_utf8_lossy(&log);
    let is_own = |line: &&str| line.contains("(INJECTED)") && line.contains("<anon_inode:");
    log.lines().find(is_own)?.split(' ').next().map(str::to_owned)
}

/// `command` with its folder and variables, and no others.
fn under_strace(command: &Command, log: &Path, point: Option<&Point>) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "--seccomp-bpf", "-yy", "-o"]).arg(log);
    strace.arg("-e").arg(format!("trace={}", CALLS.join(",")));
    if let Some(Point { call, nth, fault, .. }) = point {
        let what = match (fault, call.as_str()) {
            (Fault::Kills, _) => "signal=KILL",
            (Fault::Fails, "sendto" | "sendmsg" | "writev") => "error=ECONNRESET",
            (Fault::Fails, "write" | "pwrite64" | "mkdir" | "mkdirat") => "error=ENOSPC",
            (Fault::Fails, _) => "error=EIO",
        };
        strace.arg("-e").arg(format!("inject={call}:{what}:when={nth}"));
    }
    strace.arg(command.get_program()).args(command.get_args()).env_clear();
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    strace.envs(variables);
    if let Some(dir) = command.get_current_dir() {
        strace.current_dir(dir);
    }
    strace
}

/// strace counts for each thread: so do we. A failing write must not be that of a runtime's own
/// wake-up, in whichever thread.
fn parse(log: &str, files_under: &str) -> Vec<Point> {
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    let (mut points, mut own) = (Vec::new(), Vec::new());
    for line in log.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((call, arguments)) = rest.trim_start().split_once('(') else { continue };
        if !CALLS.contains(&call) {
            continue;
        }
        let nth = counts.entry((thread, call)).or_default();
        *nth += 1;
        let nth = *nth;
        // The first argument is what is written to: a file, a pipe, a connection.
        let to_descriptor = matches!(call, "write" | "writev" | "pwrite64" | "sendto" | "sendmsg");
        let to = if to_descriptor {
            arguments.split_once(", ").map_or("", |(to, _)| to)
        } else {
            arguments
        };
        let ours = to.contains(files_under)
            || to.contains("<TCP:")
            || call == "fsync"
            || call == "fdatasync"
            || (!to_descriptor && !to.starts_with(|c: char| c.is_ascii_digit()));
        if !ours {
            own.push((call, nth));
            continue;
        }
        for fault in [Fault::Fails, Fault::Kills] {
            let arguments: String = arguments.chars().take(120).collect();
            points.push(Point { call: call.to_owned(), nth, fault, arguments });
        }
    }
    points.retain(|point| {
        point.fault == Fault::Kills || !own.contains(&(point.call.as_str(), point.nth))
    });
    points
}
