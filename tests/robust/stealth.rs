//! Stealth payments: meta-addresses, announcements, and what is kept.

use std::sync::OnceLock;

use alloy::rpc::types::Log;
use alloy_primitives::{Address, B256, Bytes, U256};
use namesys::keys::SignerKey;
use namesys::secret::Secret;
use namesys::stealth::{
    Announcement, EphemeralKey, Look, MetaAddress, PendingPayment, PendingPayments, PublicKey,
    ScanState, Skipped, Stage, StealthAddress, StealthKeys, Viewer, public_key_of,
};

const CHAIN: u64 = 1;

fn keys() -> &'static StealthKeys {
    static KEYS: OnceLock<StealthKeys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let key = |number| SignerKey::from_scalar(&Secret::new([number; 32])).unwrap();
        StealthKeys { spending: key(1), viewing: key(2) }
    })
}

fn viewer() -> Viewer {
    Viewer::new(&keys().viewing, public_key_of(&keys().spending))
}

fn payment() -> StealthAddress {
    StealthAddress::with(&keys().meta_address(), &Secret::new([7; 32])).unwrap()
}

/// A meta-address is shown as it is read again; a public key too.
pub fn meta_address(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(meta) = text.parse::<MetaAddress>() {
        assert_eq!(meta.to_string().parse(), Ok(meta));
        assert!(MetaAddress::is_meant(&text), "{text}");
    }
    if let Ok(key) = PublicKey::from_slice(input) {
        assert_eq!(PublicKey::from_slice(&key.bytes()), Ok(key));
        assert_eq!(key.to_string().parse(), Ok(key));
    }
}

/// A log of a node, and an announcement of anybody: what is said to be ours has our key.
pub fn announcement(input: &[u8]) {
    let meta = keys().meta_address();
    if let Ok(logs) = serde_json::from_slice::<Vec<Log>>(input) {
        let (mut state, mut skipped) = (ScanState::new(CHAIN, meta, 0), Skipped::default());
        state.take(&viewer(), &logs, u64::MAX, &mut skipped);
        for found in &state.found {
            assert!(keys().one_time(&found.ephemeral_public_key, found.address).is_ok());
        }
        assert_eq!(ScanState::parse(&state.text(), CHAIN, &meta).as_ref(), Ok(&state));
    }
    let (ephemeral, metadata) = input.split_at(input.len().min(33));
    let announcement = Announcement {
        address: payment().address,
        caller: Address::ZERO,
        ephemeral: Bytes::copy_from_slice(ephemeral),
        metadata: Bytes::copy_from_slice(metadata),
        block: 0,
        transaction: B256::ZERO,
        index: 0,
    };
    let _ = announcement.claim();
    if let Look::Ours(to) = viewer().look(&announcement) {
        assert_eq!(to, payment());
    }
}

/// What is kept is read as it was written, or refused.
pub fn stealth_state(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(kept) = PendingPayments::parse(&text) {
        assert_eq!(PendingPayments::parse(&kept.text()), Ok(kept));
    }
    let meta = keys().meta_address();
    if let Ok(state) = ScanState::parse(&text, CHAIN, &meta) {
        assert_eq!(ScanState::parse(&state.text(), CHAIN, &meta), Ok(state));
    }
}

pub fn meta_addresses() -> Vec<Vec<u8>> {
    let meta = keys().meta_address();
    let text = meta.to_string();
    let single = text[..text.len() - 66].to_owned();
    let texts = [text.clone(), text.replace("st:eth:", ""), single, text.replace("eth", "base")];
    let mut seeds: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    seeds.push(meta.spending.bytes().to_vec());
    seeds
}

pub fn announcements() -> Vec<Vec<u8>> {
    let to = payment();
    let mut bytes = to.ephemeral.bytes().to_vec();
    bytes.extend(namesys::stealth::metadata(
        to.view_tag,
        namesys::stealth::Asset::Ether,
        U256::from(7),
    ));
    let log = format!(
        "[{{\"address\":\"0x55649e01b5df198d18d95b5cc5051630cfd45564\",\"topics\":[\
         \"0x5f0eab8057630ba7676c49b4f21a0231414e79474595be8e4c432fbf6bf0f4e7\",\
         \"0x{:064x}\",\"{}\",\"0x{:064x}\"],\"data\":\"0x{:064x}{:064x}{:064x}{}{}{:064x}{}{}\",\
         \"blockNumber\":\"0x5\",\"transactionHash\":\"0x{:064x}\",\"transactionIndex\":\"0x0\",\
         \"blockHash\":\"0x{:064x}\",\"logIndex\":\"0x0\",\"removed\":false}}]",
        1,
        to.address.into_word(),
        9,
        64,
        160,
        33,
        alloy_primitives::hex::encode(&bytes[..33]),
        "00".repeat(31),
        57,
        alloy_primitives::hex::encode(&bytes[33..]),
        "00".repeat(7),
        1,
        2
    );
    let logs: Vec<Log> = serde_json::from_str(&log).unwrap();
    let (mut state, mut skipped) =
        (ScanState::new(CHAIN, keys().meta_address(), 0), Skipped::default());
    state.take(&viewer(), &logs, 9, &mut skipped);
    assert_eq!((state.found.len(), skipped), (1, Skipped::default()), "the seed is one of ours");
    vec![bytes, log.into_bytes()]
}

pub fn stealth_states() -> Vec<Vec<u8>> {
    let (to, payee) = (payment(), keys().meta_address());
    let mut kept = PendingPayments::default();
    kept.put(&PendingPayment {
        chain_id: CHAIN,
        name: Some("nick.eth".to_owned()),
        payee,
        asset: Address::repeat_byte(1),
        amount: U256::from(5),
        address: to.address,
        ephemeral_public_key: to.ephemeral,
        ephemeral_private_key: EphemeralKey(Secret::new([7; 32])),
        view_tag: to.view_tag,
        from: Some(Address::repeat_byte(2)),
        begun: 4,
        announcement: Stage::Sent { hash: B256::repeat_byte(3), nonce: Some(4) },
        transfer: Stage::Printed,
    });
    let mut state = ScanState::new(CHAIN, payee, 0);
    let logs: Vec<Log> = serde_json::from_slice(&announcements()[1]).unwrap();
    state.take(&viewer(), &logs, 9, &mut Skipped::default());
    vec![kept.text().into_bytes(), state.text().into_bytes()]
}
