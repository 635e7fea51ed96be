//! Changes of notes as they happen: as server-sent events and over WebSocket.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use scopegate_http::answer::{Event, Sse};
use scopegate_http::credential::{Ticket, Tickets};
use scopegate_http::websocket::{SwitchingProtocols, WebSocketUpgrade};
use scopegate_http::{Json, Permit, State};
use serde::Serialize;

use crate::app::{Answered, App, Caller};

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Change {
    note: i64,
    kind: &'static str,
    /// The members who may know of it, all of one tenant.
    #[serde(skip)]
    readers: Vec<String>,
}

impl App {
    pub(crate) async fn publish(&self, note: i64, tenant: &str, kind: &'static str) -> Answered<()> {
        let query = sqlx::query_scalar("SELECT reader FROM readable WHERE id = ? AND tenant = ?");
        let readers = query.bind(note).bind(tenant).fetch_all(&self.db).await?;
        // An error means that no client listens.
        let _ = self.changes.send(Change { note, kind, readers });
        Ok(())
    }

    /// Returns the changes that the caller may know of. The stream ends if the client is too slow.
    fn changes_for(&self, caller: Caller) -> impl Stream<Item = String> + Send + Sync + use<> {
        stream::unfold((self.changes.subscribe(), caller), async |(mut changes, caller)| {
            loop {
                let change = changes.recv().await.ok()?;
                if change.readers.contains(&caller.subject) {
                    return Some((serde_json::to_string(&change).ok()?, (changes, caller)));
                }
            }
        })
    }
}

pub(crate) async fn events(caller: Caller, app: State<App>) -> Sse<impl Stream<Item = Event> + Send + Sync> {
    Sse(app.changes_for(caller).map(Event::text)).keep_alive(Duration::from_secs(15))
}

pub(crate) async fn issue_ticket(permit: Permit, tickets: State<Arc<Tickets>>) -> Answered<Json<Ticket>> {
    Ok(Json(tickets.issue(&permit)?))
}

pub(crate) async fn feed(caller: Caller, State(app): State<App>, upgrade: WebSocketUpgrade) -> SwitchingProtocols {
    upgrade.on_upgrade(async move |mut socket| {
        let mut changes = pin!(app.changes_for(caller));
        loop {
            let is_open = tokio::select! {
                // Finds that the client closed the connection, or does not answer.
                received = socket.receive() => matches!(received, Ok(Some(_))),
                change = changes.next() => match change {
                    Some(change) => socket.send(change).await.is_ok(),
                    None => false,
                },
            };
            if !is_open {
                break;
            }
        }
    })
}
