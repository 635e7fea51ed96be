//! Request methods.

use std::fmt;
use std::str::FromStr;

/// The method of an operation: the methods that IANA registers for HTTP, and `PURGE` of caches.
///
/// ```
/// use scopegate_policy::Method;
///
/// assert_eq!("GET".parse(), Ok(Method::Get));
/// assert_eq!("QUERY".parse(), Ok(Method::Query));
/// assert!("get".parse::<Method>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
    /// `PATCH`
    Patch,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `TRACE`
    Trace,
    /// `ACL`
    Acl,
    /// `BASELINE-CONTROL`
    BaselineControl,
    /// `BIND`
    Bind,
    /// `CHECKIN`
    Checkin,
    /// `CHECKOUT`
    Checkout,
    /// `CONNECT`
    Connect,
    /// `COPY`
    Copy,
    /// `LABEL`
    Label,
    /// `LINK`
    Link,
    /// `LOCK`
    Lock,
    /// `MERGE`
    Merge,
    /// `MKACTIVITY`
    MkActivity,
    /// `MKCALENDAR`
    MkCalendar,
    /// `MKCOL`
    MkCol,
    /// `MKREDIRECTREF`
    MkRedirectRef,
    /// `MKWORKSPACE`
    MkWorkspace,
    /// `MOVE`
    Move,
    /// `ORDERPATCH`
    OrderPatch,
    /// `PROPFIND`
    PropFind,
    /// `PROPPATCH`
    PropPatch,
    /// `PURGE`
    Purge,
    /// `QUERY`
    Query,
    /// `REBIND`
    Rebind,
    /// `REPORT`
    Report,
    /// `SEARCH`
    Search,
    /// `UNBIND`
    Unbind,
    /// `UNCHECKOUT`
    Uncheckout,
    /// `UNLINK`
    Unlink,
    /// `UNLOCK`
    Unlock,
    /// `UPDATE`
    Update,
    /// `UPDATEREDIRECTREF`
    UpdateRedirectRef,
    /// `VERSION-CONTROL`
    VersionControl,
}

impl Method {
    /// All methods. Those with a field in a path item of OpenAPI 3.1 come first.
    pub const ALL: [Self; 40] = [
        Self::Delete,
        Self::Get,
        Self::Head,
        Self::Options,
        Self::Patch,
        Self::Post,
        Self::Put,
        Self::Trace,
        Self::Acl,
        Self::BaselineControl,
        Self::Bind,
        Self::Checkin,
        Self::Checkout,
        Self::Connect,
        Self::Copy,
        Self::Label,
        Self::Link,
        Self::Lock,
        Self::Merge,
        Self::MkActivity,
        Self::MkCalendar,
        Self::MkCol,
        Self::MkRedirectRef,
        Self::MkWorkspace,
        Self::Move,
        Self::OrderPatch,
        Self::PropFind,
        Self::PropPatch,
        Self::Purge,
        Self::Query,
        Self::Rebind,
        Self::Report,
        Self::Search,
        Self::Unbind,
        Self::Uncheckout,
        Self::Unlink,
        Self::Unlock,
        Self::Update,
        Self::UpdateRedirectRef,
        Self::VersionControl,
    ];

    /// Whether a path item of OpenAPI 3.2 has a field for the method. Other methods are in
    /// `additionalOperations`.
    #[must_use]
    pub const fn is_field_of_path_item(self) -> bool {
        self.is_in_openapi_3_1() || matches!(self, Self::Query)
    }

    /// Whether OpenAPI 3.1 and before can describe an operation of the method.
    #[must_use]
    pub const fn is_in_openapi_3_1(self) -> bool {
        matches!(
            self,
            Self::Delete | Self::Get | Self::Head | Self::Options | Self::Patch | Self::Post | Self::Put | Self::Trace
        )
    }

    /// Returns the method as in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Trace => "TRACE",
            Self::Acl => "ACL",
            Self::BaselineControl => "BASELINE-CONTROL",
            Self::Bind => "BIND",
            Self::Checkin => "CHECKIN",
            Self::Checkout => "CHECKOUT",
            Self::Connect => "CONNECT",
            Self::Copy => "COPY",
            Self::Label => "LABEL",
            Self::Link => "LINK",
            Self::Lock => "LOCK",
            Self::Merge => "MERGE",
            Self::MkActivity => "MKACTIVITY",
            Self::MkCalendar => "MKCALENDAR",
            Self::MkCol => "MKCOL",
            Self::MkRedirectRef => "MKREDIRECTREF",
            Self::MkWorkspace => "MKWORKSPACE",
            Self::Move => "MOVE",
            Self::OrderPatch => "ORDERPATCH",
            Self::PropFind => "PROPFIND",
            Self::PropPatch => "PROPPATCH",
            Self::Purge => "PURGE",
            Self::Query => "QUERY",
            Self::Rebind => "REBIND",
            Self::Report => "REPORT",
            Self::Search => "SEARCH",
            Self::Unbind => "UNBIND",
            Self::Uncheckout => "UNCHECKOUT",
            Self::Unlink => "UNLINK",
            Self::Unlock => "UNLOCK",
            Self::Update => "UPDATE",
            Self::UpdateRedirectRef => "UPDATEREDIRECTREF",
            Self::VersionControl => "VERSION-CONTROL",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or(UnknownMethod)
    }
}

/// The text is not a method of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a method of an operation")]
#[non_exhaustive]
pub struct UnknownMethod;
