//! What the page says of each request, in plain words.

use crate::request::{Request, Step};

/// A request as a person sees it.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub(super) title: String,
    pub(super) why: String,
    /// Whether the answer is as secret as a key.
    pub(super) secret: bool,
}

const SECRET: &str = "Whoever has this signature has that key: treat it as a password. Sign this \
                      text here alone, never on a website that asks for it. It costs nothing and \
                      changes nothing on chain.";
const AGAIN: &str = "It is the same text as before: your wallet must give the same signature each \
                     time, or your keys could never be made again.";

/// Of a text to be signed.
pub(super) fn of_request(request: &Request<'_>, again: bool) -> Words {
    let of = request.name().map_or_else(|| "your names".to_owned(), ToString::to_string);
    let (title, why) = match request.step() {
        Step::Sign1 => (
            "SIGN 1: your IPNS key".to_owned(),
            format!(
                "This one makes your IPNS key, with which the records of {of} are published. \
                 {SECRET}"
            ),
        ),
        Step::Sign2 => (
            "SIGN 2: your records signer".to_owned(),
            format!(
                "This one makes the key that signs the records of {of}, so that your wallet need \
                 not sign each of them. {SECRET}"
            ),
        ),
        Step::Sign3 => (
            format!("SIGN 3: approval for {of}"),
            format!(
                "This one lets your records signer, named in the text, sign the records of {of}. \
                 It will be public, costs nothing, and moves neither money nor the name."
            ),
        ),
        Step::Sign4 => (
            format!("SIGN 4: a record of {of}"),
            format!(
                "This one signs one record of {of}, named in the text. It will be public and \
                 costs nothing."
            ),
        ),
        Step::Redirect => (
            format!("Redirect of {of}"),
            format!(
                "This one hands the records of {of} to the other name in the text. It will be \
                 public and costs nothing."
            ),
        ),
        Step::Nostr => (
            "Your nostr key".to_owned(),
            format!("This one makes the key of your nostr account. {SECRET}"),
        ),
        Step::StealthKeys => (
            "Your stealth keys".to_owned(),
            format!("This one makes the keys that find and spend private payments. {SECRET}"),
        ),
        Step::Encryption => (
            format!("The invoice key of {of}"),
            format!("This one makes the RSA key that invoices to {of} are encrypted to. {SECRET}"),
        ),
        step => of_data(step, &of),
    };
    let secret = request.step().gives_keys();
    match again {
        true => Words { title: format!("{title}, again"), why: format!("{AGAIN} {why}"), secret },
        false => Words { title, why, secret },
    }
}

/// Of the texts of another write profile, and of the time of a posting.
fn of_data(step: Step, of: &str) -> (String, String) {
    match step {
        Step::Keypairs => (
            "Your keys for this resolver".to_owned(),
            format!("This one makes the keys that sign and publish the records of {of}. {SECRET}"),
        ),
        Step::ApproveData => (
            format!("Approval for {of}"),
            format!(
                "This one lets the signer in the text sign the data of {of}. It will be public, \
                 costs nothing, and moves neither money nor the name."
            ),
        ),
        Step::PostRecords => (
            format!("Time of a posting for {of}"),
            "This one says when records are posted to a database. It costs nothing.".to_owned(),
        ),
        _ => (
            format!("A record of {of}"),
            format!("This one signs one record of {of}, named in the text. It will be public."),
        ),
    }
}

/// Of typed data (EIP-712).
pub(super) fn of_typed(explained: Option<String>) -> Words {
    let why = explained.unwrap_or_else(|| {
        "This one signs the data below, for the contract and the chain that it names. It costs \
         nothing by itself."
            .to_owned()
    });
    Words { title: "Typed data".to_owned(), why, secret: false }
}

/// Of a transaction.
pub(super) fn of_transaction(explained: Option<String>) -> Words {
    const COST: &str = "It changes the chain and costs gas; your wallet shows how much.";
    let why = match explained {
        Some(what) => format!("This one sends a transaction: {what}. {COST}"),
        None => format!("This one sends a transaction. {COST}"),
    };
    Words { title: "Transaction".to_owned(), why, secret: false }
}
