//! A name for the answers that hyper gives by itself.
//!
//! A head that is no request never comes to the service: hyper refuses it with a status line, three fields and no body. Every
//! other answer can be found in the log by its name, and so can this one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::header::HeaderValue;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tracing::debug;

/// Gives the next name of a request.
pub(crate) type Names = Arc<dyn Fn() -> HeaderValue + Send + Sync>;

const FIELD: &[u8] = b"x-request-id: ";

/// No answer of hyper's own is longer.
const LONGEST: usize = 200;

/// A socket that names the refusals written to it.
pub(super) struct Named<S> {
    socket: S,
    names: Option<Names>,
    unsent: Vec<u8>,
}

impl<S: AsyncWrite + Unpin> Named<S> {
    /// Names the refusals written to a socket.
    pub(super) const fn new(socket: S, names: Option<Names>) -> Self {
        let unsent = Vec::new();
        Self { socket, names, unsent }
    }

    /// Sends what a refusal has become.
    fn send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let sent = ready!(Pin::new(&mut self.socket).poll_write(context, &self.unsent))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

/// The status line and the rest, where this is a refusal of hyper's own: an answer of ours has a name, or a body.
fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let has = |field: &[u8]| bytes.windows(field.len()).any(|window| window == field);
    let is_refusal = bytes.len() <= LONGEST
        && bytes.starts_with(b"HTTP/1.")
        && bytes.get(8..10) == Some(b" 4")
        && bytes.ends_with(b"\r\n\r\n")
        && has(b"\r\ncontent-length: 0\r\n")
        && !has(FIELD);
    let end = bytes.windows(2).position(|window| window == b"\r\n")?;
    bytes.split_at_checked(end + 2).filter(|_| is_refusal)
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Named<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.send(context))?;
        let refusal = self.names.as_ref().zip(parts(bytes));
        let Some((names, (line, rest))) = refusal else {
            return Pin::new(&mut self.socket).poll_write(context, bytes);
        };
        let name = names();
        debug!(request_id = ?name, "refused a head that is no request");
        self.unsent = [line, FIELD, name.as_bytes(), b"\r\n", rest].concat();
        match self.send(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending | Poll::Ready(Ok(())) => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.send(context))?;
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.send(context))?;
        Pin::new(&mut self.socket).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = slices {
            return self.poll_write(context, only);
        }
        ready!(self.send(context))?;
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Named<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const REFUSAL: &[u8] = b"HTTP/1.1 431 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

    #[test]
    fn only_a_refusal_without_a_name_and_a_body_is_hypers_own() {
        assert_eq!(
            parts(REFUSAL).map(|(line, _)| line),
            Some(&b"HTTP/1.1 431 Too Large\r\n"[..])
        );
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 404 Not Found\r\nx-request-id: a\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nbody",
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n",
            b"HTTP/1.1 4",
            b"",
        ] {
            assert_eq!(parts(other), None, "{}", other.escape_ascii());
        }
    }

    #[tokio::test]
    async fn a_name_gets_through_a_narrow_socket_whole() {
        let (ours, mut theirs) = tokio::io::duplex(7);
        let always: Names = Arc::new(|| HeaderValue::from_static("name-1"));
        let writing = tokio::spawn(async move {
            let mut named = Named::new(ours, Some(always));
            named.write_all(REFUSAL).await?;
            named.shutdown().await
        });
        let mut read = String::new();
        theirs.read_to_string(&mut read).await.unwrap();
        writing.await.unwrap().unwrap();
        assert_eq!(read.lines().nth(1), Some("x-request-id: name-1"));
        assert_eq!(read.len(), REFUSAL.len() + FIELD.len() + "name-1\r\n".len());
    }
}
