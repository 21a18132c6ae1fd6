//! The page's server as a hostile client meets it.

use super::*;

#[tokio::test]
async fn the_account_is_the_one_that_is_wanted_and_stays() {
    let (config, links) = config();
    let config = BrowserConfig { wanted: Some(key().address()), ..config };
    let opening = tokio::spawn(BrowserWallet::open(config));
    let tab = Tab::open(&link(&links, 0).await).await;
    let came = tab.choose(Address::repeat_byte(7)).await;
    assert_eq!(came.status, 409, "{}", came.body);
    assert!(came.body.contains(&key().address().to_string()), "{}", came.body);
    for garbage in [json!("nick.eth"), json!(""), json!("0x12"), json!(7)] {
        assert_eq!(tab.post("/account", &json!({ "address": garbage })).await.status, 400);
    }
    assert_eq!(tab.choose(key().address()).await.status, 200);
    let wallet = opening.await.unwrap().unwrap();
    assert_eq!(wallet.address(), key().address());
    assert_eq!(tab.choose(Address::repeat_byte(7)).await.status, 409);
}

#[tokio::test]
async fn a_link_works_once_and_for_one_tab() {
    let (config, links) = config();
    let (_wallet, tab) = opened(config, &links).await;
    let told = link(&links, 0).await;
    assert_eq!(tab.exchange(&told).await.status, 410, "a second use");
    let mut guess = told.clone();
    guess.pop();
    assert_eq!(tab.exchange(&guess).await.status, 403);
    let stranger = Tab { session: String::new(), ..tab.clone() };
    for (path, body) in [
        ("/news", json!({ "seen": 0 })),
        ("/account", json!({ "address": key().address().to_string() })),
        ("/answer", json!({ "id": 1, "result": "0x" })),
        ("/handed", json!({ "id": 1 })),
        ("/goes", json!({ "session": "" })),
    ] {
        assert_eq!(stranger.post(path, &body).await.status, 401, "{path}");
    }
    assert_eq!(tab.post("/news", &json!({ "seen": 0 })).await.status, 200, "a reload goes on");
}

#[tokio::test]
async fn a_page_that_was_closed_is_replaced() {
    let (config, links) = config();
    let config = BrowserConfig { silence: Duration::from_millis(800), ..config };
    let (wallet, old) = opened(config, &links).await;
    let signing = tokio::spawn(async move { sign_checked(&wallet, &sign1()).await });
    assert_eq!(old.call().await["call"]["handed"], false);
    assert_eq!(old.post("/handed", &json!({ "id": 1 })).await.status, 200);
    assert_eq!(old.post("/handed", &json!({ "id": 2 })).await.status, 409);
    let tab = Tab::open(&link(&links, 1).await).await;
    assert_eq!(old.post("/news", &json!({ "seen": 0 })).await.status, 401, "the old tab");
    assert_eq!(old.exchange(&link(&links, 0).await).await.status, 403, "the old link");
    assert_eq!(tab.choose(key().address()).await.status, 200);
    let call = tab.call().await["call"].clone();
    assert_eq!((&call["id"], &call["handed"]), (&json!(1), &json!(true)), "somebody had it");
    assert_eq!(tab.answers(signed).await.status, 200, "what was asked is asked again");
    signing.await.unwrap().unwrap();
}

#[tokio::test]
async fn time_runs_out_where_nobody_does_anything() {
    let (config, links) = config();
    let config = BrowserConfig { patience: Duration::from_secs(1), ..config };
    let error = BrowserWallet::open(config.clone()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "nobody did anything in the browser for 1 s, which is asked for the account"
    );
    links.lock().unwrap().clear();
    let (wallet, _tab) = opened(config, &links).await;
    let error = sign_checked(&wallet, &sign1()).await.unwrap_err();
    assert!(matches!(error, WalletError::Browser(BrowserError::TimedOut { .. })), "{error}");
}

/// Whoever thinks it over, or looks for a device, is waited for: the page's own questions for news
/// are no answer, and each step begins the time anew.
#[tokio::test]
async fn the_slow_are_waited_for() {
    let (config, links) = config();
    let config = BrowserConfig { patience: Duration::from_millis(1_500), ..config };
    let opening = tokio::spawn(BrowserWallet::open(config));
    let began = Instant::now();
    sleep(Duration::from_millis(900)).await;
    let tab = Tab::open(&link(&links, 0).await).await;
    sleep(Duration::from_millis(900)).await;
    assert_eq!(tab.choose(key().address()).await.status, 200);
    let wallet = opening.await.unwrap().unwrap();
    let signing = tokio::spawn(async move { sign_twice(&wallet, &sign1()).await });
    for _ in 0..2 {
        tab.call().await;
        sleep(Duration::from_millis(900)).await;
        assert_eq!(tab.answers(signed).await.status, 200);
    }
    signing.await.unwrap().unwrap();
    assert!(began.elapsed() > Duration::from_millis(3_000), "more than once the time");
}

#[tokio::test]
async fn other_sites_get_nothing() {
    let (config, links) = config();
    let (_wallet, tab) = opened(config, &links).await;
    let (address, news) = (&tab.address, json!({ "seen": 0 }));
    let port = address.rsplit(':').next().unwrap();
    let own = format!("Origin: http://{address}");
    // DNS rebinding: the page's own address, under a name of another.
    for host in [format!("evil.example:{port}"), "evil.example".to_owned(), String::new()] {
        let get = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(raw(address, get.as_bytes()).await.status, 403, "{host}");
        let origin = format!("Origin: http://{host}");
        assert_eq!(tab.post_with("/news", &[&origin], &host, &news).await.status, 403, "{host}");
    }
    for origin in [
        "Origin: https://evil.example".to_owned(),
        "Origin: null".to_owned(),
        "Origin: http://127.0.0.1:1".to_owned(),
        format!("Origin: http://localhost:{port}"),
        format!("Origin: https://{address}"),
        "X-Nothing: to say".to_owned(),
        format!("{own}\r\nOrigin: https://evil.example"),
    ] {
        assert_eq!(
            tab.post_with("/news", &[&origin], address, &news).await.status,
            403,
            "{origin}"
        );
    }
    assert_eq!(tab.post_with("/news", &[&own], address, &news).await.status, 200);
    let form = format!(
        "POST /news HTTP/1.1\r\nHost: {address}\r\n{own}\r\nContent-Type: text/plain\r\n\
         X-Namesys-Session: {}\r\nConnection: close\r\nContent-Length: 10\r\n\r\n{{\"seen\":0}}",
        tab.session
    );
    assert_eq!(raw(address, form.as_bytes()).await.status, 415, "no form can send it");
}

#[tokio::test]
async fn every_answer_has_the_headers_and_the_page_needs_nothing_else() {
    let (config, links) = config();
    let (_wallet, tab) = opened(config, &links).await;
    let address = &tab.address;
    for path in ["/", "/t/x", "/page.css", "/server.js", "/wallet.js", "/page.js", "/nothing"] {
        let get = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let came = raw(address, get.as_bytes()).await;
        assert_eq!(came.status, if path == "/nothing" { 404 } else { 200 }, "{path}");
        for field in [
            "content-security-policy: default-src 'none'; script-src 'self';",
            "frame-ancestors 'none'",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "cache-control: no-store",
        ] {
            assert!(came.head.contains(field), "{path} lacks {field}: {}", came.head);
        }
        assert!(!came.head.contains("access-control"), "{path}: {}", came.head);
        assert!(!came.head.contains("unsafe"), "{path}: {}", came.head);
    }
    let html = include_str!("../page/index.html");
    let scripts = html.matches("<script src=\"/").count();
    assert_eq!((html.matches("<script").count(), scripts), (3, 3), "no inline script");
    for inline in ["http:", "https:", "style=", "onclick", "onload", "javascript:", "<style"] {
        assert!(!html.contains(inline), "{inline}");
    }
    for source in [
        include_str!("../page/server.js"),
        include_str!("../page/wallet.js"),
        include_str!("../page/page.js"),
        include_str!("../page/page.css"),
    ] {
        for foreign in ["http:", "https:", "innerHTML", "eval(", "@import", "url("] {
            assert!(!source.contains(foreign), "{foreign}");
        }
    }
}

#[tokio::test]
async fn bodies_are_bounded_and_slow_ones_cut() {
    let (config, links) = config();
    let (_wallet, tab) = opened(config, &links).await;
    let long = json!({ "id": 1, "result": "0".repeat(1 << 20) });
    assert!(matches!(tab.post("/answer", &long).await.status, 0 | 413));
    for garbage in [json!([]), json!(null), json!({ "id": -1 }), json!("x")] {
        assert_eq!(tab.post("/answer", &garbage).await.status, 400, "{garbage}");
    }
    // A hundred that send nothing more do not keep the page out.
    let head = format!(
        "POST /news HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nX-Namesys-Session: {1}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        tab.address, tab.session
    );
    let slow: Vec<_> = (0..40)
        .map(|_| {
            let (address, head) = (tab.address.clone(), head.clone());
            tokio::spawn(async move { raw(&address, head.as_bytes()).await })
        })
        .collect();
    assert_eq!(tab.post("/news", &json!({ "seen": 0 })).await.status, 200);
    for slow in slow {
        let came = timeout(Duration::from_secs(20), slow).await.expect("it is cut").unwrap();
        assert!(matches!(came.status, 0 | 408), "{}", came.head);
    }
}
