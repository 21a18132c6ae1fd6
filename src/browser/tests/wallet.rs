//! The wallet as a page plays it.

use alloy::network::TransactionBuilder;
use alloy::rpc::types::TransactionRequest;
use alloy_primitives::B256;
use async_trait::async_trait;

use super::*;
use crate::wallet::Node;

#[tokio::test]
async fn each_signature_is_shown_asked_for_and_checked() {
    let (config, links) = config();
    let (wallet, tab) = opened(config, &links).await;
    let page = tokio::spawn({
        let tab = tab.clone();
        async move {
            for _ in 0..3 {
                assert_eq!(tab.answers(signed).await.status, 200);
            }
        }
    });
    let twice = sign_twice(&wallet, &sign1()).await.unwrap();
    assert_eq!(sign1().recover(twice.expose()), Ok(wallet.address()));
    let (name, signer) = (name(), Address::ZERO);
    let sign3 = Request::ApproveSigner { name: &name, chain_id: 1, signer, owner: signer };
    sign_checked(&wallet, &sign3).await.unwrap();
    page.await.unwrap();
    let shown = tab.post("/news", &json!({ "seen": 0 })).await;
    let news = shown.json();
    assert_eq!(news["requests"][0]["text"], sign1().to_string());
    assert_eq!(news["requests"][0]["secret"], true);
    assert!(news["requests"][1]["title"].as_str().unwrap().ends_with("again"));
    assert_eq!(
        (&news["requests"][2]["secret"], &news["requests"][2]["progress"]),
        (&json!(false), &json!("done"))
    );
    let signature = format!("{:x}", twice.expose());
    assert!(!shown.body.contains(&signature[2..]), "no signature goes back");
    let address = tab.address.clone();
    let seen = json!({ "seen": 0 });
    let (_, told) = tokio::join!(wallet.close(true), tab.post("/news", &seen));
    assert_eq!(told.status, 200);
    sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(&address).await.is_err(), "the server is gone");
}

#[tokio::test]
async fn what_wallets_answer_is_not_believed() {
    let other = SignerKey::from_hex(&SecretString::new("02".repeat(32))).unwrap();
    let own = format!("{:x}", key().sign_text(&sign1().to_string()));
    let (config, links) = config();
    let (wallet, tab) = opened(config, &links).await;
    let foreign = json!(format!("{:x}", other.sign_text(&sign1().to_string())));
    let leaked = json!({ "error": { "code": -32603, "message": format!("no\u{1b}[2J {own}") } });
    for (answer, kind, words) in [
        (foreign, "ForeignSignature", "recovers to"),
        (json!({ "r": own }), "Unusable", "an object"),
        (json!(null), "Unusable", "nothing"),
        (json!([own]), "Unusable", "a list"),
        (json!("0x"), "Signature", "a signature has"),
        (json!("not hex"), "Signature", "hexadecimal"),
        (json!({ "error": { "code": 4001, "message": own } }), "Declined", "was declined"),
        (leaked, "Unusable", "-32603"),
        (json!({ "error": { "code": {}, "message": [] } }), "Unusable", "no message"),
    ] {
        let page = tokio::spawn({
            let (tab, answer) = (tab.clone(), answer.clone());
            async move { tab.answers(|_| answer).await.status }
        });
        let error = sign_checked(&wallet, &sign1()).await.unwrap_err();
        assert_eq!(page.await.unwrap(), 200);
        let (debug, text) = (format!("{error:?}"), error.to_string());
        assert!(debug.contains(kind) && text.contains(words), "{answer}: {text}");
        for shown in [debug, text] {
            assert!(!shown.contains(&own[2..]) && !shown.contains('\u{1b}'), "{answer}: {shown}");
        }
    }
    let news = tab.post("/news", &json!({ "seen": 0 })).await.json();
    assert!(news["requests"].as_array().unwrap().iter().all(|one| one["progress"] == "refused"));
    // What nobody asked for, or was answered.
    for id in [0, 1, 100] {
        let came = tab.post("/answer", &json!({ "id": id, "result": own })).await;
        assert_eq!(came.status, 409, "{}", came.body);
    }
}

/// Nodes that are asked for the chain alone.
struct Chain(u64);

#[async_trait]
impl Node for Chain {
    async fn fill(
        &self,
        transaction: TransactionRequest,
    ) -> Result<TransactionRequest, crate::wallet::NodeError> {
        Ok(transaction.with_chain_id(self.0).with_nonce(7))
    }

    async fn broadcast(&self, _raw: &[u8]) -> Result<B256, crate::wallet::NodeError> {
        unreachable!("the wallet sends by itself")
    }
}

#[tokio::test]
async fn transactions_are_as_wallets_take_them() {
    let (config, links) = config();
    let config = BrowserConfig { nodes: vec!["http://127.0.0.1:8545".into()], ..config };
    let (wallet, tab) = opened(config, &links).await;
    let transaction = TransactionRequest::default()
        .with_to(Address::repeat_byte(2))
        .with_input(vec![1, 2, 3])
        .with_gas_limit(30_000);
    for (answer, good) in [(B256::repeat_byte(9).to_string(), true), ("0x12".to_owned(), false)] {
        let page = tokio::spawn({
            let tab = tab.clone();
            async move {
                let news = tab.call().await;
                let call = news["call"].clone();
                tab.post("/answer", &json!({ "id": call["id"], "result": answer })).await;
                (call, news["requests"][0].clone())
            }
        });
        wallet.explain("set the resolver");
        let sent = wallet.send(transaction.clone(), &Chain(31_337)).await;
        let (call, request) = page.await.unwrap();
        assert_eq!(sent.is_ok(), good, "{sent:?}");
        assert_eq!(call["method"], "eth_sendTransaction");
        assert_eq!(
            (&call["chain"]["id"], &call["chain"]["add"]["rpcUrls"][0]),
            (&json!("0x7a69"), &json!("http://127.0.0.1:8545"))
        );
        let parameter = &call["params"][0];
        assert_eq!(parameter["from"], format!("{:#x}", key().address()));
        assert!(parameter["nonce"] == "0x7" && parameter["chainId"] == "0x7a69", "{parameter}");
        assert!(parameter["data"] == "0x010203" && parameter["input"].is_null(), "{parameter}");
        assert!(request["why"].as_str().unwrap().contains("set the resolver"), "{request}");
        assert!(request["text"].as_str().unwrap().contains("Data: 0x010203"), "{request}");
    }
}

#[tokio::test]
async fn typed_data_is_the_accounts() {
    let (data, _) = crate::wallet::example_of_typed_data();
    let (config, links) = config();
    let (wallet, tab) = opened(config, &links).await;
    let account = LocalWallet::new(key(), "test");
    let own = account.sign_typed(&data).await.unwrap();
    let answer = json!(format!("{:x}", own.expose()));
    let page = tokio::spawn(async move {
        let call = tab.call().await["call"].clone();
        tab.post("/answer", &json!({ "id": call["id"], "result": answer })).await;
        call
    });
    assert!(wallet.sign_typed(&data).await.unwrap().expose() == own.expose());
    let call = page.await.unwrap();
    assert_eq!(
        (&call["method"], &call["chain"]["id"]),
        (&json!("eth_signTypedData_v4"), &json!("0x1"))
    );
    assert_eq!(call["params"][0], key().address().to_string());
}
