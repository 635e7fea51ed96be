//! Logs with named columns: the extended log format of W3C, which IIS and `CloudFront` write.

use super::logged::{Logged, leading_number};

/// The columns of the method, the address and the status.
pub(crate) struct Columns {
    method: usize,
    address: usize,
    query: Option<usize>,
    status: Option<usize>,
}

impl Columns {
    /// The columns that a line `#Fields: ..` names; `None` if it is another line, or names no call.
    pub(crate) fn of(line: &str) -> Option<Self> {
        let names = line.trim_start().strip_prefix("#Fields:")?;
        let place = |wanted: &str| names.split_ascii_whitespace().position(|name| name == wanted);
        Some(Self {
            method: place("cs-method")?,
            address: place("cs-uri-stem").or_else(|| place("cs-uri"))?,
            query: place("cs-uri-query"),
            status: place("sc-status"),
        })
    }

    /// The call of a line.
    pub(crate) fn read(&self, line: &str) -> Option<Logged> {
        let column = |place: usize| line.split_ascii_whitespace().nth(place);
        let status = self.status.and_then(column).and_then(leading_number);
        let address = column(self.address)?;
        let query = self.query.and_then(column).filter(|query| *query != "-");
        let address = query.map_or_else(|| address.to_owned(), |query| format!("{address}?{query}"));
        Logged::new(column(self.method)?, &address, status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_by_the_names_of_columns() {
        let columns = Columns::of("#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query sc-status").unwrap();
        let call = columns
            .read("2026-03-02 08:00:00 10.0.0.1 POST /lamps a=b 403")
            .unwrap();
        assert_eq!(
            (call.call.method.as_str(), call.call.address.as_str()),
            ("POST", "/lamps")
        );
        assert!(call.is_refused());
        assert!(columns.read("2026-03-02 08:00:00").is_none());
        assert!(Columns::of("#Software: x").is_none() && Columns::of("#Fields: date time").is_none());
    }
}
