//! How far a piece of work is: a spinner that names the phase while the total is not known, a bar
//! with units once it is.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Every bar: what is written to stderr meanwhile stands above them.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// How often a spinner moves.
const TICK: Duration = Duration::from_millis(120);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things, by their name.
    Things(&'static str),
    /// Bytes, shown in KiB and MiB.
    Bytes,
}

/// The progress of a piece of work. Clones show the same; it goes away with [`finish`](Self::finish)
/// or with the last of them.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
    unit: Unit,
}

impl Progress {
    /// Shown only where `is_shown` and stderr is a terminal.
    pub fn start(phase: impl Into<Cow<'static, str>>, unit: Unit, is_shown: bool) -> Self {
        let bar = ProgressBar::no_length();
        let bar = match is_shown && io::stderr().is_terminal() {
            true => BARS.add(bar),
            false => {
                bar.set_draw_target(ProgressDrawTarget::hidden());
                bar
            }
        };
        let progress = Self { bar, unit };
        progress.phase(phase);
        progress.bar.enable_steady_tick(TICK);
        progress
    }

    /// Goes on to another piece of work, of which nothing is known yet.
    pub fn phase(&self, phase: impl Into<Cow<'static, str>>) {
        self.bar.unset_length();
        self.bar.reset();
        self.bar.set_style(style(self.unit, None));
        self.bar.set_message(phase);
    }

    /// `done` of `total`, which may be 0 where it is not known.
    pub fn at(&self, done: u64, total: u64) {
        let known = (total > 0).then_some(total);
        if known != self.bar.length() {
            match known {
                Some(total) => self.bar.set_length(total),
                None => self.bar.unset_length(),
            }
            self.bar.set_style(style(self.unit, known));
        }
        self.bar.set_position(done);
    }

    /// As [`at`](Self::at); once all is done, `next` is what goes on.
    pub fn at_then(&self, done: u64, total: u64, next: &'static str) {
        match total > 0 && done >= total {
            true => self.phase(next),
            false => self.at(done, total),
        }
    }

    /// One more, of a total that is not known.
    pub fn one_more(&self) {
        self.bar.inc(1);
        if self.bar.length().is_none() && self.bar.position() == 1 {
            self.bar.set_style(style(self.unit, None));
        }
    }

    /// `done`, of a total that is not known.
    pub fn count(&self, done: u64) {
        self.at(done, 0);
    }

    /// Takes it away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// What is drawn: only of a known total there is a bar.
fn template(unit: Unit, total: Option<u64>) -> String {
    match (unit, total) {
        (Unit::Bytes, Some(_)) => {
            "{spinner} {msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {eta}".to_owned()
        }
        (Unit::Bytes, None) => "{spinner} {msg} {elapsed}".to_owned(),
        (Unit::Things(things), Some(_)) => {
            format!("{{spinner}} {{msg}} {{wide_bar}} {{human_pos}}/{{human_len}} {things} {{eta}}")
        }
        (Unit::Things(things), None) => {
            format!("{{spinner}} {{msg}} {{human_pos}} {things} {{elapsed}}")
        }
    }
}

fn style(unit: Unit, total: Option<u64>) -> ProgressStyle {
    let style = ProgressStyle::with_template(&template(unit, total));
    style.unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Runs `write`, which writes to the terminal, while no bar is on it.
pub fn above<T>(write: impl FnOnce() -> T) -> T {
    BARS.suspend(write)
}

/// stderr for the log: each of its lines stands above the bars.
#[derive(Clone, Copy, Debug)]
pub struct AboveBars;

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        above(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_bar_before_the_total_is_known_nor_of_nothing() {
        let progress = Progress::start("packing", Unit::Things("files"), true);
        assert_eq!((progress.bar.length(), progress.bar.message()), (None, "packing".into()));
        progress.at(0, 0);
        assert_eq!(progress.bar.length(), None, "0 of 0 is no full bar");
        progress.at(1, 4);
        assert_eq!((progress.bar.length(), progress.bar.position()), (Some(4), 1));
        progress.at_then(4, 4, "waiting for the server");
        assert_eq!(progress.bar.length(), None, "nothing is known of what follows");
        assert_eq!(progress.bar.message(), "waiting for the server");
        progress.count(7);
        assert_eq!((progress.bar.length(), progress.bar.position()), (None, 7));
        progress.finish();
    }

    #[test]
    fn what_is_drawn_names_its_units() {
        for unit in [Unit::Bytes, Unit::Things("files")] {
            assert!(template(unit, Some(3)).contains("wide_bar"));
            assert!(!template(unit, None).contains("wide_bar"));
            for total in [None, Some(3)] {
                ProgressStyle::with_template(&template(unit, total)).unwrap();
            }
        }
        assert!(template(Unit::Things("files"), Some(3)).contains("{human_len} files"));
        assert!(template(Unit::Bytes, Some(3)).contains("binary_total_bytes"));
    }
}
