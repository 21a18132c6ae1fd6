use alloy_primitives::Address;

use super::*;
use crate::chain::setup::{Clear, Pointer, SignerChange, SignerStanding};
use crate::chain::{FoundResolver, NameFacts, RecordhashSource, Walk};
use crate::keys::IpnsKey;
use crate::secret::Secret;

const OWNER: Address = Address::repeat_byte(1);
const MANAGER: Address = Address::repeat_byte(2);
const SIGNER: Address = Address::repeat_byte(5);

/// Of the 32 bytes that the short setters take.
fn key() -> Recordhash {
    IpnsKey::from_seed(&Secret::new([1; 32])).name().into()
}

fn nick() -> Name {
    Name::parse("nick.eth").unwrap()
}

/// nick.eth of `OWNER`, who sends, with another resolver.
fn standing() -> Standing {
    let other = Address::repeat_byte(9);
    let found = FoundResolver { address: other, level: nick(), extended: false };
    Standing {
        base: NameFacts {
            name: nick(),
            registry_owner: OWNER,
            wrapper_owner: None,
            registrant: None,
            resolver: Some(found),
        },
        sender: OWNER,
        may_set_resolver: true,
        resolver_is_locked: false,
        moved_to: None,
        owner_is_contract: false,
        expires: Some(3000),
        now: 2000,
        is_manager: false,
        resolver: Contracts::default().records_resolver,
        resolver_now: other,
        walk: Walk {
            level: Some(nick()),
            node: nick().node(),
            registry_owner: OWNER,
            owner: OWNER,
            recordhash: Bytes::new(),
            source: RecordhashSource::Web2Default,
        },
        recordhash: Bytes::new(),
        ownerhash: Bytes::new(),
        ownerhash_fee: U256::from(7),
        signers: vec![signer(false, true)],
        text_chain_id: Some(1),
    }
}

fn request(pointer: Pointer) -> SetupRequest {
    SetupRequest {
        name: nick(),
        sender: None,
        resolver: None,
        set_resolver: true,
        pointer: Some(pointer),
        clear: Clear::default(),
        signers: vec![SignerChange { signer: SIGNER, approved: true }],
        with: Vec::new(),
    }
}

fn signer(is_approved: bool, wanted: bool) -> SignerStanding {
    SignerStanding { name: nick(), signer: SIGNER, is_approved, wanted }
}

fn planned(pointer: Pointer, standing: &Standing) -> Result<Plan, SetupError> {
    plan(&Contracts::default(), &request(pointer), standing)
}

#[test]
fn the_selectors_are_the_deployed_ones() {
    let short = Pointer::Recordhash(key());
    let ownerhash = Pointer::Ownerhash(key());
    let https = Pointer::Ownerhash("https://a.example".parse().unwrap());
    let selectors = |pointer| -> Vec<String> {
        let plan = planned(pointer, &standing()).unwrap();
        plan.transactions
            .iter()
            .map(|tx| Bytes::copy_from_slice(&tx.data[..4]).to_string())
            .collect()
    };
    assert_eq!(selectors(short), ["0x1896f70a", "0xa4b91a01", "0xa6704e76"]);
    assert_eq!(selectors(ownerhash), ["0x1896f70a", "0xa4b91a01", "0xd5d7d981"]);
    assert_eq!(selectors(https), ["0x1896f70a", "0xa4b91a01", "0x6166b779"]);
    let mut below = request(Pointer::Recordhash(key()));
    for (name, selector) in [("a.nick.eth", "0xc6a84da3"), ("a.b.nick.eth", "0x7ceb95f9")] {
        below.name = Name::parse(name).unwrap();
        let plan = plan(&Contracts::default(), &below, &standing()).unwrap();
        assert_eq!(Bytes::copy_from_slice(&plan.transactions[2].data[..4]).to_string(), selector);
    }
}

#[test]
fn the_fee_goes_with_the_ownerhash_alone() {
    let plan = planned(Pointer::Ownerhash(key()), &standing()).unwrap();
    let values: Vec<U256> = plan.transactions.iter().map(|tx| tx.value).collect();
    assert_eq!(values, [U256::ZERO, U256::ZERO, U256::from(7)]);
    assert!(plan.warnings.is_empty(), "another resolver is no cleared one");
}

#[test]
fn what_stands_is_not_sent_again() {
    let mut standing = standing();
    standing.resolver_now = standing.resolver;
    standing.recordhash = key().contract_bytes().into();
    standing.signers = vec![signer(true, true)];
    let plan = planned(Pointer::Recordhash(key()), &standing).unwrap();
    assert_eq!(plan, Plan::default());
}

#[test]
fn a_burned_fuse_and_an_ended_registration_are_said() {
    let mut standing = Standing { expires: Some(1000), ..standing() };
    let pointer = || Pointer::Recordhash(key());
    let plan = planned(pointer(), &standing).unwrap();
    assert!(plan.warnings[0].contains("ended at 1970-01-01T00:16:40Z"), "{plan:?}");
    standing.resolver_is_locked = true;
    let error = planned(pointer(), &standing).unwrap_err().to_string();
    assert!(error.contains("CANNOT_SET_RESOLVER"), "{error}");
    standing.resolver_now = standing.resolver;
    assert_eq!(planned(pointer(), &standing).unwrap().transactions.len(), 2);
}

#[test]
fn names_of_ensv2_are_warned_of() {
    let pointer = || Pointer::Recordhash(key());
    let warnings = |standing: &Standing| planned(pointer(), standing).unwrap().warnings;
    let mut standing = standing();
    assert!(warnings(&standing).is_empty());
    standing.moved_to = Some(MANAGER);
    let warned = warnings(&standing);
    assert!(
        warned[0].contains("is registered in ENSv2") && warned[0].contains(&MANAGER.to_string())
    );
    // Also where the old registry has what is wanted.
    standing.resolver_now = standing.resolver;
    assert_eq!(warnings(&standing), warned);
    standing.moved_to = Some(standing.resolver);
    standing.resolver_now = Address::ZERO;
    assert!(warnings(&standing).is_empty(), "it is set there already");
    standing.moved_to = None;
    assert!(warnings(&standing)[0].contains("if this one did"));
}

#[test]
fn a_manager_sets_recordhashes_and_nothing_else() {
    let mut standing = Standing { sender: MANAGER, is_manager: true, ..standing() };
    standing.may_set_resolver = false;
    let pointer = || Pointer::Recordhash(key());
    assert!(planned(pointer(), &standing).is_err(), "the resolver");
    standing.resolver_now = standing.resolver;
    assert!(planned(pointer(), &standing).is_err(), "the approval would be the manager's own");
    standing.signers = vec![signer(true, true)];
    assert_eq!(planned(pointer(), &standing).unwrap().transactions.len(), 1);
    assert!(planned(Pointer::Ownerhash(key()), &standing).is_err());
    standing.is_manager = false;
    let error = planned(pointer(), &standing).unwrap_err();
    assert!(error.to_string().contains(&OWNER.to_string()), "{error}");
}

/// Takes away alone: neither the resolver is set nor a pointer.
fn taking(clear: Clear) -> SetupRequest {
    let request = request(Pointer::Recordhash(key()));
    SetupRequest { set_resolver: false, pointer: None, clear, signers: Vec::new(), ..request }
}

fn described(request: &SetupRequest, standing: &Standing) -> Vec<(String, String)> {
    let planned = plan(&Contracts::default(), request, standing).unwrap();
    let of = |tx: &SetupTransaction| {
        (Bytes::copy_from_slice(&tx.data[..4]).to_string(), tx.description.clone())
    };
    planned.transactions.iter().map(of).collect()
}

#[test]
fn what_is_empty_is_not_cleared() {
    let (recordhash, ownerhash) = (true, true);
    let none = Standing { signers: Vec::new(), ..standing() };
    assert_eq!(described(&taking(Clear { recordhash, ownerhash }), &none), []);
    let kept = Bytes::from(key().contract_bytes());
    let standing = Standing { recordhash: kept.clone(), ownerhash: kept, ..none };
    let both = described(&taking(Clear { recordhash, ownerhash }), &standing);
    let selectors: Vec<&str> = both.iter().map(|(selector, _)| &selector[..]).collect();
    assert_eq!(selectors, ["0xe3b9533a", "0x6166b779"], "the long setters take none");
    assert!(both[0].1.ends_with("then nothing says where its records are"), "{both:?}");
    assert!(
        both[0].1.contains(&key().to_string()) && both[1].1.contains("fee of 7 wei"),
        "{both:?}"
    );
    let one = described(&taking(Clear { recordhash, ownerhash: false }), &standing);
    assert!(one[0].1.contains("then the ownerhash of its owner applies, ipns://k51"), "{one:?}");
    let mut below = taking(Clear { recordhash, ownerhash: false });
    below.name = Name::parse("a.nick.eth").unwrap();
    let below = described(&below, &standing);
    assert_eq!(below[0].0, "0xc6a84da3");
    assert!(below[0].1.ends_with("of the closest name above it applies"), "{below:?}");
}

#[test]
fn several_approvals_are_one_transaction() {
    let other = SignerStanding { signer: MANAGER, ..signer(true, false) };
    let one = Standing { signers: vec![signer(true, true), other.clone()], ..standing() };
    let [(selector, words)] = &described(&taking(Clear::default()), &one)[..] else { panic!() };
    assert_eq!(selector, "0xa4b91a01");
    assert!(words.starts_with(&format!("revoke {MANAGER} on chain")), "{words}");
    let two = Standing { signers: vec![signer(false, true), other], ..standing() };
    let request = taking(Clear::default());
    let [(selector, words)] = &described(&request, &two)[..] else { panic!() };
    assert_eq!(selector, "0x9503d22f");
    assert!(words.contains("approve") && words.contains("; revoke"), "{words}");
    let all = plan(&Contracts::default(), &request, &two).unwrap().transactions;
    let single = plan(&Contracts::default(), &request, &one).unwrap().transactions;
    assert!(single[0].is_within(&all) && !all[0].is_within(&single));
}

/// Between two transactions what is read verifies: by the former signer, or by the new one.
#[test]
fn a_new_signer_is_approved_before_the_pointer_and_a_former_one_revoked_after() {
    let former = SignerStanding { signer: MANAGER, ..signer(true, false) };
    let mut standing = Standing { signers: vec![signer(false, true), former], ..standing() };
    standing.resolver_now = standing.resolver;
    let order: Vec<String> = described(&request(Pointer::Recordhash(key())), &standing)
        .into_iter()
        .map(|(_, words)| words.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(order, ["approve", "set", "revoke"]);
    standing.recordhash = key().contract_bytes().into();
    assert_eq!(described(&request(Pointer::Recordhash(key())), &standing).len(), 1, "at once");
}
