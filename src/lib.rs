//! Manage ENS records that live off chain and cost no gas.
//!
//! The library never prints, prompts, or reads the environment or the home directory; the
//! binary (`main.rs` and `cli/`) does. Blocks are listed bottom first: a block may use those
//! above it in this list, never those below.
//!
//! | block | what it is | I/O |
//! | --- | --- | --- |
//! | [`spec`] | what is implemented, byte for byte: the pages that comments point to | none |
//! | `atomic` | files that are either the old or the new, never half of one | files |
//! | `folder` | what a folder holds that others may have filled: no link followed, no pipe waited for | files |
//! | `file_names` | which names are one file on other systems | none |
//! | [`temporary`] | files and folders that go when the process ends | files |
//! | [`secret`] | zeroized, redacted types for everything that must not leak | none |
//! | [`toml`] | strict reading of TOML files that people edit: place, nearest word | none |
//! | [`json`] | JSON that others wrote: an array is no object | none |
//! | [`ens`] | names: ENSIP-15, namehash, DNS wire form, `.well-known` directory | none |
//! | [`multiformats`] | CIDs and IPNS names, in every text form | none |
//! | [`record`] | record types and typed values: text form, ABI form | none |
//! | [`request`] | the texts SIGN 1–4, EIP-191, signed records and their verification | none |
//! | [`keys`] | key derivation; the IPNS key and the records signer; key files | `keys::file` |
//! | [`invoice`] | invoices of the deployed client: the payer's RSA key, and what is encrypted to it | none |
//! | [`agent`] | derived keys that a process of their user remembers for a while | sockets |
//! | [`recordhash`] | what a name points at, in every form | none |
//! | [`wallet`] | the wallet trait and the wallets that implement it | files, USB |
//! | [`net`] | the HTTP client every network block shares: time-outs, retries, bounds | network |
//! | [`ipfs`] | UnixFS packing, CAR files, uploads | files, network |
//! | [`ipns`] | IPNS records, w3name revisions, publishers | network |
//! | [`index`] | what was read and verified of a workspace before, in the user's cache folder | files |
//! | [`workspace`] | what is wanted and what is signed, on disk | files |
//! | [`published`] | what is out and what was known of it; what a publication would lose | files |
//! | [`chain`] | what an Ethereum chain says: owner, resolver, recordhash, at one block | network |
//! | [`resolve`] | from a name and chain facts to verified values | network |
//! | [`stealth`] | payments to addresses that only their payee can tell (ERC-5564) | network |
//! | `web` | how files go over HTTP, and to whom: what `publish`, `serve`, `browser` and `devnet` share | none |
//! | [`browser`] | a wallet in a browser: a page on loopback that asks its extension | network |
//! | [`publish`] | what is signed to IPFS or web hosts, read back; the history of it | files, network |
//! | [`pull`] | what is published, taken into a workspace | files, network |
//! | [`plan`] | what is to be signed and published, before any of it is; what a written plan permits | files |
//! | [`write`] | reverts that say where a record is written, decoded; keys, texts and bodies for it; asking and posting | network |
//! | [`report`] | what each command reports: the JSON contract | none |
//! | [`serve`] | the signed tree over HTTP, for an `https://` recordhash | network |
//! | [`gateway`] | signed records taken into a database, and served from there | network |
//! | [`devnet`] | the embedded network: w3name API, IPFS gateway and upload, routing | network |
//!
//! # Features
//! | feature | what it adds |
//! | --- | --- |
//! | `cli` (default) | the binary, and the crates that only it needs |
//! | `devnet` (default) | the block [`devnet`] and the contracts of its chain; with it, `serve` |
//! | `gateway` | the block [`gateway`]; `cli` has it too |
//! | `serve` | the blocks [`serve`] and [`browser`]; `cli` has it too |
//! | `agent` | the block [`agent`]; `cli` has it too |
//! | `age` | key files that are encrypted with age; `cli` has it too |
//! | `usb` | hardware wallets that are plugged in; `cli` has it too |
//! | `compression` (default) | answers that come compressed are read; otherwise their coding is named |
//!
//! A program that uses the library takes it without them:
//! `namesys = { version = "0.1", default-features = false }`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr))]

#[cfg(all(unix, feature = "agent"))]
pub mod agent;
mod atomic;
#[cfg(feature = "serve")]
pub mod browser;
pub mod chain;
#[cfg(feature = "devnet")]
pub mod devnet;
pub mod ens;
mod file_names;
mod folder;
#[cfg(feature = "gateway")]
pub mod gateway;
pub mod index;
pub mod invoice;
pub mod ipfs;
pub mod ipns;
pub mod json;
pub mod keys;
pub mod multiformats;
pub mod net;
pub mod plan;
pub mod publish;
pub mod published;
pub mod pull;
pub mod record;
pub mod recordhash;
pub mod report;
pub mod request;
pub mod resolve;
pub mod secret;
#[cfg(feature = "serve")]
pub mod serve;
pub mod spec;
pub mod stealth;
pub mod temporary;
pub mod toml;
pub mod wallet;
mod web;
pub mod workspace;
pub mod write;
