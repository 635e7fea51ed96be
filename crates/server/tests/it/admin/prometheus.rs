//! A parser of the Prometheus text format, written from its description.
//!
//! Every line is one of three kinds, every family is contiguous, every sample appears once. The
//! buckets of a histogram add up.

use std::collections::{BTreeMap, BTreeSet};

/// All samples of one response, by name and labels.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    values: BTreeMap<String, f64>,
    /// The names of families with their types.
    pub(crate) families: BTreeMap<String, String>,
}

impl Samples {
    /// Parses the text. Panics if it breaks the grammar.
    pub(crate) fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let mut samples = Self::default();
        let mut family = String::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(help) = line.strip_prefix("# HELP ") {
                name(help.split(' ').next().unwrap_or_default());
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (family_name, kind) = kind.split_once(' ').expect("a type");
                name(family_name);
                assert!(matches!(kind, "counter" | "gauge" | "histogram"), "{line}");
                let before = samples.families.insert(family_name.to_owned(), kind.to_owned());
                assert!(before.is_none(), "`{family_name}` stands in two pieces");
                family_name.clone_into(&mut family);
            } else {
                assert!(!line.starts_with('#'), "{line}");
                samples.add(&family, line);
            }
        }
        samples.check_histograms();
        samples
    }

    /// The value of a sample that must exist.
    pub(crate) fn value(&self, sample: &str) -> f64 {
        let value = self.values.get(sample);
        *value.unwrap_or_else(|| panic!("`{sample}` is not there: {:#?}", self.values.keys()))
    }

    /// The value of a sample, which must be a whole number.
    pub(crate) fn count(&self, sample: &str) -> u64 {
        self.value(sample).to_string().parse().expect("a whole number")
    }

    /// All samples, without their values.
    pub(crate) fn series(&self) -> BTreeSet<&str> {
        self.values.keys().map(String::as_str).collect()
    }

    fn add(&mut self, family: &str, line: &str) {
        let (sample, value) = line.rsplit_once(' ').expect("a value");
        let bare = sample.split('{').next().expect("a name");
        name(bare);
        if let Some(labels) = sample.strip_prefix(bare).filter(|labels| !labels.is_empty()) {
            let inner = labels.strip_prefix('{').and_then(|labels| labels.strip_suffix('}'));
            check_labels(inner.expect("braces"));
        }
        let suffix = bare
            .strip_prefix(family)
            .unwrap_or_else(|| panic!("`{bare}` stands under `{family}`"));
        let is_histogram = self.families.get(family).is_some_and(|kind| kind == "histogram");
        assert!(
            matches!(suffix, "") != is_histogram || matches!(suffix, "_bucket" | "_sum" | "_count"),
            "{line}"
        );
        let value = value.parse().expect("a number");
        assert!(
            self.values.insert(sample.to_owned(), value).is_none(),
            "`{sample}` twice"
        );
    }

    fn check_histograms(&self) {
        for (count, value) in self.values.iter().filter(|(sample, _)| sample.contains("_count")) {
            let (family, labels) = count.split_once("_count").expect("a name");
            if self.families.get(family).map(String::as_str) != Some("histogram") {
                continue;
            }
            let labels = labels.trim_start_matches('{').trim_end_matches('}');
            let prefix = if labels.is_empty() {
                format!("{family}_bucket{{")
            } else {
                format!("{family}_bucket{{{labels},")
            };
            let mut buckets: Vec<(f64, f64)> = Vec::new();
            for (sample, below) in self.values.iter().filter(|(sample, _)| sample.starts_with(&prefix)) {
                let bound = sample.split("le=\"").nth(1).and_then(|rest| rest.split('"').next());
                let bound = bound.expect("a bound").replace("+Inf", "inf");
                buckets.push((bound.parse().expect("a number"), *below));
            }
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.len() > 2, "{prefix}");
            assert!(
                buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1),
                "{count}: {buckets:?}"
            );
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, *value)), "{count}");
        }
    }
}

fn name(text: &str) {
    let mut characters = text.chars();
    let first = characters.next().expect("a name");
    assert!(first.is_ascii_alphabetic() || first == '_' || first == ':', "`{text}`");
    let is_rest = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == ':';
    assert!(characters.all(is_rest), "`{text}`");
}

/// `name="value",..` with `\\`, `\"` and `\n` for characters that a value cannot contain.
fn check_labels(mut text: &str) {
    loop {
        let (label, rest) = text.split_once("=\"").expect("a label");
        name(label);
        let mut characters = rest.char_indices();
        let end = loop {
            match characters.next().expect("an end of the value") {
                (_, '\\') => assert!(matches!(characters.next(), Some((_, '\\' | '"' | 'n'))), "{rest}"),
                (at, '"') => break at,
                _ => {}
            }
        };
        let (_, after) = rest.split_at(end + 1);
        match after.strip_prefix(',') {
            Some(next) => text = next,
            None => return assert_eq!(after, "", "after the labels"),
        }
    }
}

#[test]
fn what_breaks_the_grammar_is_noticed() {
    Samples::parse("# TYPE a counter\na{x=\"\\\"\",y=\"1\"} 1\n");
    for wrong in [
        "# TYPE a counter\na 1",
        "# TYPE a counter\na{x=1} 1\n",
        "# TYPE a counter\na{x=\"1} 1\n",
        "# TYPE a counter\na 1\na 2\n",
        "# TYPE a counter\nb 1\n",
        "# TYPE a counter\na 1\n# TYPE b counter\nb 1\n# TYPE a counter\n",
        "# TYPE 1a counter\n1a 1\n",
        "# TYPE a thing\na 1\n",
        "# TYPE a counter\na one\n",
    ] {
        assert!(std::panic::catch_unwind(|| Samples::parse(wrong)).is_err(), "{wrong}");
    }
}
