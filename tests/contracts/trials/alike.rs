//! One payload, one judgement: the contract's callback, `verify` over a tree, and `resolve`, by the
//! chain and by hand.

use std::path::Path;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, Bytes, U256, hex, uint};
use anyhow::{Context, Result, bail, ensure};
use namesys::devnet::chain::CHAIN_ID;
use namesys::ens::Name;
use namesys::keys::SignerKey;
use namesys::record::{RecordFile, record_path};
use namesys::request::{SIGNED_RECORD_SELECTOR, SIGNED_REDIRECT_SELECTOR, SignedRecord};
use namesys::workspace::{Verdict, check_tree};

use crate::cli::{Run, record};
use crate::people::{approval, ipns_key, key, name, person, signed};
use crate::world::{Failure, World};

const AVATAR: &str = "text/avatar";
/// Payloads are made from it.
const SEED: u64 = 0x6e61_6d65_7379_7301;
/// So many, in so much time at most.
const COUNT: usize = 4000;
const TIME: Duration = Duration::from_secs(15);
/// The group order of secp256k1.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// Where the contract takes what we refuse, and why: it does not look into values. Everything else
/// that differs fails the trial. (A redirect, which it may follow, is no value either.)
const EXCUSES: [&str; 2] = ["its signatures are right, but its value cannot be read", "redirect"];

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).unwrap_or_default()
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.roll().to_be_bytes()[0]).collect()
    }
}

/// How the arguments of a payload lie.
struct Layout {
    selector: [u8; 4],
    /// The word of the signer.
    signer: [u8; 32],
    /// The order of the data of signature, approval and result.
    order: [usize; 3],
    /// Bytes before the data of each.
    gaps: [usize; 3],
    /// What pads them; without, none does.
    padding: Option<u8>,
    /// An argument whose offset is another's.
    alias: Option<(usize, usize)>,
}

impl Layout {
    fn of(record: &SignedRecord) -> Self {
        Self {
            selector: SIGNED_RECORD_SELECTOR,
            signer: record.signer.into_word().0,
            order: [0, 1, 2],
            gaps: [0; 3],
            padding: Some(0),
            alias: None,
        }
    }

    fn encode(&self, record: &SignedRecord) -> Vec<u8> {
        let parts = [&record.signature, &record.approval, &record.result];
        let (mut offsets, mut tail) = ([0; 3], Vec::new());
        for part in self.order {
            tail.extend(vec![0xee; self.gaps[part]]);
            offsets[part] = 128 + tail.len();
            tail.extend(U256::from(parts[part].len()).to_be_bytes::<32>());
            tail.extend_from_slice(parts[part]);
            if let Some(padding) = self.padding {
                tail.resize(tail.len().next_multiple_of(32), padding);
            }
        }
        if let Some((part, other)) = self.alias {
            offsets[part] = offsets[other];
        }
        let mut payload = [&self.selector[..], &self.signer].concat();
        payload.extend(offsets.iter().flat_map(|at| U256::from(*at).to_be_bytes::<32>()));
        payload.extend(tail);
        payload
    }
}

/// The same signature in other forms, good and bad.
fn reshaped(dice: &mut Dice, signature: &[u8]) -> Vec<u8> {
    if signature.len() != 65 {
        return dice.bytes(65);
    }
    let mut changed = signature.to_vec();
    match dice.below(9) {
        0 => changed[64] = dice.one(&[0, 1, 26, 27, 28, 29, 155, 156, 255]),
        1 => {
            let v = changed.split_off(64);
            changed[32] |= (v[0] - 27) << 7;
        }
        2 => changed.splice(64..64, vec![0; 31]).for_each(drop),
        3 => {
            let high = dice.bytes(31);
            changed.splice(64..64, high).for_each(drop);
        }
        4 => {
            let s = ORDER - U256::from_be_slice(&changed[32..64]);
            changed[32..64].copy_from_slice(&s.to_be_bytes::<32>());
            changed[64] = 55 - changed[64];
        }
        5 => {
            let half = dice.one(&[0, 32]);
            let word = dice.one(&[U256::ZERO, ORDER, U256::MAX, U256::from(1)]);
            changed[half..half + 32].copy_from_slice(&word.to_be_bytes::<32>());
        }
        6 => changed.truncate(dice.below(65)),
        7 => changed.extend(vec![dice.one(&[0, 27]); 1 + dice.below(40)]),
        _ => {
            let at = dice.below(65);
            changed[at] ^= 1 << dice.below(8);
        }
    }
    changed
}

fn mutated(dice: &mut Dice, record: &SignedRecord) -> Vec<u8> {
    let (mut record, mut layout) = (record.clone(), Layout::of(record));
    match dice.below(13) {
        0 => layout.selector = dice.roll().to_le_bytes()[..4].try_into().unwrap(),
        1 => layout.selector[dice.below(4)] ^= 1 << dice.below(8),
        2 => {
            layout.selector =
                dice.one(&[SIGNED_REDIRECT_SELECTOR, [0; 4], [0xde, 0xad, 0xbe, 0xef]])
        }
        3 => record.signature = reshaped(dice, &record.signature).into(),
        4 => record.approval = reshaped(dice, &record.approval).into(),
        5 => layout.signer[dice.below(12)] = dice.one(&[1, 0xff]),
        6 => layout.padding = dice.one(&[None, Some(1), Some(0xff)]),
        7 => layout.gaps = [(); 3].map(|()| dice.one(&[0, 1, 31, 32, 64, 333])),
        8 => layout.alias = Some((dice.below(3), dice.below(3))),
        9 => record.signer = dice.one(&[Address::ZERO, person(2).address(), person(9).address()]),
        10 => {
            let some = dice.bytes(33).into();
            record.result = dice.one(&[Bytes::new(), some, vec![0; 64].into()]);
        }
        _ => {}
    }
    if dice.below(3) == 0 {
        layout.order = dice.one(&[[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]);
    }
    let mut payload = layout.encode(&record);
    match dice.below(12) {
        0 => payload.truncate(payload.len() - dice.below(payload.len().min(200))),
        1 => payload.truncate(dice.below(payload.len() + 1)),
        2 => {
            let count = 1 + dice.below(70);
            payload.extend(dice.bytes(count));
        }
        3 | 4 => {
            let at = dice.below(payload.len());
            payload[at] ^= 1 << dice.below(8);
        }
        // An offset or a length: any of the first words, and of those that begin an argument.
        5 | 6 => {
            let words = (payload.len() - 4) / 32;
            let at = 4 + 32 * dice.below(words);
            let number = dice.one(&[0, 1, 31, 32, 96, 128, 129, 160, 1 << 20, u64::MAX]);
            let number = dice.one(&[U256::from(number), U256::MAX, U256::from(1) << 255]);
            payload[at..at + 32].copy_from_slice(&number.to_be_bytes::<32>());
        }
        _ => {}
    }
    payload
}

/// Our own judgement, as `verify` has it.
fn verified(
    dir: &Path,
    of: &Name,
    owner: Address,
    approved: &[Address],
    payload: &[u8],
) -> Result<Result<Bytes, String>> {
    let path = dir.join(record_path(of, &key(AVATAR)));
    std::fs::create_dir_all(path.parent().context("a folder")?)?;
    std::fs::write(path, RecordFile::new(payload).to_json())?;
    let mut checked = check_tree(dir, CHAIN_ID, &|_| owner, approved, &|| ())?;
    ensure!(checked.len() == 1, "{checked:?}");
    Ok(match checked.remove(0).verdict {
        Verdict::Valid(record) => Ok(record.result().clone()),
        Verdict::Invalid(reason) => Err(reason),
        Verdict::Known(_) | Verdict::Foreign => bail!("a record file is foreign, or not checked"),
    })
}

/// Honest payloads: of the owner, of approved signers, in the owner's name or by a manager.
fn honest(nick: &Name, owner: &SignerKey, manager: &SignerKey) -> Vec<SignedRecord> {
    let signer = person(3);
    let by = |by: &SignerKey| approval(nick, signer.address(), owner.address(), by);
    let long = "x".repeat(70);
    vec![
        signed(nick, AVATAR, "a", owner, None),
        signed(nick, AVATAR, "", owner, None),
        signed(nick, AVATAR, &long, &signer, Some(&by(owner))),
        signed(nick, AVATAR, "b", &signer, Some(&by(manager))),
        signed(nick, AVATAR, "c", manager, None),
        signed(nick, AVATAR, "d", &signer, None),
        signed(nick, AVATAR, "e", &signer, Some(&by(&person(4)))),
    ]
}

pub async fn mutations() -> Result<()> {
    let (owner, manager, nick) = (person(1), person(2), name("nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    world.chain.approve(owner.address(), &nick, manager.address()).await?;
    let lookup = world.lookup_record(&nick, AVATAR).await?;
    let (dir, honest) = (tempfile::tempdir()?, honest(&nick, &owner, &manager));
    let (mut dice, began) = (Dice(SEED), Instant::now());
    let (mut accepted, mut refused, mut excused) = (0, 0, 0);
    for number in 0..COUNT {
        let base = &honest[number % honest.len()];
        // Each of them as it is, first.
        let payload = if number < honest.len() { base.encode() } else { mutated(&mut dice, base) };
        let theirs = match world.callback(&lookup, &payload).await? {
            Ok(result) => Ok(result),
            Err(Failure::Refused(reason)) => Err(reason),
            // The redirect of another name, which needs its own lookup.
            Err(Failure::Lookup(_)) => Ok(Bytes::new()),
        };
        let approved = [manager.address()];
        let ours = verified(dir.path(), &nick, owner.address(), &approved, &payload)?;
        let differ = || format!("{number}: {ours:?}, {theirs:?}: {}", hex::encode(&payload));
        match (&ours, &theirs) {
            (Ok(own), Ok(result)) => {
                ensure!(own == result, "{}", differ());
                accepted += 1;
            }
            (Err(_), Err(_)) => refused += 1,
            (Err(reason), Ok(_)) => {
                ensure!(EXCUSES.iter().any(|excuse| reason.contains(excuse)), "{}", differ());
                excused += 1;
            }
            (Ok(_), Err(_)) => bail!("{}", differ()),
        }
        if began.elapsed() > TIME {
            break;
        }
    }
    ensure!(
        accepted > 50 && refused > 200,
        "{accepted} accepted, {refused} refused, {excused} excused"
    );
    Ok(())
}

/// A few of them by every way a person takes.
pub async fn ways() -> Result<()> {
    let (owner, nick, ipns) = (person(1), name("nick.eth"), ipns_key(1));
    let world = World::with_nick(&owner, &ipns).await?;
    let good = signed(&nick, AVATAR, "good", &owner, None);
    let encode = |edit: &dyn Fn(&mut Layout, &mut SignedRecord)| {
        let (mut layout, mut record) = (Layout::of(&good), good.clone());
        edit(&mut layout, &mut record);
        layout.encode(&record)
    };
    let word = |high: u8| {
        let v = [&[high; 31][..], &good.signature[64..]].concat();
        Bytes::from([&good.signature[..64], &v].concat())
    };
    for (number, (payload, code)) in [
        (good.encode(), 0),
        (encode(&|layout, _| layout.padding = None), 0),
        (encode(&|layout, _| layout.order = [2, 1, 0]), 0),
        (encode(&|_, record| record.signature = word(7)), 0),
        ([good.encode(), vec![7; 9]].concat(), 0),
        (encode(&|layout, _| layout.selector = [0xde, 0xad, 0xbe, 0xef]), 3),
        (encode(&|layout, _| layout.signer[0] = 1), 3),
        (encode(&|_, record| record.signature = vec![1; 66].into()), 3),
        (encode(&|layout, _| layout.alias = Some((2, 0))), 3),
    ]
    .into_iter()
    .enumerate()
    {
        let at = |way: &str| format!("{number} by {way}");
        let sequence = number as u64;
        world.publish_payloads_as(&ipns, &[(&nick, AVATAR, payload.clone())], sequence).await?;
        let of_chain = Run::resolve(&["nick.eth", AVATAR]).on(&world);
        let document = of_chain.ends(code).await.with_context(|| at("the chain"))?;
        ensure!(record(&document)?["verified"] == (code == 0), "{document:#}");
        let (owner, hash) = (owner.address().to_string(), format!("ipns://{}", ipns.name()));
        let facts = ["--owner", &owner, "--recordhash", &hash, "--chain-id", "31337"];
        let arguments = [&["nick.eth", AVATAR][..], &facts].concat();
        let by_hand = Run::resolve(&arguments)
            .env("NAMESYS_GATEWAY_URL", &world.devnet.urls().gateway)
            .env("NAMESYS_W3NAME_URL", &world.devnet.urls().w3name);
        let document = by_hand.ends(code).await.with_context(|| at("hand"))?;
        ensure!(record(&document)?["verified"] == (code == 0), "{document:#}");
        let dir = tempfile::tempdir()?;
        verified(dir.path(), &nick, Address::ZERO, &[], &payload)?.ok();
        let path = dir.path().to_string_lossy().into_owned();
        let verify = ["verify", &path, "--owner", &owner, "--chain-id", "31337"];
        Run::namesys(&verify).ends(code).await.with_context(|| at("verify"))?;
    }
    Ok(())
}
