//! The only place that writes to stdout and stderr. stdout carries the result and nothing else.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use namesys::report::{Document, ErrorReport};
use namesys::secret::redaction::redacted;
use serde::Serialize;

use super::error::{CliError, Exit};
use super::progress::{Progress, Unit, above};
pub use super::shown::shown;
use super::shown::shown_line;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default();

/// How a report reads for people. JSON comes from `Serialize`.
pub trait Human {
    /// Writes the text to stdout, where hidden characters are escaped as by [`shown`]; a text with
    /// line ends of its own goes through it before.
    fn human(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// A result in both renderings.
trait Report {
    fn json(&self, error: Option<ErrorReport>, out: &mut dyn Write) -> io::Result<()>;
    fn human(&self, out: &mut dyn Write) -> io::Result<()>;
}

impl<T: Serialize + Human> Report for T {
    fn json(&self, error: Option<ErrorReport>, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &Document { report: self, error })?;
        out.write_all(b"\n")
    }

    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        Human::human(self, out)
    }
}

/// What a command has to show.
pub struct Outcome {
    report: Option<Box<dyn Report>>,
    error: Option<CliError>,
    exit: Option<Exit>,
    /// Something differs, or is to be done: exit 10.
    differs: bool,
}

/// Where a command was asked whether something differs, and it does.
const DIFFERS: u8 = 10;

impl Outcome {
    /// Done.
    pub fn done(report: impl Serialize + Human + 'static) -> Self {
        Self { report: Some(Box::new(report)), ..Self::written() }
    }

    /// Part of the work was done: the usual fields and, beside them, the error.
    pub fn partial(report: impl Serialize + Human + 'static, error: Option<CliError>) -> Self {
        Self { report: Some(Box::new(report)), error, ..Self::written() }
    }

    /// Both renderings, for `demo`, which shows other commands' outcomes: the JSON document, the
    /// text, and the error.
    #[cfg(feature = "devnet")]
    pub fn into_parts(self) -> (serde_json::Value, String, Option<CliError>) {
        let (mut json, mut text) = (Vec::new(), Vec::new());
        if let Some(report) = &self.report {
            // Writing to memory does not fail.
            let _ = report.json(self.error.as_ref().map(CliError::report), &mut json);
            let _ = report.human(&mut text);
        }
        let json = serde_json::from_slice(&json).unwrap_or_default();
        // Colours, if any, are escaped where the text is shown.
        let text = String::from_utf8_lossy(&text);
        (json, anstream::adapter::strip_str(&text).to_string(), self.error)
    }

    /// Why it is not all done.
    pub fn error(&self) -> Option<&CliError> {
        self.error.as_ref()
    }

    /// Why it is not all done, for whoever goes on with something else.
    pub fn into_error(self) -> Option<CliError> {
        self.error
    }

    /// The same, with an error where none is.
    pub fn with_error(self, error: Option<CliError>) -> Self {
        Self { error: self.error.or(error), ..self }
    }

    /// Whether it ends without an error.
    pub fn is_good(&self) -> bool {
        self.error.is_none() && self.exit.is_none()
    }

    /// Everything was written before, by [`Output::first_line`] or [`Output::raw`].
    pub fn written() -> Self {
        Self { report: None, error: None, exit: None, differs: false }
    }

    /// With exit 10 where nothing failed and something `differs`.
    pub fn differing(self, differs: bool) -> Self {
        Self { differs, ..self }
    }

    /// Everything was written before, and Ctrl-C ended what ran on.
    pub fn stopped() -> Self {
        Self { exit: Some(Exit::Interrupted), ..Self::written() }
    }
}

/// `--color`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Where and how results, notes and errors go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    /// As the parsed flags say. `color` holds for the whole process.
    pub fn new(json: bool, quiet: bool, color: Color) -> Self {
        match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
        Self { json, quiet }
    }

    /// For errors in the arguments themselves: a look at the raw ones.
    pub fn from_arguments() -> Self {
        let arguments: Vec<_> =
            std::env::args_os().skip(1).take_while(|argument| argument != "--").collect();
        let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let color = arguments.windows(2).find(|pair| pair[0] == "--color").map(|pair| &pair[1]);
        let is = |value: &str| {
            color.is_some_and(|color| color == value) || has(&format!("--color={value}"))
        };
        let color = match (is("never"), is("always")) {
            (true, _) => Color::Never,
            (_, true) => Color::Always,
            _ => Color::Auto,
        };
        Self::new(has("--json"), false, color)
    }

    /// The colour choice in clap's type.
    pub fn clap_color(&self) -> clap::ColorChoice {
        match ColorChoice::global() {
            ColorChoice::Always | ColorChoice::AlwaysAnsi => clap::ColorChoice::Always,
            ColorChoice::Never => clap::ColorChoice::Never,
            ColorChoice::Auto => clap::ColorChoice::Auto,
        }
    }

    /// Whether `--json` was given.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// A remark on stderr, silenced by `-q`.
    pub fn note(&self, text: impl Display) {
        if !self.quiet {
            stderr_line(NOTE, "note", &text.to_string());
        }
    }

    /// A warning on stderr.
    pub fn warn(&self, text: impl Display) {
        stderr_line(WARNING, "warning", &text.to_string());
    }

    /// What a question that follows is about, on stderr, also with `-q`.
    pub fn ask_about(&self, text: impl Display) {
        let text: Vec<String> = redacted(&text.to_string()).lines().map(shown).collect();
        // Nobody reads stderr when it is closed.
        let _ = writeln!(anstream::stderr(), "{}", text.join("\n"));
    }

    /// What a command is about to do, on stderr, silenced by `-q` and where JSON tells it.
    pub fn announce(&self, text: impl Display) {
        if !self.quiet && !self.json {
            self.ask_about(text);
        }
    }

    /// A spinner on stderr, which becomes a bar once the total is known: hidden without a
    /// terminal, with `-q` and with `--json`.
    pub fn progress(&self, phase: &'static str, unit: Unit) -> Progress {
        Progress::start(phase, unit, !self.quiet && !self.json)
    }

    /// Whether colours go to stderr.
    pub fn colours_stderr() -> bool {
        anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never
    }

    /// Writes `report` at once, for commands that go on running (`serve`, `devnet`).
    pub fn first_line(&self, report: impl Serialize + Human) -> Result<(), CliError> {
        match self.write(&report, None) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(CliError::io("stdout cannot be written", &error))
            }
            _ => Ok(()),
        }
    }

    /// A line of a result that is shown while it comes about (`demo`).
    #[cfg(feature = "devnet")]
    pub fn line(&self, text: &str) {
        // Whoever closed the pipe has seen enough.
        let _ = writeln!(io::stdout(), "{}", shown(text));
    }

    /// Writes `text` to stdout as it is: a result that is a file of another tool.
    pub fn raw(&self, text: &[u8]) -> Result<Outcome, CliError> {
        self.written(text)
    }

    /// As [`raw`](Self::raw), of bytes that would drive a terminal: `what` they are, and the flags
    /// that take them elsewhere.
    ///
    /// # Errors
    /// Exit 2 where stdout is a terminal.
    pub fn binary(&self, bytes: &[u8], what: &str, instead: &str) -> Result<Outcome, CliError> {
        if io::stdout().is_terminal() {
            return Err(CliError::usage(format!("{what} is binary, and stdout is a terminal"))
                .hint(instead));
        }
        self.written(bytes)
    }

    fn written(&self, bytes: &[u8]) -> Result<Outcome, CliError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(CliError::io("stdout cannot be written", &error))
            }
            _ => Ok(Outcome::written()),
        }
    }

    /// Renders what a command ended with and gives its exit code.
    pub fn finish(&self, outcome: Result<Outcome, CliError>) -> ExitCode {
        let (report, error, differs) = match outcome {
            Ok(Outcome { exit: Some(exit), .. }) => return ExitCode::from(exit.code()),
            Ok(outcome) => (outcome.report, outcome.error, outcome.differs),
            Err(error) => (None, Some(error), false),
        };
        let shown = error.as_ref().map(CliError::report);
        let written = match (&report, &shown) {
            (Some(report), _) => self.write(&**report, shown.clone()),
            (None, Some(shown)) if self.json => self.write(&OnlyError {}, Some(shown.clone())),
            (None, _) => Ok(()),
        };
        if let Some(error) = &error {
            stderr_error(error);
        }
        match written {
            // The reader has seen enough (`| head`).
            Err(broken) if broken.kind() == ErrorKind::BrokenPipe => {}
            Err(failed) => {
                stderr_error(&CliError::io("stdout cannot be written", &failed));
                return ExitCode::from(Exit::Failed.code());
            }
            Ok(()) => {}
        }
        match (error, differs) {
            (Some(error), _) => ExitCode::from(error.exit.code()),
            (None, true) => ExitCode::from(DIFFERS),
            (None, false) => ExitCode::SUCCESS,
        }
    }

    /// Help and version, as asked for.
    pub fn help(&self, text: &clap::Error) -> ExitCode {
        // Whoever closed the pipe has seen enough.
        let _ = text.print();
        ExitCode::SUCCESS
    }

    /// A usage error of clap.
    pub fn usage(&self, error: &clap::Error) -> ExitCode {
        let missing = clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if error.kind() == missing {
            if !self.json {
                let _ = error.print();
                return ExitCode::from(Exit::Usage.code());
            }
            let error = CliError::usage("a command is needed").hint("namesys --help lists them");
            return self.finish(Err(error));
        }
        let text = error.to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let mut parts = text.splitn(2, "\n\n");
        let message = parts.next().unwrap_or_default().trim();
        let hint = parts.next().unwrap_or_default().trim().replace("\n\n", "\n");
        // It stands behind `hint:`.
        let hint = hint.strip_prefix("tip: ").unwrap_or(&hint).replace("\n  tip: ", "\n");
        self.finish(Err(CliError::usage(message).hint(hint)))
    }

    fn write(&self, report: &dyn Report, error: Option<ErrorReport>) -> io::Result<()> {
        // Results are plain bytes, some binary: nothing on the way may strip or colour them.
        let mut out = io::BufWriter::new(io::stdout().lock());
        if self.json {
            report.json(error, &mut out)?
        } else {
            // In one place: no command can forget it. A line end is the command's own.
            let mut text = Vec::new();
            report.human(&mut text)?;
            let text = String::from_utf8_lossy(&text);
            for line in text.split_inclusive('\n') {
                let end = if line.ends_with('\n') { "\n" } else { "" };
                write!(out, "{}{end}", shown_line(line.strip_suffix('\n').unwrap_or(line)))?;
            }
        }
        out.flush()
    }
}

/// A document that is an error and nothing else.
#[derive(Serialize)]
struct OnlyError {}

impl Human for OnlyError {
    fn human(&self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

fn stderr_error(error: &CliError) {
    let ErrorReport { message, hint, .. } = error.report();
    stderr_line(ERROR, "error", &message);
    if let Some(hint) = &hint {
        stderr_line(NOTE, "hint", hint);
    }
}

fn stderr_line(style: Style, label: &str, text: &str) {
    let text: Vec<String> = redacted(text).lines().map(shown).collect();
    // Nobody reads stderr when it is closed.
    let _ = above(|| writeln!(anstream::stderr(), "{style}{label}:{style:#} {}", text.join("\n")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_stands_beside_the_usual_fields() {
        #[derive(Serialize)]
        struct Counted {
            valid: u32,
        }
        impl Human for Counted {
            fn human(&self, _out: &mut dyn Write) -> io::Result<()> {
                Ok(())
            }
        }
        let mut out = Vec::new();
        let error = CliError::usage("no").hint("yes").report();
        Report::json(&Counted { valid: 1 }, Some(error), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "{\"valid\":1,\"error\":{\"kind\":\"usage\",\"message\":\"no\",\"hint\":\"yes\"}}\n"
        );
    }
}
