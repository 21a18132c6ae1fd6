//! Words for people in results: states in colour, columns, times.

use std::io;
use std::sync::OnceLock;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use jiff::{SignedDuration, Timestamp};
use unicode_width::UnicodeWidthStr;

/// How a state is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// To be done, or not known.
    Open,
    /// Not as it should be.
    Bad,
}

/// `state` in the colour of its tone, where stdout shows colours. Pad it before.
pub fn state(tone: Tone, state: &str) -> String {
    static IS_COLOURED: OnceLock<bool> = OnceLock::new();
    let is_coloured =
        IS_COLOURED.get_or_init(|| AutoStream::choice(&io::stdout()) != ColorChoice::Never);
    match is_coloured {
        true => coloured(tone, state),
        false => state.to_owned(),
    }
}

fn coloured(tone: Tone, state: &str) -> String {
    let colour = match tone {
        Tone::Good => AnsiColor::Green,
        Tone::Open => AnsiColor::Yellow,
        Tone::Bad => AnsiColor::Red,
    };
    let style = match tone {
        Tone::Bad => Style::new().bold(),
        _ => Style::new(),
    };
    let style = style.fg_color(Some(colour.into()));
    format!("{style}{state}{style:#}")
}

/// The columns that `text` takes in a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` and spaces up to `columns` of a terminal.
pub fn pad(text: &str, columns: usize) -> String {
    let spaces = columns.saturating_sub(width(text));
    format!("{text}{:spaces$}", "")
}

/// A time in RFC 3339 as people read it, `2027-11-29 22:08 UTC (in 1 year)`; what is none, as it
/// is.
pub fn when(time: &str) -> String {
    match time.parse() {
        Ok(time) => when_from(time, Timestamp::now()),
        Err(_) => time.to_owned(),
    }
}

fn when_from(time: Timestamp, now: Timestamp) -> String {
    let away = time.duration_since(now);
    let rough = rough(away.abs());
    let (before, after) = if away.is_negative() { ("", " ago") } else { ("in ", "") };
    format!("{} ({before}{rough}{after})", time.strftime("%Y-%m-%d %H:%M UTC"))
}

/// In its largest unit, rounded.
fn rough(away: SignedDuration) -> String {
    const UNITS: [(&str, i64, i64); 4] =
        [("minute", 60, 60), ("hour", 3600, 48), ("day", 86_400, 60), ("month", 2_629_746, 12)];
    let seconds = away.as_secs();
    let rounded = |unit: i64| (seconds + unit / 2) / unit;
    let found = UNITS.into_iter().find(|(_, unit, most)| rounded(*unit) < *most);
    let (name, unit, _) = found.unwrap_or(("year", 31_556_952, 0));
    match rounded(unit) {
        0 => "less than a minute".to_owned(),
        1 => format!("1 {name}"),
        many => format!("{many} {name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_for_people() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        for (time, said) in [
            ("2027-11-29T22:08:07.9Z", "2027-11-29 22:08 UTC (in 1 year)"),
            ("2026-11-30T12:00:10Z", "2026-11-30 12:00 UTC (in less than a minute)"),
            ("2026-11-30T12:05:00Z", "2026-11-30 12:05 UTC (in 5 minutes)"),
            ("2026-12-01T12:00:00Z", "2026-12-01 12:00 UTC (in 24 hours)"),
            ("2026-12-30T12:00:00Z", "2026-12-30 12:00 UTC (in 30 days)"),
            ("2026-11-29T11:00:00Z", "2026-11-29 11:00 UTC (25 hours ago)"),
            ("2026-05-30T12:00:00Z", "2026-05-30 12:00 UTC (6 months ago)"),
            ("9999-12-30T22:00:00Z", "9999-12-30 22:00 UTC (in 7973 years)"),
        ] {
            assert_eq!(when_from(time.parse().unwrap(), now), said);
        }
        assert_eq!(when("no time"), "no time");
    }

    #[test]
    fn columns_count_what_is_seen() {
        assert_eq!(pad("🦇.eth", 8), "🦇.eth  ");
        assert_eq!(pad("日本.eth", 10), "日本.eth  ");
        assert_eq!(pad("e\u{301}", 3), "e\u{301}  ");
        assert_eq!(pad("longer", 3), "longer");
    }

    #[test]
    fn states_have_colours_and_no_text_of_their_own() {
        let shown = coloured(Tone::Bad, "FAILED");
        assert!(shown.starts_with('\u{1b}') && shown.ends_with("\u{1b}[0m"), "{shown:?}");
        assert_eq!(anstream::adapter::strip_str(&shown).to_string(), "FAILED");
        // stdout of a test is no terminal.
        assert_eq!(state(Tone::Good, "ok"), "ok");
    }
}
