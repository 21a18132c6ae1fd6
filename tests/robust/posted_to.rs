//! A gateway on a database that a place posts to, in this process: its records are in the place's
//! folder, and a copy of the place has a gateway of its own on a copy of them.

use std::path::Path;

use namesys::gateway::{
    Checker, DatabaseUrl, Gateway, GatewayConfig, GatewayLimits, Owners, Store,
};
use tokio::sync::oneshot;

/// The folder of the records, in the place.
const FOLDER: &str = "database";
/// Files of a workspace that say where the gateway is.
const NAMING: [&str; 2] = ["namesys.toml", "published.toml"];
const ANY: &str = "http://the-gateway";

/// A gateway, which ends when this is dropped.
pub struct PostedTo {
    url: String,
    _stop: oneshot::Sender<()>,
}

impl PostedTo {
    /// One for the names of `owner`, with no records; the workspace `w` of the place gets its table.
    pub fn begin(place: &Path, owner: &str) -> Self {
        std::fs::create_dir(place.join(FOLDER)).unwrap();
        std::fs::write(place.join(FOLDER).join("owner"), owner).unwrap();
        let begun = Self::start(place);
        let config = place.join("w/namesys.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let table = format!("\n[[databases]]\nurl = \"{}\"\n", begun.url);
        std::fs::write(&config, text + &table).unwrap();
        begun
    }

    /// The one of a copy of the place, where it has one; its workspace says where it is now.
    pub fn again(place: &Path, before: Option<&Self>) -> Option<Self> {
        let before = before?;
        let again = Self::start(place);
        for file in NAMING {
            let path = place.join("w").join(file);
            if let Ok(text) = std::fs::read_to_string(&path) {
                std::fs::write(&path, text.replace(&before.url, &again.url)).unwrap();
            }
        }
        Some(again)
    }

    fn start(place: &Path) -> Self {
        let folder = place.join(FOLDER);
        let url: DatabaseUrl =
            format!("sqlite:{}", folder.join("records.db").display()).parse().unwrap();
        let owner = std::fs::read_to_string(folder.join("owner")).unwrap().parse().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let store = Store::open(&url).await.unwrap();
                let checker = Checker::new(Owners::Told(owner), 1, Vec::new());
                let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
                let (tls, limits) = (None, GatewayLimits::default());
                let config = GatewayConfig { store, checker, roster: None, listen, tls, limits };
                let gateway = Gateway::bind(config).await.unwrap();
                sender.send(gateway.url()).unwrap();
                gateway.run(async { _ = stopped.await }).await;
            });
        });
        Self { url: receiver.recv().unwrap(), _stop: stop }
    }

    /// A workspace's files, which say where the gateway is, as if all were at one place.
    pub fn like_any(&self, path: &Path, bytes: Vec<u8>) -> Vec<u8> {
        if !NAMING.iter().any(|file| path == Path::new(file)) {
            return bytes;
        }
        let text = String::from_utf8(bytes).unwrap();
        text.replace(&self.url, ANY).into_bytes()
    }
}
