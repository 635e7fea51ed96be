//! The statements that add an entry to the log.

use scopegate_domain::{NewsLane, Revoked};
use scopegate_store::NewsItem;

use crate::row;
use crate::statement::{Statement, Step};

/// Locks the lane until the commit, so that places become visible in their order.
const TAKE_PLACE: &str = "UPDATE news_head SET place = place + 1 WHERE lane = $1";

const ADD: &str = "INSERT INTO news (lane, place, kind, subject, second, issued_until, ends_at) \
     SELECT lane, place, $2, $3, $4, $5, $6 FROM news_head WHERE lane = $1";

/// The steps that add an entry. They must be the last ones of their transaction.
pub(crate) fn entry(item: &NewsItem) -> [Step; 2] {
    let lane = lane(&item.subject());
    let (second, issued_until) = match item {
        NewsItem::Revoked(revocation) => {
            let name = match revocation.whose() {
                Revoked::Consent {
                    username, client_id, ..
                } => Some(row::joined_lines([client_id.as_str(), username.as_str()])),
                Revoked::User { username, .. } => Some(username.as_str().to_owned()),
                Revoked::Client(_) | Revoked::Family(_) | Revoked::Token(_) => None,
            };
            (name, Some(revocation.issued_until().as_unix()))
        }
        NewsItem::ClientChanged(_) | NewsItem::Other(_) | NewsItem::UserChanged(_) => (None, None),
    };
    let add = Statement::new(ADD)
        .bind(lane)
        .bind(item.kind().number())
        .bind(&*item.subject())
        .bind(second)
        .bind(issued_until)
        .bind(item.ends_at().as_unix());
    [Statement::new(TAKE_PLACE).bind(lane).changes(1), add.changes(1)]
}

/// The number of the lane of a subject.
pub(crate) fn lane(subject: &str) -> i64 {
    number(NewsLane::of(subject))
}

pub(crate) fn number(lane: NewsLane) -> i64 {
    lane.number().into()
}
