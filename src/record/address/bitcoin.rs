//! Bitcoin and the coins made like it: addresses are stored as output scripts.

use super::base58::{alphabet, payload, wrong_length};
use super::cashaddr::Kind;
use super::reason::Reason;
use super::{bech32, cashaddr};

const P2PKH: (&[u8], &[u8]) = (&[0x76, 0xa9, 0x14], &[0x88, 0xac]);
const P2SH: (&[u8], &[u8]) = (&[0xa9, 0x14], &[0x87]);

/// What tells a chain's addresses from another's.
pub(super) struct Network {
    /// Version bytes of addresses of a key hash.
    pub p2pkh: &'static [u8],
    /// Version bytes of addresses of a script hash.
    pub p2sh: &'static [u8],
    /// Human-readable part of segwit addresses, where the chain has them.
    pub hrp: Option<&'static str>,
}

impl Network {
    pub(super) fn parse(&self, text: &str) -> Result<Vec<u8>, Reason> {
        match self.hrp {
            Some(hrp) if bech32::has_hrp(text, hrp) => bech32::parse_segwit(text, hrp),
            _ => self.parse_base58(text),
        }
    }

    /// `1…`, and so on: what addresses of the versions begin with.
    pub(super) fn expected(&self) -> String {
        let first = |version: &[u8]| {
            let range = [0x00, 0xff].map(|byte| {
                let payload = [version, &[byte; 20]].concat();
                let text = bs58::encode(payload).with_check().into_string();
                text.chars().next().unwrap_or_default()
            });
            if range[0] == range[1] {
                format!("{}…", range[0])
            } else {
                format!("{}… to {}…", range[0], range[1])
            }
        };
        let (key, script) = (first(self.p2pkh), first(self.p2sh));
        match self.hrp {
            Some(hrp) => format!("{key}, {script} or {hrp}1…"),
            None => format!("{key} or {script}"),
        }
    }

    fn parse_base58(&self, text: &str) -> Result<Vec<u8>, Reason> {
        let payload = payload(text, alphabet(false)).map_err(|reason| match self.hrp {
            // Most likely a segwit address of another network.
            Some(hrp) if text.contains("1q") || text.contains("1p") => {
                format!("{reason} (a segwit address begins with {hrp}1)").into()
            }
            _ => reason,
        })?;
        let (hash, (before, after)) = if let Some(hash) = payload.strip_prefix(self.p2pkh) {
            (hash, P2PKH)
        } else if let Some(hash) = payload.strip_prefix(self.p2sh) {
            (hash, P2SH)
        } else {
            return Err(self.wrong_version(&payload));
        };
        if hash.len() != 20 {
            return Err(wrong_length(hash.len(), 20));
        }
        Ok([before, hash, after].concat())
    }

    /// Litecoin and others once wrote script addresses with Bitcoin's version.
    fn wrong_version(&self, payload: &[u8]) -> Reason {
        match payload.split_first() {
            Some((0x05, hash)) if hash.len() == 20 => {
                let again = [self.p2sh, hash].concat();
                let again = bs58::encode(again).with_check().into_string();
                format!(
                    "its version is that of Bitcoin; if it is the old form of a script address of \
                     this coin, that is written {again}"
                )
                .into()
            }
            _ => "its version byte is that of another network or coin".into(),
        }
    }

    pub(super) fn display(&self, script: &[u8]) -> Option<String> {
        let (version, hash) = match split(script) {
            Some((Kind::Key, hash)) => (self.p2pkh, hash),
            Some((Kind::Script, hash)) => (self.p2sh, hash),
            None => return bech32::display_segwit(script, self.hrp?),
        };
        Some(bs58::encode([version, hash].concat()).with_check().into_string())
    }
}

fn split(script: &[u8]) -> Option<(Kind, &[u8])> {
    let hash = |(before, after): (&[u8], &[u8])| {
        let hash = script.strip_prefix(before)?.strip_suffix(after)?;
        (hash.len() == 20).then_some(hash)
    };
    hash(P2PKH)
        .map(|hash| (Kind::Key, hash))
        .or_else(|| hash(P2SH).map(|hash| (Kind::Script, hash)))
}

const CASH_LEGACY: Network = Network { p2pkh: &[0x00], p2sh: &[0x05], hrp: None };

/// Bitcoin Cash: CashAddr with or without its prefix, and the legacy form.
pub(super) fn parse_cash(text: &str) -> Result<Vec<u8>, Reason> {
    if text.starts_with(['1', '3']) {
        return CASH_LEGACY.parse(text);
    }
    let (kind, hash) = cashaddr::parse(text)?;
    let (before, after) = match kind {
        Kind::Key => P2PKH,
        Kind::Script => P2SH,
    };
    Ok([before, &hash, after].concat())
}

pub(super) fn display_cash(script: &[u8]) -> Option<String> {
    let (kind, hash) = split(script)?;
    Some(cashaddr::display(kind, hash))
}
