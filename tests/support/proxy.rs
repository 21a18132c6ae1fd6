//! A TCP proxy with faults: bytes in, bytes out, nothing of HTTP but the first word.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What it does to the connections that come.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing: it passes everything on.
    None,
    /// Nobody listens.
    Refuse,
    /// Passes on so many bytes of the client's, then resets the connection.
    ResetAfter(usize),
    /// Passes the answer on, one byte a second.
    Slow,
    /// Passes on what the client sends, one byte a second.
    SlowToTake,
    /// Reads everything and answers nothing.
    Swallow,
    /// Answers so many connections with these bytes, then is as `None`.
    Answer(u32, String),
    /// Answers a POST with these bytes and passes everything else on.
    AnswerPost(String),
    /// Passes so many POSTs on and loses their answers, with their connections.
    LoseAnswers(Arc<AtomicU32>),
}

/// A proxy on a port of its own, which it keeps. It ends with the test's process.
pub struct Proxy {
    addr: SocketAddr,
    fault: Arc<Mutex<Fault>>,
}

impl Proxy {
    /// In front of `http://127.0.0.1:<port>`.
    pub fn before(url: &str) -> Self {
        let to: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let fault = Arc::new(Mutex::new(Fault::None));
        let current = fault.clone();
        thread::spawn(move || serve(listener, to, &current));
        Self { addr, fault }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// From now on, connections have this fault.
    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
        // The listener closes or opens within a round of its loop.
        thread::sleep(Duration::from_millis(30));
    }
}

fn serve(listener: TcpListener, to: SocketAddr, fault: &Mutex<Fault>) {
    let addr = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut listener = Some(listener);
    loop {
        let current = fault.lock().unwrap().clone();
        if matches!(current, Fault::Refuse) {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(addr).ok();
            listener.iter().for_each(|listener| listener.set_nonblocking(true).unwrap());
        }
        match listener.as_ref().map(TcpListener::accept) {
            Some(Ok((client, _))) => {
                client.set_nonblocking(false).unwrap();
                if let Fault::Answer(left, text) = &current {
                    let next = match left {
                        1 => Fault::None,
                        left => Fault::Answer(left - 1, text.clone()),
                    };
                    *fault.lock().unwrap() = next;
                }
                // What happens to a broken connection is what the client makes of it.
                thread::spawn(move || connection(client, to, &current));
            }
            Some(Err(error)) if error.kind() != ErrorKind::WouldBlock => return,
            _ => thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn connection(mut client: TcpStream, to: SocketAddr, fault: &Fault) -> std::io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    match fault {
        Fault::Swallow => {
            while client.read(&mut buffer)? > 0 {}
            return Ok(());
        }
        Fault::Answer(_, text) => return answer(&mut client, text),
        _ => {}
    }
    let mut server = TcpStream::connect(to)?;
    let (mut from, mut back) = (server.try_clone()?, client.try_clone()?);
    let slow = matches!(fault, Fault::Slow);
    let losing = Arc::new(AtomicBool::new(false));
    let lost = losing.clone();
    thread::spawn(move || -> std::io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            let length = from.read(&mut buffer)?;
            if lost.load(Ordering::Relaxed) {
                return back.shutdown(Shutdown::Both);
            }
            if length == 0 {
                return back.shutdown(Shutdown::Write);
            }
            pass(&mut back, &buffer[..length], slow)?;
        }
    });
    let mut passed = 0;
    loop {
        // The first part of a request tells its method.
        if let Fault::AnswerPost(text) = fault {
            let length = client.peek(&mut buffer)?;
            if buffer[..length].starts_with(b"POST") {
                // Not before: its end would be passed on.
                answer(&mut client, text)?;
                return server.shutdown(Shutdown::Both);
            }
        }
        let length = client.read(&mut buffer)?;
        if length == 0 {
            return server.shutdown(Shutdown::Write);
        }
        if let Fault::LoseAnswers(left) = fault
            && buffer[..length].starts_with(b"POST")
        {
            let less = |left: u32| left.checked_sub(1);
            let is_lost = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
            losing.store(is_lost, Ordering::Relaxed);
        }
        pass(&mut server, &buffer[..length], matches!(fault, Fault::SlowToTake))?;
        passed += length;
        if matches!(fault, Fault::ResetAfter(limit) if passed >= *limit) {
            // What the client sent and nobody has read makes this a reset, not an end.
            client.peek(&mut buffer)?;
            server.shutdown(Shutdown::Both)?;
            return client.shutdown(Shutdown::Both);
        }
    }
}

fn pass(to: &mut TcpStream, bytes: &[u8], slow: bool) -> std::io::Result<()> {
    if !slow {
        return to.write_all(bytes);
    }
    for byte in bytes {
        to.write_all(std::slice::from_ref(byte))?;
        thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

/// Answers once the client has stopped sending, and closes.
fn answer(client: &mut TcpStream, text: &str) -> std::io::Result<()> {
    client.set_read_timeout(Some(Duration::from_millis(50)))?;
    let mut buffer = [0; 16 * 1024];
    while client.read(&mut buffer).is_ok_and(|length| length > 0) {}
    client.write_all(text.as_bytes())?;
    client.shutdown(Shutdown::Write)
}
