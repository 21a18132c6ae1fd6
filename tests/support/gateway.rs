//! A gateway before another one that keeps back what a test says: it serves single blocks alone.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

const GONE: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const NO_CAR: &str =
    "HTTP/1.1 406 Not Acceptable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Starts one before `url`; its own URL. `has` is told each path that is asked.
pub fn before(url: &str, has: impl Fn(&str) -> bool + Send + Sync + 'static) -> String {
    let to = url.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let has = Arc::new(has);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (to, has) = (to.clone(), has.clone());
            // What happens to a broken connection is what the client makes of it.
            thread::spawn(move || answer(client, &to, &*has));
        }
    });
    format!("http://{addr}")
}

fn answer(
    mut client: TcpStream,
    to: &str,
    has: &(dyn Fn(&str) -> bool + Send + Sync),
) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if client.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    if path.contains("format=car") {
        return client.write_all(NO_CAR.as_bytes());
    }
    if !has(path) {
        return client.write_all(GONE.as_bytes());
    }
    let mut server = TcpStream::connect(to)?;
    server.write_all(head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes())?;
    std::io::copy(&mut server, &mut client).map(drop)
}
