use std::sync::{Arc, Mutex};

use super::*;
use crate::ipfs::{CarWriter, pack_directory};
use crate::net::test_server::{Answer, Seen, TestServer, quick_http};

/// A bucket as the simplest services have it: no conditions, and tags if `tags`.
#[derive(Default)]
struct Simple {
    objects: BTreeMap<String, Vec<u8>>,
    tags: bool,
    /// Keys that end so are refused.
    refused: Option<&'static str>,
    puts: Vec<String>,
}

impl Simple {
    fn etag(&self, bytes: &[u8]) -> String {
        if self.tags { fingerprint(bytes)[..32].to_owned() } else { String::new() }
    }

    fn answer(&mut self, seen: &Seen) -> Answer {
        let (method, rest) = seen.line.split_once(' ').unwrap();
        let (path, query) = rest.split_once('?').unwrap();
        let key = path.strip_prefix("/names/").unwrap().to_owned();
        match method {
            "GET" if query.contains("list-type=2") => self.list(query),
            "GET" => match self.objects.get(&key) {
                Some(bytes) => {
                    let etag = format!("etag: \"{}\"", self.etag(bytes));
                    let answer = Answer::new(200, bytes.clone());
                    if self.tags { answer.header(etag) } else { answer }
                }
                None => Answer::new(404, "<Error><Code>NoSuchKey</Code></Error>"),
            },
            "PUT" if seen.headers.iter().any(|header| header.starts_with("if-")) => {
                Answer::new(501, "<Error><Code>NotImplemented</Code></Error>")
            }
            "PUT" if self.refused.is_some_and(|end| key.ends_with(end)) => {
                Answer::new(403, "<Error><Code>AccessDenied</Code></Error>")
            }
            "PUT" => {
                self.puts.push(key.clone());
                let etag = format!("etag: \"{}\"", self.etag(&seen.body));
                self.objects.insert(key, seen.body.clone());
                if self.tags { Answer::new(200, "").header(etag) } else { Answer::new(200, "") }
            }
            "DELETE" => {
                self.objects.remove(&key);
                Answer::new(204, "")
            }
            method => panic!("{method}"),
        }
    }

    fn list(&self, query: &str) -> Answer {
        let prefix = query.split('&').find_map(|part| part.strip_prefix("prefix=")).unwrap();
        let prefix = prefix.replace("%2F", "/");
        let of = self.objects.iter().filter(|(key, _)| key.starts_with(&prefix));
        let contents: String = of
            .map(|(key, bytes)| match self.etag(bytes) {
                etag if etag.is_empty() => format!("<Contents><Key>{key}</Key></Contents>"),
                etag => {
                    format!("<Contents><Key>{key}</Key><ETag>&quot;{etag}&quot;</ETag></Contents>")
                }
            })
            .collect();
        Answer::new(
            200,
            format!(
                "<?xml version=\"1.0\"?><ListBucketResult \
                 xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{contents}\
                 <IsTruncated>false</IsTruncated></ListBucketResult>"
            ),
        )
    }
}

struct Scene {
    simple: Arc<Mutex<Simple>>,
    store: BucketStore,
    dir: tempfile::TempDir,
}

impl Scene {
    async fn new(simple: Simple) -> Self {
        let simple = Arc::new(Mutex::new(simple));
        let answering = simple.clone();
        let server = TestServer::start(move |_, seen| answering.lock().unwrap().answer(seen)).await;
        let bucket = BucketConfig {
            endpoint: server.url.clone(),
            bucket: "names".to_owned(),
            region: "us-east-1".to_owned(),
            key_id: "AKIA".to_owned(),
            secret: "hunter2".to_owned().into(),
        };
        let settings = Settings { bucket, prefix: "p".to_owned(), owner: "nick.eth".to_owned() };
        let mut store = BucketStore::new(quick_http(), settings).unwrap();
        store.abandoned = Duration::from_millis(5);
        Self { simple, store, dir: tempfile::tempdir().unwrap() }
    }

    async fn bring(&self, files: &[(&str, &str)]) -> Result<Changes, SiteError> {
        let tree = tempfile::tempdir_in(self.dir.path()).unwrap();
        for (path, content) in files {
            let path = tree.path().join(WELL_KNOWN).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let car = self.dir.path().join("tree.car");
        let mut writer = CarWriter::create(&car).unwrap();
        let packed = pack_directory(tree.path(), &mut writer, &mut |_| {}).unwrap();
        writer.finish(&packed.root).unwrap();
        self.store.bring(&car, &packed.root, &Over::anything(), None).await
    }

    /// What is there, the manifest aside.
    fn keys(&self) -> Vec<String> {
        let simple = self.simple.lock().unwrap();
        let keys = simple.objects.keys().filter_map(|key| key.strip_prefix("p/.well-known/"));
        keys.map(str::to_owned).collect()
    }
}

fn counts(changes: &Changes) -> (usize, usize, usize) {
    (changes.written.len(), changes.unchanged, changes.removed.len())
}

#[tokio::test]
async fn services_without_conditions_and_tags_will_do() {
    for tags in [true, false] {
        let scene = Scene::new(Simple { tags, ..Simple::default() }).await;
        let first = scene.bring(&[("a.json", "1"), ("b.json", "1"), ("c.json", "1")]).await;
        assert_eq!(counts(&first.unwrap()), (3, 0, 0));
        let puts = scene.simple.lock().unwrap().puts.len();
        let again = scene.bring(&[("a.json", "1"), ("b.json", "1"), ("c.json", "1")]).await;
        assert_eq!(counts(&again.unwrap()), (0, 3, 0));
        assert_eq!(scene.simple.lock().unwrap().puts.len(), puts, "nothing is sent");
        let changed = scene.bring(&[("a.json", "1"), ("b.json", "2")]).await.unwrap();
        assert_eq!(counts(&changed), (1, 1, 1), "tags: {tags}");
        assert_eq!(scene.keys(), ["a.json", "b.json"]);
        let held = scene.store.held().await.unwrap();
        assert_eq!(held.files[".well-known/b.json"], fingerprint(b"2"));
        assert!(held.root.is_some() && scene.store.probe().await.is_ok());
        assert_eq!(scene.simple.lock().unwrap().objects.len(), 3, "no probe is left");
    }
}

#[tokio::test]
async fn what_is_cut_short_is_completed() {
    let scene = Scene::new(Simple { tags: true, ..Simple::default() }).await;
    scene.bring(&[("old.json", "1")]).await.unwrap();
    scene.simple.lock().unwrap().refused = Some("b.json");
    let error = scene.bring(&[("a.json", "1"), ("b.json", "1")]).await.unwrap_err().to_string();
    assert!(error.contains("AccessDenied") && !error.contains("X-Amz"), "{error}");
    assert!(scene.keys().contains(&"old.json".to_owned()), "what goes, goes last");
    assert_eq!(scene.store.held().await.unwrap().root, None, "not all of a tree is there");
    scene.simple.lock().unwrap().refused = None;
    // Another tree by now: what the first attempt left is known to be ours.
    scene.bring(&[("b.json", "1")]).await.unwrap();
    assert_eq!(scene.keys(), ["b.json"]);
}

#[tokio::test]
async fn somebody_elses_objects_stay() {
    let scene = Scene::new(Simple { tags: true, ..Simple::default() }).await;
    let put = |key: &str, text: &str| {
        let key = format!("p/.well-known/{key}");
        scene.simple.lock().unwrap().objects.insert(key, text.into());
    };
    put("a.json", "theirs");
    put("same.json", "1");
    let error = scene.bring(&[("a.json", "1"), ("new.json", "1")]).await.unwrap_err();
    assert!(matches!(&error, SiteError::Foreign { key, .. } if key == "p/.well-known/a.json"));
    assert_eq!(scene.keys(), ["a.json", "same.json"], "nothing is written");
    // The same bytes stay somebody else's.
    let same = [("same.json", "1"), ("new.json", "1")];
    assert_eq!(counts(&scene.bring(&same).await.unwrap()), (1, 1, 0));
    assert_eq!(scene.store.held().await.unwrap().files.len(), 2, "but are part of the tree");
    put("new.json", "changed by hand");
    assert_eq!(counts(&scene.bring(&[("newer.json", "1")]).await.unwrap()), (1, 0, 0));
    assert_eq!(scene.keys(), ["a.json", "new.json", "newer.json", "same.json"]);
}

/// That a manifest names an object is not enough: it may be a stranger's.
#[tokio::test]
async fn a_strangers_manifest_overwrites_nothing() {
    for tags in [true, false] {
        let scene = Scene::new(Simple { tags, ..Simple::default() }).await;
        let theirs = b"theirs".to_vec();
        for line in ["guessed.guessed  ", "guessed.  ", "# was guessed.tag  ", "x  "] {
            let manifest = format!("# unfinished\n{line}.well-known/a.json\n");
            {
                let mut simple = scene.simple.lock().unwrap();
                simple.objects.insert("p/.well-known/a.json".to_owned(), theirs.clone());
                simple.objects.insert(scene.store.manifest_key(), manifest.into_bytes());
            }
            let error = scene.bring(&[("a.json", "1"), ("b.json", "1")]).await.unwrap_err();
            assert!(matches!(&error, SiteError::Foreign { .. }), "{tags} {line:?}: {error}");
            assert_eq!(scene.keys(), ["a.json"], "{tags} {line:?}");
            let simple = scene.simple.lock().unwrap();
            assert_eq!(simple.objects["p/.well-known/a.json"], theirs, "{tags} {line:?}");
        }
    }
}

#[tokio::test]
async fn after_a_cut_only_what_was_sent_goes() {
    for tags in [true, false] {
        let scene = Scene::new(Simple { tags, ..Simple::default() }).await;
        scene.bring(&[("kept.json", "1"), ("old.json", "1"), ("same.json", "1")]).await.unwrap();
        scene.simple.lock().unwrap().refused = Some("z.json");
        let cut = scene.bring(&[("a.json", "1"), ("old.json", "2"), ("z.json", "1")]).await;
        assert!(cut.is_err());
        scene.simple.lock().unwrap().refused = None;
        let put = |key: &str| format!("p/.well-known/{key}");
        scene.simple.lock().unwrap().objects.insert(put("kept.json"), "by hand".into());
        scene.bring(&[("z.json", "1")]).await.unwrap();
        assert_eq!(scene.keys(), ["kept.json", "z.json"], "tags: {tags}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_place() {
    let there = TestServer::start(|_, _| Answer::new(500, "")).await;
    for (bucket, prefix, owner) in
        [("a", "", "n"), ("names", "../", "n"), ("names", "a//b", "n"), ("names", "", "a/b")]
    {
        let bucket = BucketConfig {
            endpoint: there.url.clone(),
            bucket: bucket.to_owned(),
            region: "us-east-1".to_owned(),
            key_id: "AKIA".to_owned(),
            secret: "hunter2".to_owned().into(),
        };
        let (prefix, owner) = (prefix.to_owned(), owner.to_owned());
        let store = BucketStore::new(quick_http(), Settings { bucket, prefix, owner });
        assert!(matches!(store, Err(SiteError::Settings { .. })));
    }
}
