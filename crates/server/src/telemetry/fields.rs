//! How the fields of a span or an event are written: as `tracing-subscriber` writes them, sooner.

use std::error::Error;
use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing_subscriber::field::{RecordFields, VisitOutput as _};
use tracing_subscriber::fmt::format::{DefaultFields, DefaultVisitor, Writer};
use tracing_subscriber::fmt::{FormatFields, FormattedFields};

/// The same as [`DefaultFields`], which writes each name and each sign through a formatter that could colour it: six thousand
/// instructions of every request, a third of all that it took.
///
/// What has to be escaped is left to it, and so is everything where colours are wanted: there somebody is looking, and nothing
/// hurries.
#[derive(Debug, Default)]
pub(crate) struct PlainFields(DefaultFields);

impl<'writer> FormatFields<'writer> for PlainFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        if writer.has_ansi_escapes() {
            return self.0.format_fields(writer, fields);
        }
        let mut visitor = Fields {
            writer,
            text: String::with_capacity(ROOM),
            is_first: true,
            result: Ok(()),
        };
        fields.record(&mut visitor);
        visitor.hand_over();
        visitor.result
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        // With room for what comes, in one new piece of memory: the old one cannot grow where it lies, and to have it try costs
        // five hundred instructions.
        let mut text = String::with_capacity(current.fields.len() + ROOM_FOR_MORE);
        text.push_str(&current.fields);
        if !text.is_empty() {
            text.push(' ');
        }
        current.fields = text;
        self.format_fields(current.as_writer(), fields)
    }
}

/// Bytes that the fields of a request take, and some more.
const ROOM: usize = 160;

/// The same of what is told of it later.
const ROOM_FOR_MORE: usize = 96;

struct Fields<'writer> {
    writer: Writer<'writer>,
    /// What was not handed over yet: one long write costs less than many short ones.
    text: String,
    is_first: bool,
    result: fmt::Result,
}

impl Fields<'_> {
    fn hand_over(&mut self) {
        self.result = self.result.and_then(|()| self.writer.write_str(&self.text));
        self.text.clear();
    }

    fn write_slowly(&mut self, record: impl FnOnce(&mut DefaultVisitor<'_>)) {
        self.hand_over();
        if self.result.is_ok() {
            let mut visitor = DefaultVisitor::new(self.writer.by_ref(), std::mem::take(&mut self.is_first));
            record(&mut visitor);
            self.result = visitor.finish();
        }
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if !is_plain(value) || is_special(field.name()) {
            return self.write_slowly(|visitor| visitor.record_str(field, value));
        }
        if !std::mem::take(&mut self.is_first) {
            self.text.push(' ');
        }
        self.text.push_str(field.name());
        self.text.push_str("=\"");
        self.text.push_str(value);
        self.text.push('"');
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.write_slowly(|visitor| visitor.record_error(field, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write_slowly(|visitor| visitor.record_debug(field, value));
    }
}

/// Whether a text is written as it is by its `Debug`, between quotation marks. All of it is looked at in any case: without a way
/// out the compiler looks at sixteen bytes at a time.
fn is_plain(text: &str) -> bool {
    let is_odd = |byte: u8| !matches!(byte, b' '..=b'~') || byte == b'"' || byte == b'\\';
    text.bytes().fold(0, |odd, byte| odd | u8::from(is_odd(byte))) == 0
}

/// The message, which stands without its name, and names that are not written as they are spelled.
fn is_special(name: &str) -> bool {
    name == "message" || name.starts_with("r#") || name.starts_with("log.")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Log {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn written<F>(fields: F, ansi: bool, tell: impl FnOnce()) -> String
    where
        F: for<'w> FormatFields<'w> + Send + Sync + 'static,
    {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_ansi(ansi)
            .fmt_fields(fields)
            .with_writer(log.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, tell);
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Failure(String);

    proptest! {
        #[test]
        fn it_reads_as_the_subscribers_own(
            first in any::<String>(),
            plain in "[ -~]{0,20}",
            later in any::<Option<String>>(),
            number in any::<i64>(),
            ansi in any::<bool>(),
        ) {
            let tell = || {
                let failure = Failure(first.clone());
                let error: &(dyn Error + 'static) = &failure;
                let span = tracing::info_span!(
                    "request", first = &*first, plain = &*plain, number, r#type = &*plain, later = tracing::field::Empty,
                );
                span.record("later", later.as_deref());
                let _inside = span.enter();
                tracing::info!(error, plain = &*plain, debug = ?later, "{first}");
                tracing::info!(plain = &*plain, message = &*first);
            };
            let ours = written(PlainFields::default(), ansi, tell);
            prop_assert!(ours.contains("number"), "{}", ours);
            prop_assert_eq!(ours, written(DefaultFields::new(), ansi, tell));
        }
    }
}
