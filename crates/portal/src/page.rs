//! The pages for people: values that a page shows, and the templates that write them.
//!
//! A page is a struct of plain values. Third-party text is [`PlainText`], so no hidden
//! character reaches a page, and the templates escape each value.

mod account;
mod application;
mod consent;
mod error;
mod login;
mod logout;
mod message;
mod operations;
mod plain_text;
mod site;
mod time;

pub use self::account::{AccountForms, AccountNotice, AccountPage, ApplicationEntry, ListPart, SessionEntry};
pub use self::application::ApplicationPage;
pub use self::consent::{
    AccessEnd, ConsentPage, ConsentResource, ConsentScope, ImpliedScope, OfflineAccess, ScopeField,
};
pub use self::error::{ErrorPage, Helper, Problem, RedirectUris};
pub use self::login::{LoginNotice, LoginPage};
pub use self::logout::{LogoutPage, LogoutReturn};
pub use self::message::{Message, MessageAction, MessagePage};
pub use self::operations::{OperationLine, OperationLines};
pub use self::plain_text::PlainText;
pub use self::site::{Requester, Site};

#[cfg(test)]
mod tests;
