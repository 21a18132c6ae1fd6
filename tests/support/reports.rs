//! The program's JSON documents as the types they were written from.

use std::ffi::OsStr;

use namesys::report::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The report in a document.
///
/// # Panics
/// When it is another one, or has a field that the type lacks.
pub fn report<T: Serialize + DeserializeOwned>(document: &Value) -> T {
    whole::<T>(document).unwrap_or_else(|why| panic!("{why} in {document}"))
}

/// Why the command of a document did not end well.
pub fn error(document: &Value) -> Option<ErrorReport> {
    let error = document.get("error")?;
    Some(ErrorReport::deserialize(error).unwrap_or_else(|why| panic!("{why} in {error}")))
}

/// The same, in the word for scripts.
pub fn kind(document: &Value) -> Option<ErrorKind> {
    error(document).map(|error| error.kind)
}

/// Checks that the document of a command is the report of that command, with no field lost: read
/// into the report's type and written again, it is the same.
///
/// # Errors
/// Says what differs.
pub fn check<S: AsRef<OsStr>>(arguments: &[S], document: &Value) -> Result<(), String> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.as_ref().to_str()).collect();
    let has = |field: &str| document.get(field).is_some();
    if document.as_object().is_some_and(|fields| fields.len() == 1) && has("error") {
        return same::<Nothing>(document);
    }
    let command = words.iter().position(|word| COMMANDS.contains(word));
    let command = command.ok_or_else(|| format!("no command is known in {words:?}"))?;
    let rest = &words[command + 1..];
    let is_asked = |flag: &str| rest.contains(&flag);
    let same = match words[command] {
        "init" => same::<InitReport>(document),
        "name" => same::<NamesReport>(document),
        "keygen" | "approve" if is_asked("--requests") => same::<RequestsReport>(document),
        "keygen" if is_asked("--nostr") => same::<NostrReport>(document),
        "keygen" => same::<KeygenReport>(document),
        "unset" if has("removed") => same::<UnsetNameReport>(document),
        "set" | "unset" => same::<RecordReport>(document),
        "list" | "diff" => same::<RecordsReport>(document),
        "get" => same::<GetReport>(document),
        "check" => same::<FilesReport>(document),
        "edit" => same::<EditReport>(document),
        "import" => same::<ImportReport>(document),
        "export" => same::<ExportReport>(document),
        "approve" if has("approvals") => same::<ApprovalsReport>(document),
        "approve" => same::<ApproveReport>(document),
        "sign" => same::<SignReport>(document),
        "verify" => same::<VerifyReport>(document),
        "plan" => same::<PlanReport>(document),
        "apply" => same::<ApplyReport>(document),
        "pack" => same::<PackReport>(document),
        "publish" if has("databases") => same::<DatabasePublishReport>(document),
        "publish" if !has("ipns_name") => same::<SitePublishReport>(document),
        "publish" | "renew" | "rollback" => same::<PublishReport>(document),
        "clone" => same::<CloneReport>(document),
        "pull" => same::<PullReport>(document),
        "status" => same::<StatusReport>(document),
        "log" => same::<LogReport>(document),
        "resolve" if has("names") => same::<ManyReport>(document),
        "resolve" if has("address") => same::<ReverseReport>(document),
        "resolve" if has("records") => same::<ResolveReport>(document),
        "resolve" => same::<NameOutcomeReport>(document),
        "setup" if has("names") => same::<SetupNamesReport>(document),
        "setup" => same::<SetupReport>(document),
        "rotate" => same::<RotateReport>(document),
        "write" if has("names") => same::<WriteNamesReport>(document),
        "write" => same::<WriteReport>(document),
        "doctor" => same::<DoctorReport>(document),
        "serve" if rest.first() == Some(&"export") => same::<BackupReport>(document),
        "serve" if rest.first() == Some(&"import") => same::<RestoreReport>(document),
        "serve" => same::<ServeReport>(document),
        "demo" => same::<DemoReport>(document),
        "lock" => same::<LockReport>(document),
        "key" if rest.first() == Some(&"inspect") => same::<KeyReport>(document),
        "key" => same::<KeyExportReport>(document),
        "nostr" => same::<NostrSetReport>(document),
        "stealth" => match rest.first() {
            Some(&"keys") => same::<StealthKeysReport>(document),
            Some(&"set") => same::<StealthSetReport>(document),
            Some(&"pay") => same::<StealthPayReport>(document),
            Some(&"scan") => same::<StealthScanReport>(document),
            Some(&"export") => same::<KeyExportReport>(document),
            Some(&"sweep") => same::<StealthSweepReport>(document),
            _ => same::<StealthAddressReport>(document),
        },
        "invoice" => match (rest.first(), has("transactions")) {
            (Some(&"key"), _) => same::<InvoiceKeyReport>(document),
            (Some(&"request"), _) => same::<InvoiceRequestReport>(document),
            (_, true) => same::<InvoicePayReport>(document),
            (_, false) => same::<InvoiceReport>(document),
        },
        "ipns" => match (rest.first(), has("records")) {
            (Some(&"sign"), true) => same::<IpnsSeriesReport>(document),
            (Some(&"sign"), false) => same::<IpnsSignReport>(document),
            (Some(&"put"), _) => same::<IpnsPutReport>(document),
            _ => same::<IpnsRecordReport>(document),
        },
        "wallet" => same::<WalletsReport>(document),
        "revision" => same::<RevisionReport>(document),
        "devnet" => same::<DevnetReport>(document),
        "completions" => same::<CompletionsReport>(document),
        _ => same::<ManReport>(document),
    };
    same.map_err(|why| format!("{}: {why} in {document}", words[command]))
}

/// Every command that has a document.
pub const COMMANDS: [&str; 43] = [
    "init",
    "clone",
    "name",
    "keygen",
    "set",
    "unset",
    "get",
    "list",
    "diff",
    "edit",
    "check",
    "import",
    "export",
    "approve",
    "sign",
    "verify",
    "plan",
    "apply",
    "pack",
    "publish",
    "pull",
    "status",
    "renew",
    "rollback",
    "log",
    "resolve",
    "setup",
    "rotate",
    "write",
    "doctor",
    "serve",
    "demo",
    "wallet",
    "key",
    "nostr",
    "stealth",
    "invoice",
    "lock",
    "ipns",
    "revision",
    "devnet",
    "completions",
    "man",
];

/// The report of a command that did nothing: it is the error alone.
#[derive(Serialize, Deserialize)]
struct Nothing {}

fn same<T: Serialize + DeserializeOwned>(document: &Value) -> Result<(), String> {
    whole::<T>(document).map(drop)
}

fn whole<T: Serialize + DeserializeOwned>(document: &Value) -> Result<T, String> {
    let read: Document<T> =
        serde_json::from_value(document.clone()).map_err(|error| error.to_string())?;
    let again = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    if again != *document {
        return Err(format!("as the type has it: {again}"));
    }
    Ok(read.report)
}
