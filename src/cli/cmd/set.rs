//! `set TYPE [KEY] VALUE`, `unset [TYPE] [KEY]`

use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use namesys::ens::Name;
use namesys::record::{RecordKey, Value, abi_from_file, remarks};
use namesys::report::{ErrorKind, RecordReport, UnsetNameReport};
use namesys::secret;
use namesys::workspace::{Holds, NoPhase, Phase, PhaseError, Phases, parse_time};

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::mass_removal::MassRemovalArgs;
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::session::Session;
use crate::cli::suggest;

/// What to type for an empty text, and for none.
const EMPTY: &str = "\"\" is the empty value; namesys unset removes a record";

/// Most bytes of an ABI file, which may become fewer.
const MAX_ABI: u64 = 4 << 20;

/// `set …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// text, address, contenthash, pubkey, name, interface, abi or dns
    #[arg(value_name = "TYPE", value_parser = suggest::kinds(), hide_possible_values = true)]
    kind: String,
    /// KEY (where the type has one) and VALUE: text KEY VALUE, address COIN ADDRESS, contenthash
    /// URI, pubkey X Y, name NAME, interface 0x01ffc9a7 ADDRESS, abi 1 FILE (JSON; 2 compresses
    /// it; 15 with --type 1, as ensjs asks), dns zonehash HEX
    #[arg(value_name = "KEY VALUE", required = true, num_args = 1..,
          value_parser = suggest::record_keys(), hide_possible_values = true)]
    rest: Vec<String>,
    /// Which content type FILE is, where abi is given a mask of several, such as 15
    #[arg(long = "type", value_name = "N")]
    content_type: Option<u64>,
    /// The workspace's name, or a name under it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// From when on the record has this value (2027-01-01T00:00:00Z): what it has before stays until
    /// then. Without --starts and --ends it has this value at all times
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    starts: Option<Timestamp>,
    /// Until when it has this value
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    ends: Option<Timestamp>,
}

/// `unset …`
#[derive(Debug, clap::Args)]
pub struct UnsetArgs {
    /// text, address, contenthash, pubkey, name, interface, abi or dns; without it, every record of
    /// the name that --name gives
    #[arg(value_name = "TYPE", value_parser = suggest::kinds(), hide_possible_values = true,
          required_unless_present = "name")]
    kind: Option<String>,
    /// The key, where the type has one
    #[arg(value_parser = suggest::record_keys(), hide_possible_values = true)]
    key: Option<String>,
    /// The workspace's name, or a name under it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only the phase that holds at this time; those before and after it stay
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "kind")]
    phase: Option<Timestamp>,
    #[command(flatten)]
    mass_removal: MassRemovalArgs,
}

/// Writes a record into `records.toml`.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let name = session.name(context, args.name.as_deref())?;
    name.check_folder()?;
    let (key, value) = parse_words(context, &args.kind, &args.rest, args.content_type)?;
    let _lock = session.workspace.lock()?;
    let mut records = session.workspace.records(&session.config)?;
    let phase = Phase { value: value.clone(), starts: args.starts, ends: args.ends };
    let had = records.phases(&name, &key).cloned();
    let wanted = wanted(had.as_ref(), &phase)?;
    if records.set_phases(&name, &key, wanted.clone())? {
        session.workspace.save_records(&records)?;
    }
    let mut notes = remarks(&name, &key, &value);
    notes.extend(phase_note(had.as_ref(), &wanted, &phase, records.now()));
    let given = args.rest.last().map_or("", String::as_str);
    notes.extend(value.address_note(given));
    notes.extend(secret_note(&value));
    notes.iter().for_each(|note| context.output.note(note));
    Ok(Outcome::done(report(&name, &key, &kept(&wanted, phase), notes)))
}

/// What the record is to say with one more phase; one without times is all of it.
fn wanted(had: Option<&Phases>, phase: &Phase) -> Result<Phases, CliError> {
    let is_always = phase.starts.is_none() && phase.ends.is_none();
    let wanted = match had.filter(|_| !is_always) {
        Some(had) => had.with(phase.clone()),
        None => Phases::new(vec![phase.clone()]),
    };
    wanted.map_err(|error| match error {
        PhaseError::Backwards { starts, ends, .. } => {
            CliError::usage(format!("--ends {ends} is not after --starts {starts}"))
                .hint("give a later --ends, or none")
        }
        error => CliError::usage(error.to_string()),
    })
}

/// What became of the other phases.
fn phase_note(
    had: Option<&Phases>,
    wanted: &Phases,
    phase: &Phase,
    now: Timestamp,
) -> Option<String> {
    let count = had.map_or(0, |had| had.timed().len());
    let goes = had.is_some_and(|had| had.at(now).is_some()) && wanted.at(now).is_none();
    let is_timed = phase.starts.is_some() || phase.ends.is_some();
    match (wanted.timed(), phase.holds(now)) {
        _ if is_timed && had == Some(wanted) => {
            Some(format!("nothing changes: it says already, {}", shown_phases(wanted)))
        }
        (_, _) if goes => {
            Some(format!("no phase holds now: it is published no more; {}", shown_phases(wanted)))
        }
        ([], _) if count > 0 => {
            let had = match count {
                1 => "its phase is gone".to_owned(),
                _ => format!("its {count} phases are gone"),
            };
            Some(format!("{had}: it has this value at all times"))
        }
        ([], _) => None,
        (_, Holds::Ended) => {
            Some("that time has passed: it is neither signed nor published".into())
        }
        ([_], _) => None,
        (phases, _) => {
            Some(format!("it says, in {} phases, {}", phases.len(), shown_phases(wanted)))
        }
    }
}

/// Every phase with its time.
fn shown_phases(phases: &Phases) -> String {
    let told = |one: &Phase| format!("{one}: {}", shown_value(&one.value.to_string()));
    phases.to_vec().iter().map(told).collect::<Vec<_>>().join("; ")
}

/// The phase as it is kept: one that was given an end alone has the start that it had.
fn kept(wanted: &Phases, given: Phase) -> Phase {
    let is_it =
        |one: &&Phase| one.value == given.value && one.ends == given.ends && given.starts.is_none();
    wanted.timed().iter().find(is_it).cloned().unwrap_or(given)
}

/// A value, and its time where it has one.
pub fn report(name: &Name, key: &RecordKey, phase: &Phase, notes: Vec<String>) -> RecordReport {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    RecordReport {
        name: name.to_string(),
        record: key.to_string(),
        value: phase.value.to_string(),
        starts: time(phase.starts),
        ends: time(phase.ends),
        notes,
    }
}

/// What a text looks like that is better not published.
pub fn secret_note(value: &Value) -> Option<String> {
    let Value::Text(text) = value else { return None };
    let form = secret::is_or_holds(text)?;
    Some(format!("the value is {form}: a record is for everyone to read"))
}

/// TYPE, KEY where the type has one, and VALUE; the ABI content type of FILE under a mask of such.
pub fn parse_words(
    context: &Context,
    kind: &str,
    rest: &[String],
    content_type: Option<u64>,
) -> Result<(RecordKey, Value), CliError> {
    if let (Some(_), false) = (content_type, kind == "abi") {
        return Err(CliError::usage(format!("--type is of abi, not of {kind}")));
    }
    match (kind, rest) {
        ("pubkey", [x, y]) => Ok((RecordKey::Pubkey, Value::pubkey_from_xy(x, y)?)),
        ("abi", [types, file]) => abi(context, types, content_type, file),
        (kind, [key, value]) => {
            let record = RecordKey::from_parts(kind, Some(key))?;
            let value = Value::parse_written(&record, key, value)?;
            Ok((record, value))
        }
        (kind @ ("text" | "address" | "interface" | "abi" | "dns"), [key]) => {
            // One word too few: which of the two it is shows whether it can be the key.
            RecordKey::from_parts(kind, Some(key))?;
            let message = format!("{kind} {key} has no value: give TYPE, KEY and VALUE");
            let error = CliError::usage(message);
            Err(if kind == "text" { error.hint(EMPTY) } else { error })
        }
        (kind, [value]) => {
            let key = RecordKey::from_parts(kind, None)?;
            let value = Value::parse_written(&key, kind, value)?;
            Ok((key, value))
        }
        (_, words) => {
            let message = format!(
                "set takes TYPE, a KEY where the type has one, and VALUE: {} words are too many",
                words.len() + 1
            );
            Err(CliError::usage(message).hint("put a value with spaces in quotes"))
        }
    }
}

/// The content type of FILE: one of the record's.
fn abi_type(types: u64, given: Option<u64>) -> Result<u64, CliError> {
    let hint = "--type N: 1 is JSON, 2 compressed JSON, 4 CBOR, 8 a URI";
    match given {
        None if types.is_power_of_two() => Ok(types),
        None => {
            let message = format!("abi {types} is a mask of several content types: which is FILE?");
            Err(CliError::usage(message).hint(hint))
        }
        Some(one) if one.is_power_of_two() && types & one != 0 => Ok(one),
        Some(other) => {
            let message = format!("--type {other} is not one of the content types of abi {types}");
            Err(CliError::usage(message).hint(hint))
        }
    }
}

/// The ABI in a file, as its content type wants it.
fn abi(
    context: &Context,
    types: &str,
    content_type: Option<u64>,
    file: &str,
) -> Result<(RecordKey, Value), CliError> {
    let key = RecordKey::from_parts("abi", Some(types))?;
    let RecordKey::Abi(types) = key else { unreachable!("that is its kind") };
    let number = abi_type(types, content_type)?;
    let bytes = context.stdin.read("the ABI", Path::new(file), MAX_ABI)?;
    let data = abi_from_file(number, bytes.expose()).map_err(|error| {
        let error = CliError::new(Exit::Usage, ErrorKind::BadValue, format!("{file}: {error}"));
        match number {
            1 | 2 => error.hint(
                "abi 1 takes the JSON that a compiler writes (solc --abi, or jq .abi of an \
                 artifact), and abi 2 compresses it",
            ),
            _ => error,
        }
    })?;
    let value = Value::Abi { types, content_type: number, data };
    value.check_length(&key)?;
    Ok((key, value))
}

/// Removes a record from `records.toml`.
pub fn run_unset(args: UnsetArgs, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let name = session.name(context, args.name.as_deref())?;
    let Some(kind) = &args.kind else { return unset_all(&session, &name, args.mass_removal) };
    let key = RecordKey::from_parts(kind, args.key.as_deref())?;
    let _lock = session.workspace.lock()?;
    let mut records = session.workspace.records(&session.config)?;
    let missing = |what: String| {
        CliError::new(Exit::NotFound, ErrorKind::NoRecord, what)
            .hint("namesys list shows what is there")
    };
    let Some(phases) = records.phases(&name, &key).cloned() else {
        return Err(missing(format!("{name} has no {key} in records.toml")));
    };
    if let Some(time) = args.phase {
        let (gone, rest) = phases.without(time).map_err(|NoPhase| {
            missing(format!("{name}'s {key} has no phase that holds at {time}"))
        })?;
        match rest {
            Some(rest) => _ = records.set_phases(&name, &key, rest)?,
            None => _ = records.unset(&name, &key),
        }
        session.workspace.save_records(&records)?;
        return Ok(Outcome::done(Removed(report(&name, &key, &gone, Vec::new()))));
    }
    records.unset(&name, &key);
    session.workspace.save_records(&records)?;
    Ok(Outcome::done(Removed(whole(&name, &key, &phases))))
}

/// All that a record said.
fn whole(name: &Name, key: &RecordKey, phases: &Phases) -> RecordReport {
    RecordReport {
        name: name.to_string(),
        record: key.to_string(),
        value: phases.to_string(),
        starts: None,
        ends: None,
        notes: Vec::new(),
    }
}

/// Removes every record of a name; those under it stay.
fn unset_all(
    session: &Session,
    name: &Name,
    mass_removal: MassRemovalArgs,
) -> Result<Outcome, CliError> {
    let _lock = session.workspace.lock()?;
    let mut records = session.workspace.records(&session.config)?;
    let of_name = records.all().filter(|(other, ..)| *other == name);
    let gone: Vec<(RecordKey, Phases)> =
        of_name.map(|(_, key, phases)| (key.clone(), phases.clone())).collect();
    if gone.is_empty() {
        let message = format!("{name} has no records in records.toml");
        return Err(CliError::new(Exit::NotFound, ErrorKind::NoRecord, message)
            .hint("namesys list shows what is there"));
    }
    mass_removal.check(gone.len() as u64, records.all().count() as u64, "wanted records")?;
    for (key, _) in &gone {
        records.unset(name, key);
    }
    session.workspace.save_records(&records)?;
    let removed = gone.iter().map(|(key, phases)| whole(name, key, phases));
    Ok(Outcome::done(UnsetNameReport { name: name.to_string(), removed: removed.collect() }))
}

impl Human for UnsetNameReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for record in &self.removed {
            Removed(record.clone()).human(out)?;
        }
        Ok(())
    }
}

/// `unset`'s report: as that of `set`, in other words.
#[derive(serde::Serialize)]
struct Removed(RecordReport);

impl Human for Removed {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self(record) = self;
        writeln!(
            out,
            "removed {} {}, which was {}{}",
            record.name,
            shown(&record.record),
            shown_value(&record.value),
            time_of(record.starts.as_deref(), record.ends.as_deref())
        )
    }
}

/// The time of a phase, behind its value.
pub fn time_of(starts: Option<&str>, ends: Option<&str>) -> String {
    let of = |word: &str, time: Option<&str>| time.map(|time| format!(" {word} {time}"));
    let times = [of("from", starts), of("until", ends)];
    let times: String = times.into_iter().flatten().collect();
    if times.is_empty() { times } else { format!(" ({})", times.trim_start()) }
}

/// A value in a line of its own; an empty one is seen.
pub fn shown_value(value: &str) -> String {
    if value.is_empty() { "(empty)".to_owned() } else { shown(value) }
}

impl Human for RecordReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { name, record, value, starts, ends, .. } = self;
        let time = time_of(starts.as_deref(), ends.as_deref());
        writeln!(out, "{name} {} = {}{time}", shown(record), shown_value(value))
    }
}
