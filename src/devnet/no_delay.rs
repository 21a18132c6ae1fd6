//! Connections that send what they have at once.

use axum::serve::{ListenerExt, TapIo};
use tokio::net::{TcpListener, TcpStream};

/// Sets `TCP_NODELAY` on every connection that `listener` accepts. Without it the last piece of an
/// answer waits until the client has acknowledged the one before, which takes it up to 40 ms.
pub(super) fn without_delay(listener: TcpListener) -> TapIo<TcpListener, fn(&mut TcpStream)> {
    listener.tap_io(|stream| {
        // A connection without it works too.
        let _ = stream.set_nodelay(true);
    })
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener;

    use super::*;

    #[tokio::test]
    async fn connections_do_not_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let mut listener = without_delay(listener);
        let (client, (accepted, _)) = tokio::join!(client, listener.accept());
        client.unwrap();
        assert!(accepted.nodelay().unwrap());
    }
}
