//! A connection of WebSocket.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::{SinkExt, Stream, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Error};

use crate::stream_end::StreamEnd;

/// A message of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 6455 has two kinds of data")]
pub enum Message {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// The reason why a connection of WebSocket ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The credential of the handshake expired, the time of `ends_at` has come, or the program
    /// stops.
    #[error("the time of the connection is over")]
    Ended,
    /// The client sent nothing, or read nothing, for the time limit.
    #[error("the client did not answer within the time limit")]
    Idle,
    /// A message is larger than the limit.
    #[error("a message is larger than the limit")]
    TooLarge,
    /// The client broke the protocol, or the connection broke.
    #[error("the connection ended: {0}")]
    Connection(Box<Error>),
}

impl From<Error> for WebSocketError {
    fn from(error: Error) -> Self {
        match error {
            Error::Capacity(_) => Self::TooLarge,
            error => Self::Connection(Box::new(error)),
        }
    }
}

/// A connection of WebSocket. Pings are answered by itself.
pub struct WebSocket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    idle: Duration,
    end: StreamEnd,
    /// The time of the next ping, or of the end if the client has not answered the last one. A
    /// dropped `receive` does not change it.
    quiet_until: Instant,
    /// Whether the client has not answered the last ping.
    is_pinged: bool,
}

impl WebSocket {
    pub(super) fn new(stream: WebSocketStream<TokioIo<Upgraded>>, idle: Duration, end: StreamEnd) -> Self {
        Self {
            stream,
            idle,
            end,
            quiet_until: Instant::now() + idle / 2,
            is_pinged: false,
        }
    }

    /// Returns the next message; `None` if the client closed the connection.
    ///
    /// # Errors
    ///
    /// [`WebSocketError`]. The connection is of no further use.
    pub async fn receive(&mut self) -> Result<Option<Message>, WebSocketError> {
        until(self.end.clone(), self.next_message()).await
    }

    async fn next_message(&mut self) -> Result<Option<Message>, WebSocketError> {
        loop {
            let next = timeout_at(self.quiet_until, self.stream.next()).await;
            self.quiet_until = Instant::now() + self.idle / 2;
            let Ok(next) = next else {
                if std::mem::replace(&mut self.is_pinged, true) {
                    return Err(WebSocketError::Idle);
                }
                self.send_frame(tungstenite::Message::Ping(Bytes::new())).await?;
                continue;
            };
            self.is_pinged = false;
            match next.transpose()? {
                None | Some(tungstenite::Message::Close(_)) => return Ok(None),
                Some(tungstenite::Message::Text(text)) => return Ok(Some(Message::Text(text.as_str().to_owned()))),
                Some(tungstenite::Message::Binary(bytes)) => return Ok(Some(Message::Binary(bytes))),
                Some(_) => {}
            }
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// [`WebSocketError`]. The connection is of no further use.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        let frame = match message.into() {
            Message::Text(text) => tungstenite::Message::text(text),
            Message::Binary(bytes) => tungstenite::Message::binary(bytes),
        };
        until(self.end.clone(), self.send_frame(frame)).await
    }

    /// Sends all messages of a stream, and receives at the same time, so that pings are answered
    /// and a client that has left is noticed. Messages of the client are ignored. It ends with the
    /// stream, or if the client closes the connection.
    ///
    /// # Errors
    ///
    /// [`WebSocketError`]. The connection is of no further use.
    pub async fn send_all<M: Into<Message>>(
        &mut self,
        messages: impl Stream<Item = M> + Send,
    ) -> Result<(), WebSocketError> {
        let mut messages = pin!(messages);
        loop {
            let next = match select(pin!(self.receive()), messages.next()).await {
                Either::Left((received, _)) => Either::Left(received?),
                Either::Right((message, _)) => Either::Right(message.map(Into::<Message>::into)),
            };
            match next {
                Either::Left(Some(_)) => {}
                Either::Right(Some(message)) => self.send(message).await?,
                Either::Left(None) | Either::Right(None) => return Ok(()),
            }
        }
    }

    /// Closes the connection, and waits for the answer of the client.
    ///
    /// # Errors
    ///
    /// [`WebSocketError`].
    pub async fn close(mut self) -> Result<(), WebSocketError> {
        self.send_frame(tungstenite::Message::Close(None)).await?;
        while self.receive().await?.is_some() {}
        Ok(())
    }

    async fn send_frame(&mut self, frame: tungstenite::Message) -> Result<(), WebSocketError> {
        match timeout(self.idle, self.stream.send(frame)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(WebSocketError::Idle),
        }
    }
}

/// Waits for work until the connection ends.
// SECURITY: a task of the handler can outlive its function. Tested by `tests/it/websocket.rs`,
// `connection_ends_when_the_credential_expires`.
async fn until<T>(end: StreamEnd, work: impl Future<Output = Result<T, WebSocketError>>) -> Result<T, WebSocketError> {
    // `select` would begin the work first.
    if end.is_reached() {
        return Err(WebSocketError::Ended);
    }
    match select(pin!(work), pin!(end.reached())).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => Err(WebSocketError::Ended),
    }
}

/// Prints no content, because it can contain a secret.
impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").finish_non_exhaustive()
    }
}
