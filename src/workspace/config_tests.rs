//! Tests of `config`.

use super::*;
use crate::keys::SignerKey;
use crate::secret::Secret;
use crate::workspace::Approval;

const TEXT: &str = "# mine\nname = \"nick.eth\" # the name\nstorage = \"wallet\"\nchain_id = 5\n\n[[uploads]]\nkind = \"kubo\"\nurl = \"http://127.0.0.1:5001\"\ntoken_env = \"KUBO_TOKEN\"\n\n[gateways]\nipfs = [\"https://ipfs.io\"]\n";

#[test]
fn reads_and_edits_in_place() {
    let mut config = Config::parse(TEXT).unwrap();
    assert_eq!((config.chain_id, config.signer_storage), (5, Storage::Wallet));
    assert_eq!(config.name().as_str(), "nick.eth");
    assert!(matches!(
        &config.uploads[0],
        UploadTarget::Kubo { token_env: Some(name), .. } if name == "KUBO_TOKEN"
    ));
    assert_eq!(config.gateways, ["https://ipfs.io"]);
    assert_eq!(config.keys(), &RecordedKeys::default());

    let key = SignerKey::from_scalar(&Secret::new([7; 32])).unwrap();
    let name = "k51qzi5uqu5djjv76gxzakp6oajs1yy202w2z6j93pk7h5a08xnk4fn7dnr8kv";
    let signer = Address::repeat_byte(2);
    let keys = RecordedKeys {
        wallet: Some(key.address()),
        ipns_name: Some(name.parse().unwrap()),
        signer: Some(signer),
        derivation: Some(Derivation::Noble16),
        compat: Some(Compat::WebClient),
    };
    let part = RecordedKeys { wallet: keys.wallet, ..RecordedKeys::default() };
    assert_eq!(config.record_keys(&part), Ok(true));
    assert_eq!(config.record_keys(&keys), Ok(true));
    assert_eq!(config.record_keys(&keys), Ok(false));
    let other = RecordedKeys { signer: Some(Address::ZERO), ..keys.clone() };
    assert_eq!(config.record_keys(&other).unwrap_err().what, "signer");
    let name = Name::parse("a.nick.eth").unwrap();
    let mine = Approval { owner: key.address(), signature: key.sign_text("x") };
    let managed = Approval { owner: Address::repeat_byte(9), ..mine.clone() };
    let other = Name::parse("b.nick.eth").unwrap();
    config.keep_approvals(signer, [(&name, mine.clone()), (&other, managed.clone())]);

    let text = config.to_string();
    assert!(text.starts_with("# mine\nname = \"nick.eth\" # the name\n"), "{text}");
    let again = Config::parse(&text).unwrap();
    assert_eq!((again.keys(), config.keys()), (&keys, &keys));
    assert_eq!(again.approval(&name, signer), Some(&mine));
    assert_eq!(again.approval(&other, signer), Some(&managed));
    assert_eq!(again.approval(&name, Address::ZERO), None);
    assert_eq!(again.uploads, config.uploads);
}

#[test]
fn what_is_wrong_is_named() {
    let error = |text: &str| Config::parse(text).unwrap_err().to_string();
    assert!(error("").contains("no name"));
    assert!(error("name = \"Nick.eth\"").contains("normal form"));
    assert!(error("name = 1").contains("a text is expected"));
    assert!(error("name = \"a.eth\"\nstorage = \"cloud\"").contains("domain, wallet"));
    assert!(error("name = \"a.eth\"\nchain_id = -1").contains("positive"));
    assert!(error("name = \"a.eth\"\n[[uploads]]\nkind = \"kubo\"").contains("needs url"));
    assert!(error("name = \"a.eth\"\nwallet = \"0x1\"").contains("wallet"));
    let checksum = "name = \"a.eth\"\nsigner = \"0xDA87a099a80fcE4778310474AaeB64b820c871a0\"";
    assert!(error(checksum).contains("checksum"));
    assert_eq!(
        error("name = \"a.eth\"\nstorge = \"wallet\""),
        "namesys.toml:2:1: \"storge\" is not an entry of this file; did you mean storage?"
    );
    assert!(error("name = \"a.eth\"\nname = \"b.eth\"").starts_with("namesys.toml:2:1: duplicate"));
    for entry in ["rpc_url", "account"] {
        let error = error(&format!("name = \"a.eth\"\n{entry} = \"hunter2\""));
        assert!(error.contains("a repository must not choose"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

/// The file may list names.
#[test]
fn names_are_a_list() {
    let name = |text: &str| Config::parse(text).map(|config| config.name().to_string());
    assert_eq!(name("names = [\"a.eth\"]"), Ok("a.eth".to_owned()));
    assert_eq!(name("name = \"a.eth\"\nnames = [\"b.eth\"]"), Err(ConfigError::NameTwice));
    assert_eq!(name("names = []"), Err(ConfigError::Missing("name")));
    assert!(name("names = [\"A.eth\"]").unwrap_err().to_string().contains("normal form"));
}
