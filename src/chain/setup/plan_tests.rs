use super::*;
use crate::chain::setup::Pointer;
use crate::chain::{FoundResolver, NameFacts, RecordhashSource, Walk};
use crate::keys::IpnsKey;
use crate::secret::Secret;

const OWNER: Address = Address::repeat_byte(1);
const MANAGER: Address = Address::repeat_byte(2);

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
        signer_approved: Some(false),
        text_chain_id: Some(1),
    }
}

fn request(pointer: Pointer) -> SetupRequest {
    let approve = Some(Address::repeat_byte(5));
    SetupRequest { name: nick(), sender: None, resolver: None, pointer: Some(pointer), approve }
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
    assert_eq!(selectors(short), ["0x1896f70a", "0xa6704e76", "0xa4b91a01"]);
    assert_eq!(selectors(ownerhash), ["0x1896f70a", "0xd5d7d981", "0xa4b91a01"]);
    assert_eq!(selectors(https), ["0x1896f70a", "0x6166b779", "0xa4b91a01"]);
    let mut below = request(Pointer::Recordhash(key()));
    for (name, selector) in [("a.nick.eth", "0xc6a84da3"), ("a.b.nick.eth", "0x7ceb95f9")] {
        below.name = Name::parse(name).unwrap();
        let plan = plan(&Contracts::default(), &below, &standing()).unwrap();
        assert_eq!(Bytes::copy_from_slice(&plan.transactions[1].data[..4]).to_string(), selector);
    }
}

#[test]
fn the_fee_goes_with_the_ownerhash_alone() {
    let plan = planned(Pointer::Ownerhash(key()), &standing()).unwrap();
    let values: Vec<U256> = plan.transactions.iter().map(|tx| tx.value).collect();
    assert_eq!(values, [U256::ZERO, U256::from(7), U256::ZERO]);
    assert!(plan.warnings.is_empty(), "another resolver is no cleared one");
}

#[test]
fn what_stands_is_not_sent_again() {
    let mut standing = standing();
    standing.resolver_now = standing.resolver;
    standing.recordhash = key().contract_bytes().into();
    standing.signer_approved = Some(true);
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
    standing.signer_approved = Some(true);
    assert_eq!(planned(pointer(), &standing).unwrap().transactions.len(), 1);
    assert!(planned(Pointer::Ownerhash(key()), &standing).is_err());
    standing.is_manager = false;
    let error = planned(pointer(), &standing).unwrap_err();
    assert!(error.to_string().contains(&OWNER.to_string()), "{error}");
}
