//! A call of a log with its status, and the parts of a line that several formats share.

/// A call of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Path or URL, without query and fragment.
    pub(crate) address: String,
    /// The query, which is never printed, because it may contain tokens.
    pub(crate) query: String,
    /// Whether the address is a template of the policy.
    pub(crate) is_template: bool,
}

/// A call with the status of its answer, if the line has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) call: Call,
    pub(super) status: Option<u16>,
}

impl Logged {
    pub(super) fn new(method: &str, address: &str, status: Option<u16>) -> Option<Self> {
        let method = method.to_ascii_uppercase();
        let address = address.split('#').next().unwrap_or_default();
        let (address, query) = address.split_once('?').unwrap_or((address, ""));
        let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        let is_address = address.starts_with('/') || address.contains("://");
        (is_method && is_address).then(|| Self {
            call: Call {
                method,
                address: without_user(address),
                query: query.to_owned(),
                is_template: false,
            },
            status,
        })
    }

    /// Whether the call was refused, or reached no operation: it used no scope.
    pub(crate) const fn is_refused(&self) -> bool {
        matches!(self.status, Some(401 | 403 | 404 | 405))
    }

    /// Whether it can ask a server which requests of another origin it accepts. A browser sends it
    /// without credentials (Fetch, section 4.8).
    pub(crate) fn can_be_preflight(&self) -> bool {
        self.call.method == "OPTIONS"
    }

    pub(super) fn of_template(mut self) -> Self {
        self.call.is_template = true;
        self
    }
}

/// A URL without user name and password.
fn without_user(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// `GET /items HTTP/1.1`
pub(super) fn request_line(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split_ascii_whitespace();
    let (method, address, version) = (words.next()?, words.next()?, words.next()?);
    version.starts_with("HTTP/").then_some((method, address))
}

/// A status at the start of a text: three digits.
pub(super) fn leading_number(text: &str) -> Option<u16> {
    let digits = text.split(|character: char| !character.is_ascii_digit()).next()?;
    (digits.len() == 3).then(|| digits.parse().ok()).flatten()
}
