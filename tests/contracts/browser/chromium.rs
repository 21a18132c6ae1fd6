//! A headless Chromium, driven by WebDriver.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::peers;

/// How long a page may take for anything, on a machine that does much else.
pub const LIMIT: Duration = Duration::from_secs(60);

/// How often its driver is started.
const TRIES: usize = 5;

pub struct Chromium {
    driver: Child,
    /// The browser's own process, which outlives its driver.
    browser: Option<u64>,
    client: reqwest::Client,
    session: String,
    /// The script of its wallets.
    source: String,
}

/// The driver, and the port where it listens.
fn driver() -> Result<(Child, String)> {
    let mut driver = Command::new("chromedriver")
        .args(["--port=0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("chromedriver")?;
    let stdout = driver.stdout.take().context("stdout is piped")?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next() {
        if let Some((_, port)) = line?.split_once("successfully on port ") {
            let port = port.trim_end_matches('.').to_owned();
            // What it says later is not read, and must not block it.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok((driver, port));
        }
    }
    let ended = driver.wait()?;
    bail!("chromedriver ended before it listened: {ended}")
}

impl Chromium {
    /// With these wallets installed.
    pub async fn start(wallets: &[&str]) -> Result<Self> {
        let mut driven = driver();
        // Its port has to be free for IPv4 and IPv6: it ends where somebody was faster with one.
        for _ in 1..TRIES {
            if driven.is_ok() {
                break;
            }
            driven = driver();
        }
        let (driver, port) = driven?;
        // Reqwest's TLS needs a provider, though nothing here has TLS.
        drop(namesys::net::Http::new(namesys::net::HttpConfig::default())?);
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .timeout(LIMIT + LIMIT)
            .build()?;
        let (session, source) = (String::new(), String::new());
        let mut chromium = Self { driver, browser: None, client, session, source };
        chromium.session = format!("http://127.0.0.1:{port}/session");
        let options = json!({ "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--window-size=1000,900",
        ] });
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
        } } });
        let made = chromium.post("", &capabilities).await?;
        chromium.browser = made["capabilities"]["goog:processID"].as_u64();
        let id = made["sessionId"].as_str().context("sessionId")?;
        chromium.session = format!("{}/{id}", chromium.session);
        chromium.source =
            include_str!("provider.js").replace("WALLETS", &json!(wallets).to_string());
        chromium.install().await?;
        Ok(chromium)
    }

    /// Puts the wallets into this tab.
    async fn install(&self) -> Result<()> {
        let script = json!({ "source": self.source });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", script).await.map(drop)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.client.post(format!("{}{path}", self.session)).json(body).send().await?;
        let mut answer: Value = answer.json().await?;
        let value = answer["value"].take();
        match value["error"].as_str().filter(|_| !value["stacktrace"].is_null()) {
            Some(error) => bail!("{path}: {error}: {}", value["message"]),
            None => Ok(value),
        }
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let answer = self.client.get(format!("{}{path}", self.session)).send().await?;
        let mut answer: Value = answer.json().await?;
        Ok(answer["value"].take())
    }

    pub async fn devtools(&self, command: &str, params: Value) -> Result<Value> {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": params })).await
    }

    pub async fn go(&self, url: &str) -> Result<()> {
        self.post("/url", &json!({ "url": url })).await.map(drop)
    }

    pub async fn reload(&self) -> Result<()> {
        self.post("/refresh", &json!({})).await.map(drop)
    }

    /// The body of a function, run in the page.
    pub async fn run(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.post("/execute/sync", &json!({ "script": script, "args": arguments })).await
    }

    /// A new tab, where everything goes from now on; the one before.
    pub async fn new_tab(&self) -> Result<String> {
        let before = self.get("/window").await?;
        let made = self.post("/window/new", &json!({ "type": "tab" })).await?;
        self.post("/window", &json!({ "handle": made["handle"] })).await?;
        self.install().await?;
        Ok(before.as_str().context("a handle")?.to_owned())
    }

    /// Closes the tab, and goes to another.
    pub async fn close_tab(&self, to: &str) -> Result<()> {
        self.client.delete(format!("{}/window", self.session)).send().await?;
        self.post("/window", &json!({ "handle": to })).await.map(drop)
    }

    /// All that the page says.
    pub async fn text(&self) -> Result<String> {
        let text = self.run("return document.body.innerText", &[]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page says this.
    pub async fn says(&self, words: &str) -> Result<()> {
        let began = Instant::now();
        loop {
            let text = self.text().await?;
            if text.contains(words) {
                return Ok(());
            }
            ensure!(began.elapsed() < LIMIT, "the page does not say {words:?}: {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses a button by its words, as the keyboard does: focus, and Enter.
    pub async fn press(&self, words: &str) -> Result<()> {
        const SCRIPT: &str = "
            const shown = (one) => one.offsetParent !== null && !one.disabled;
            const button = [...document.querySelectorAll('button')]
                .find((one) => shown(one) && one.textContent.includes(arguments[0]));
            if (!button) return false;
            button.focus();
            return document.activeElement === button;";
        let began = Instant::now();
        while self.run(SCRIPT, &[json!(words)]).await? != true {
            if began.elapsed() > LIMIT {
                bail!("there is no button {words:?}: {}", self.text().await?);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let enter = json!([{ "type": "keyDown", "value": "\u{e007}" }, { "type": "keyUp", "value": "\u{e007}" }]);
        let keys = json!({ "actions": [{ "type": "key", "id": "keys", "actions": enter }] });
        self.post("/actions", &keys).await.map(drop)
    }

    /// A picture in both colour schemes and two widths, under `target/`; what axe-core finds wrong
    /// in them.
    pub async fn looks(&self, name: &str) -> Result<()> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        std::fs::create_dir_all(&folder)?;
        for (scheme, width) in [("light", 1000), ("dark", 1000), ("light", 360), ("dark", 360)] {
            let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
            self.devtools("Emulation.setEmulatedMedia", json!({ "features": feature })).await?;
            let metrics =
                json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
            self.devtools("Emulation.setDeviceMetricsOverride", metrics).await?;
            let picture = self.get("/screenshot").await?;
            let picture = BASE64.decode(picture.as_str().context("a picture")?.as_bytes())?;
            std::fs::write(folder.join(format!("{name}-{scheme}-{width}.png")), picture)?;
            let wide = self.run("return document.documentElement.scrollWidth", &[]).await?;
            ensure!(wide.as_u64() <= Some(width), "{name} is {wide} wide at {width}");
            self.is_accessible(&format!("{name}, {scheme}, {width}")).await?;
        }
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await.map(drop)
    }

    async fn is_accessible(&self, name: &str) -> Result<()> {
        let folder = tokio::task::spawn_blocking(peers::folder).await??;
        let axe = std::fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js"))?;
        self.run(&format!("if (!window.axe) {{ {axe} }}"), &[]).await?;
        const SCRIPT: &str = "
            const done = arguments[arguments.length - 1];
            axe.run().then((found) => done(found.violations.map((one) =>
                `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(' ')}`)),
                (error) => done([String(error)]));";
        let found = self.post("/execute/async", &json!({ "script": SCRIPT, "args": [] })).await?;
        ensure!(found == json!([]), "{name}: {found:#}");
        Ok(())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if let Some(id) = self.browser {
            let _ = Command::new("kill").arg(id.to_string()).status();
        }
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}
