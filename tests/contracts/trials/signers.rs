//! Who may sign records, each the whole way: published, looked up, fetched, verified on chain.

use anyhow::{Result, ensure};
use namesys::devnet::chain::CHAIN_ID;
use namesys::keys::{Compat, Derivation, KeyPlan, Storage};
use namesys::request::Caip10;
use namesys::secret::SecretString;

use crate::people::{approval, ipns_key, name, person, signed, value};
use crate::world::World;

/// Every record type, with a value.
pub const RECORDS: [(&str, &str); 13] = [
    ("text/avatar", "https://example.com/me.png"),
    ("text/com.example", "ñandú 🦤"),
    ("address/60", "0x779981590E7Ccc0CFAe8040Ce7151324747cDb97"),
    ("address/0", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("address/2147483658", "0x779981590E7Ccc0CFAe8040Ce7151324747cDb97"),
    ("contenthash", "ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4"),
    (
        "pubkey",
        "0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
         483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
    ),
    ("name", "nick.eth"),
    ("interface/0x01ffc9a7", "0x779981590E7Ccc0CFAe8040Ce7151324747cDb97"),
    ("abi/1", "0x5b5d"),
    ("abi/15", "1:0x5b5d"),
    ("dns/zonehash", "0xe30101"),
    ("dns/16", "0x0a626172"),
];

pub async fn owner() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let records =
        RECORDS.map(|(kind, text)| (&nick, kind, signed(&nick, kind, text, &owner, None)));
    world.publish(&key, &records).await?;
    for (kind, text) in RECORDS {
        ensure!(world.resolve(&nick, kind).await? == value(kind, text), "{kind}");
    }
    Ok(())
}

/// Both keys as `keygen` derives them.
pub async fn derived() -> Result<()> {
    let (wallet, nick) = (person(1), name("nick.eth"));
    let password = SecretString::new("correct horse".to_owned());
    let plan = KeyPlan {
        name: nick.clone(),
        storage: Storage::Domain,
        signer_storage: Storage::Domain,
        wallet: Caip10::new(CHAIN_ID, wallet.address()),
        derivation: Derivation::default(),
        compat: Compat::default(),
    };
    let seed = plan.ipns_seed(&wallet.sign(&plan.sign1(&password)), &password);
    let key = namesys::keys::IpnsKey::from_seed(&seed);
    let signer = plan.signer(&wallet.sign(&plan.sign2(&password)), &password)?;
    ensure!(signer.address() != wallet.address());

    let world = World::with_nick(&wallet, &key).await?;
    let sign3 = approval(&nick, signer.address(), wallet.address(), &wallet);
    let record = signed(&nick, "text/avatar", "derived", &signer, Some(&sign3));
    world.publish(&key, &[(&nick, "text/avatar", record)]).await?;
    ensure!(world.resolve(&nick, "text/avatar").await? == value("text/avatar", "derived"));
    Ok(())
}

pub async fn manager() -> Result<()> {
    let (owner, manager, signer) = (person(1), person(2), person(3));
    let (key, nick) = (ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let sign3 = approval(&nick, signer.address(), owner.address(), &manager);
    let record = signed(&nick, "text/avatar", "managed", &signer, Some(&sign3));
    world.publish(&key, &[(&nick, "text/avatar", record)]).await?;
    let error = world.resolve(&nick, "text/avatar").await.unwrap_err().to_string();
    ensure!(error.contains("BAD_APPROVAL"), "before the approval: {error}");
    world.chain.approve(owner.address(), &nick, manager.address()).await?;
    ensure!(world.resolve(&nick, "text/avatar").await? == value("text/avatar", "managed"));
    Ok(())
}

pub async fn on_chain() -> Result<()> {
    let (owner, signer) = (person(1), person(3));
    let (key, nick) = (ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let record = signed(&nick, "text/avatar", "approved", &signer, None);
    world.publish(&key, &[(&nick, "text/avatar", record)]).await?;
    let error = world.resolve(&nick, "text/avatar").await.unwrap_err().to_string();
    ensure!(error.contains("NOT_APPROVED"), "before the approval: {error}");
    world.chain.approve(owner.address(), &nick, signer.address()).await?;
    ensure!(world.resolve(&nick, "text/avatar").await? == value("text/avatar", "approved"));
    Ok(())
}

pub async fn lengths() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    // Both parities of v, over a few values.
    for number in 0..6 {
        let text = number.to_string();
        let record = signed(&nick, "text/avatar", &text, &owner, None);
        let whole = record.signature.to_vec();
        let mut compact = whole[..64].to_vec();
        compact[32] |= (whole[64] - 27) << 7;
        let word = [&whole[..64], &[0; 31], &whole[64..]].concat();
        for signature in [whole, compact, word] {
            let length = signature.len();
            let mut record = record.clone();
            record.signature = signature.into();
            let verdict = world.verdict(&nick, "text/avatar", &record).await?;
            ensure!(verdict == Ok(record.result.clone()), "{length} bytes: {verdict:?}");
        }
    }
    Ok(())
}
