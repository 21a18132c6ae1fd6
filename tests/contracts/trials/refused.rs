//! What the contract does not return, and why.

use alloy::sol_types::SolCall;
use alloy_primitives::{Address, U256, keccak256, uint};
use anyhow::{Result, ensure};
use namesys::devnet::chain::bindings::{CCIP2Resolver, Registry};
use namesys::devnet::chain::{CCIP2_RESOLVER, REGISTRY};
use namesys::request::SignedRecord;

use crate::people::{approval, ipns_key, key, name, person, signed, value};
use crate::world::{Failure, World, refused};

const AVATAR: &str = "text/avatar";
const NOT_SIGNED: &str = "InvalidRequest(BAD_SIGNED_RECORD)";
const NOT_APPROVED: &str = "NotAuthorised(NOT_APPROVED)";
const BAD_APPROVAL: &str = "NotAuthorised(BAD_APPROVAL)";
const LENGTH: &str = "InvalidSignature(BAD_SIG_LENGTH)";
const HIGH_S: &str = "InvalidSignature(INVALID_S_VALUE)";
const NO_POINT: &str = "InvalidSignature(ZERO_ADDR)";
/// The group order of secp256k1.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// Changed values, other names, records and chains, malleable and malformed signatures.
pub async fn signatures() -> Result<()> {
    let (owner, nick) = (person(1), name("nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    let good = signed(&nick, AVATAR, "good", &owner, None);
    ensure!(world.verdict(&nick, AVATAR, &good).await? == Ok(good.result.clone()));

    let with = |change: &dyn Fn(&mut SignedRecord)| {
        let mut record = good.clone();
        change(&mut record);
        record
    };
    let other_chain = owner.sign_record(&nick, &key(AVATAR), &value(AVATAR, "good"), 1, None);
    let resigned = |change: fn(&mut Vec<u8>)| {
        let mut signature = good.signature.to_vec();
        change(&mut signature);
        with(&|record| record.signature = signature.clone().into())
    };
    let changed = value(AVATAR, "evil").abi_encode();
    for (what, record, reason) in [
        ("changed value", with(&|r| r.result = changed.clone().into()), NOT_SIGNED),
        ("another name", signed(&name("evil.eth"), AVATAR, "good", &owner, None), NOT_SIGNED),
        ("a subname", signed(&name("a.nick.eth"), AVATAR, "good", &owner, None), NOT_SIGNED),
        ("another record", signed(&nick, "text/url", "good", &owner, None), NOT_SIGNED),
        ("another chain id", other_chain, NOT_SIGNED),
        ("high s", with(&|r| r.signature = high_s(&r.signature).into()), HIGH_S),
        ("v of 0", resigned(|s| s[64] -= 27), NO_POINT),
        ("v of 29", resigned(|s| s[64] = 29), NO_POINT),
        ("63 bytes", resigned(|s| s.truncate(63)), LENGTH),
        ("66 bytes", resigned(|s| s.push(0)), LENGTH),
        ("40 bytes", resigned(|s| s.truncate(40)), LENGTH),
        ("zeros", resigned(|s| s[..64].fill(0)), NO_POINT),
    ] {
        let verdict = world.verdict(&nick, AVATAR, &record).await?;
        ensure!(verdict == refused(reason), "{what}: {verdict:?}");
    }
    Ok(())
}

/// The same signature with s in the upper half and v flipped: it recovers to the same key.
pub fn high_s(signature: &[u8]) -> Vec<u8> {
    let s = ORDER - U256::from_be_slice(&signature[32..64]);
    [&signature[..32], &s.to_be_bytes::<32>(), &[55 - signature[64]]].concat()
}

/// Strangers, former owners, approvals of other names and signers.
pub async fn approvals() -> Result<()> {
    let (owner, signer, stranger) = (person(1), person(2), person(3));
    let nick = name("nick.eth");
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    let good = approval(&nick, signer.address(), owner.address(), &owner);
    let record = |approval| signed(&nick, AVATAR, "value", &signer, approval);
    let verdict = world.verdict(&nick, AVATAR, &record(Some(&good))).await?;
    ensure!(verdict == Ok(record(None).result), "{verdict:?}");

    let by_stranger = approval(&nick, signer.address(), owner.address(), &stranger);
    let own_name = approval(&nick, signer.address(), signer.address(), &signer);
    let other_name = approval(&name("a.nick.eth"), signer.address(), owner.address(), &owner);
    let other_signer = approval(&nick, stranger.address(), owner.address(), &owner);
    let mut high = record(Some(&good));
    high.approval = high_s(&high.approval).into();
    let mut short = record(Some(&good));
    short.approval = short.approval.slice(..63);
    let mut posing = record(None);
    posing.signer = Address::ZERO;
    for (what, record, reason) in [
        ("none", record(None), NOT_APPROVED),
        ("by a stranger", record(Some(&by_stranger)), BAD_APPROVAL),
        ("by the signer", record(Some(&own_name)), BAD_APPROVAL),
        ("of another name", record(Some(&other_name)), BAD_APPROVAL),
        ("of another signer", record(Some(&other_signer)), BAD_APPROVAL),
        ("high s", high, HIGH_S),
        ("63 bytes are none", short, NOT_APPROVED),
        ("a signer of zero", posing, NOT_APPROVED),
    ] {
        let verdict = world.verdict(&nick, AVATAR, &record).await?;
        ensure!(verdict == refused(reason), "{what}: {verdict:?}");
    }

    // What the former owner approved, on chain and off, ends with its ownership.
    world.chain.approve(owner.address(), &nick, signer.address()).await?;
    ensure!(world.verdict(&nick, AVATAR, &record(None)).await? == Ok(record(None).result));
    let sold = Registry::setOwnerCall { node: nick.node(), owner: stranger.address() };
    world.chain.send(owner.address(), REGISTRY, sold).await?;
    for (record, reason) in [(record(None), NOT_APPROVED), (record(Some(&good)), BAD_APPROVAL)] {
        let verdict = world.verdict(&nick, AVATAR, &record).await?;
        ensure!(verdict == refused(reason), "former owner: {verdict:?}");
    }
    Ok(())
}

/// Requests that are none, and callbacks that answer another request or come too late.
pub async fn requests() -> Result<()> {
    let (owner, nick) = (person(1), name("nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    let resolve = async |name: &[u8], request: Vec<u8>| {
        let name = name.to_vec().into();
        let call = CCIP2Resolver::resolveCall { name, request: request.into() };
        world.call(CCIP2_RESOLVER, call.abi_encode()).await
    };
    let avatar = key(AVATAR).resolver_call_of(&nick);
    let unknown = [&[0x12, 0x34, 0x56, 0x78], &avatar[4..]].concat();
    for (name, request, reason) in [
        (nick.dns(), unknown, "FeatureNotImplemented(0x12345678)"),
        (nick.dns(), vec![1, 2, 3], "InvalidRequest(BAD_REQUEST)"),
        (b"\x04nick\x03eth".to_vec(), avatar.clone(), "InvalidRequest(BAD_NAME)"),
        (b"\x04nick\x03eth\x00\x00".to_vec(), avatar.clone(), "InvalidRequest(BAD_NAME)"),
        (b"\x00".to_vec(), avatar.clone(), "InvalidRequest(BAD_NAME)"),
        (name("a.test").dns(), avatar, "InvalidRequest(NOT_REGISTERED)"),
    ] {
        let verdict = resolve(&name, request).await?;
        ensure!(verdict == refused(reason), "{reason}: {verdict:?}");
    }

    let record = signed(&nick, AVATAR, "value", &owner, None);
    let mut lookup = world.lookup_record(&nick, AVATAR).await?;
    for response in [&b""[..], b"\x2b\x45\xeb", &record.result] {
        let verdict = world.callback(&lookup, response).await?;
        ensure!(matches!(verdict, Err(Failure::Refused(_))), "{response:?}: {verdict:?}");
    }
    let honest = lookup.extra.clone();
    let mut forged = honest.to_vec();
    // The key of the text in the request that is repeated in the extra data.
    let found = forged.windows(6).position(|window| window == b"avatar");
    forged[found.expect("the request is repeated")] = b'b';
    lookup.extra = forged.into();
    let verdict = world.callback(&lookup, &record.encode()).await?;
    ensure!(verdict == refused("InvalidRequest(BAD_CHECKSUM)"), "{verdict:?}");

    lookup.extra = honest;
    for block in 0..=7 {
        let verdict = world.callback(&lookup, &record.encode()).await?;
        let expected = match block {
            0..=6 => Ok(record.result.clone()),
            _ => refused("InvalidRequest(BLOCK_TIMEOUT)"),
        };
        ensure!(verdict == expected, "{block} blocks later: {verdict:?}");
        world.set_recordhash(&name("nick.eth"), owner.address(), &keccak256([block])[..]).await?;
    }
    Ok(())
}
