//! A plain client of HTTP/2. It sends and receives single frames.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

// Types of frames: RFC 9113, section 6.
pub(crate) const DATA: u8 = 0;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;

/// The initial window of a stream and of a connection: RFC 9113, section 6.9.2.
pub(crate) const WINDOW: usize = 65_535;

/// One frame: its type, its stream and its payload.
pub(crate) type Received = (u8, u8, Vec<u8>);

/// A connection of HTTP/2.
pub(crate) struct Peer(pub(crate) DuplexStream);

impl Peer {
    /// Sends the preface and empty settings.
    pub(crate) async fn connect(mut client: DuplexStream) -> Self {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        client.write_all(preface).await.unwrap();
        Self(client)
    }

    /// Sends a GET as this stream.
    pub(crate) async fn get(&mut self, id: u8, path: &str) {
        const END_STREAM_AND_HEADERS: u8 = 5;
        self.send_head(id, 0x82, path, END_STREAM_AND_HEADERS).await;
    }

    /// Sends a POST as this stream, without its body.
    pub(crate) async fn post(&mut self, id: u8, path: &str) {
        const END_HEADERS: u8 = 4;
        self.send_head(id, 0x83, path, END_HEADERS).await;
    }

    /// Sends the head of a request. The method is an index of HPACK's static table, as the other
    /// bytes of the head are.
    async fn send_head(&mut self, id: u8, method: u8, path: &str, flags: u8) {
        let length = u8::try_from(path.len()).unwrap();
        let head = [&[method, 0x86, 0x04, length], path.as_bytes(), &[0x01, 0x01, b'a']].concat();
        let length = u8::try_from(head.len()).unwrap();
        let frame = [&[0, 0, length, 1, flags, 0, 0, 0, id][..], &head].concat();
        self.0.write_all(&frame).await.unwrap();
    }

    /// Allows the server to send this many more bytes; stream 0 is the connection.
    pub(crate) async fn update_window(&mut self, id: u8, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap().to_be_bytes();
        let frame = [&[0, 0, 4, 8, 0, 0, 0, 0, id][..], &bytes].concat();
        self.0.write_all(&frame).await.unwrap();
    }

    /// Reads the next frame. Pings are acknowledged and returned.
    ///
    /// # Errors
    ///
    /// The connection is closed.
    pub(crate) async fn frame(&mut self) -> io::Result<Received> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).await?;
        if head[3] == PING && head[4] == 0 {
            let acknowledgement = [b"\0\0\x08\x06\x01\0\0\0\0", payload.as_slice()].concat();
            // The server may have closed the connection meanwhile.
            let _ = self.0.write_all(&acknowledgement).await;
        }
        Ok((head[3], head[8], payload))
    }
}
