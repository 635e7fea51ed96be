//! A strict reader of HTML: it accepts what the pages may contain, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

/// Elements without an end tag.
const VOID: [&str; 3] = ["input", "link", "meta"];

/// Elements that a paragraph, a heading or a label may contain.
const PHRASING: [&str; 12] = [
    "a", "b", "bdi", "button", "code", "input", "label", "small", "span", "summary", "time", "title",
];

/// Elements whose parent must be one of these.
const PARENTS: [(&str, &[&str]); 6] = [
    ("li", &["ul"]),
    ("dt", &["dl", "div"]),
    ("dd", &["dl", "div"]),
    ("summary", &["details"]),
    ("main", &["body"]),
    ("title", &["head"]),
];

/// Attributes that the pages may have.
const ATTRIBUTES: [&str; 27] = [
    "action",
    "aria-describedby",
    "aria-hidden",
    "aria-label",
    "autocapitalize",
    "autocomplete",
    "autofocus",
    "charset",
    "checked",
    "class",
    "content",
    "datetime",
    "for",
    "formnovalidate",
    "href",
    "id",
    "lang",
    "method",
    "name",
    "readonly",
    "rel",
    "required",
    "role",
    "spellcheck",
    "tabindex",
    "type",
    "value",
];

#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    parents: Vec<String>,
}

/// The elements of a page, in their order.
#[derive(Debug)]
pub(super) struct Document {
    elements: Vec<Element>,
}

impl Document {
    /// Reads a page. Each end tag must be that of the innermost open element.
    pub(super) fn parse(page: &str) -> Result<Self, String> {
        let mut rest = page.strip_prefix("<!DOCTYPE html>").ok_or("no document type")?;
        let (mut elements, mut open): (Vec<Element>, Vec<String>) = (Vec::new(), Vec::new());
        while let Some((text, tag)) = rest.split_once('<') {
            check_text(text)?;
            let (tag, after) = split_tag(tag)?;
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                let innermost = open.pop();
                if innermost.as_deref() != Some(name) {
                    return Err(format!("`</{name}>` ends {innermost:?}"));
                }
            } else {
                let element = element(tag, &open)?;
                if !VOID.contains(&element.name.as_str()) {
                    open.push(element.name.clone());
                }
                elements.push(element);
            }
        }
        check_text(rest)?;
        match (open.last(), rest.trim()) {
            (None, "") => Ok(Self { elements }),
            end => Err(format!("the page ends with {end:?}")),
        }
    }

    /// The names of the elements, their attributes without values, and their parents.
    pub(super) fn outline(&self) -> Vec<(&str, Vec<&str>, &[String])> {
        let outline = self.elements.iter().map(|element| {
            // An empty name moves the focus, and the tile shows a letter if there is one.
            let attributes = element
                .attributes
                .keys()
                .map(String::as_str)
                .filter(|name| *name != "autofocus");
            (element.name.as_str(), attributes.collect(), &element.parents[..])
        });
        let is_tile = |attributes: &[&str]| attributes == ["aria-hidden", "class"];
        outline
            .filter(|(_, attributes, _): &(_, Vec<&str>, _)| !is_tile(attributes))
            .collect()
    }

    /// The values of an attribute.
    pub(super) fn attributes<'d>(&'d self, element: &'d str, attribute: &'d str) -> impl Iterator<Item = &'d str> {
        let named = self.elements.iter().filter(move |one| one.name == element);
        named
            .filter_map(move |one| one.attributes.get(attribute))
            .map(String::as_str)
    }

    /// The types and values of the fields with a name.
    pub(super) fn fields(&self, name: &str) -> Vec<(&str, &str)> {
        let named = self
            .elements
            .iter()
            .filter(|one| one.attributes.get("name").is_some_and(|own| own == name));
        named
            .map(|one| {
                let get = |attribute: &str| one.attributes.get(attribute).map(String::as_str);
                (get("type").unwrap_or("text"), get("value").unwrap_or_default())
            })
            .collect()
    }

    /// Violations of the rules of HTML and of the pages.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        self.check_nesting(&mut faults);
        self.check_ids(&mut faults);
        self.check_headings(&mut faults);
        self.check_controls(&mut faults);
        faults
    }

    fn check_nesting(&self, faults: &mut Vec<String>) {
        for element in &self.elements {
            let name = element.name.as_str();
            let parent = element.parents.last().map_or("", String::as_str);
            if let Some((_, parents)) = PARENTS.iter().find(|(child, _)| *child == name)
                && !parents.contains(&parent)
            {
                faults.push(format!("`{name}` in `{parent}`"));
            }
            let holds_text = matches!(
                parent,
                "p" | "h1" | "h2" | "h3" | "label" | "span" | "summary" | "button" | "a"
            );
            if holds_text && !PHRASING.contains(&name) {
                faults.push(format!("`{name}` in `{parent}`"));
            }
            if parent == "ul" && name != "li" {
                faults.push(format!("`{name}` in a list"));
            }
            let is_inside = |outer: &str| element.parents.iter().any(|parent| parent == outer);
            let is_interactive = matches!(name, "a" | "button" | "details") || (name == "label");
            if (name == "form" && is_inside("form")) || (is_interactive && (is_inside("a") || is_inside("button"))) {
                faults.push(format!("`{name}` in another one"));
            }
        }
    }

    fn check_ids(&self, faults: &mut Vec<String>) {
        let ids: Vec<&str> = self
            .elements
            .iter()
            .filter_map(|one| Some(one.attributes.get("id")?.as_str()))
            .collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        if ids.len() != unique.len() {
            faults.push(format!("an id occurs twice: {ids:?}"));
        }
        for attribute in ["for", "aria-describedby"] {
            for element in &self.elements {
                if let Some(id) = element.attributes.get(attribute)
                    && !unique.contains(id.as_str())
                {
                    faults.push(format!("`{attribute}` names `{id}`"));
                }
            }
        }
    }

    fn check_headings(&self, faults: &mut Vec<String>) {
        let names = self.elements.iter().map(|element| element.name.as_str());
        let levels: Vec<u32> = names.filter_map(|name| name.strip_prefix('h')?.parse().ok()).collect();
        let is_skipped = levels.windows(2).any(|pair| pair[1] > pair[0] + 1);
        if levels.first() != Some(&1) || levels.iter().filter(|level| **level == 1).count() != 1 || is_skipped {
            faults.push(format!("headings {levels:?}"));
        }
        for (element, count) in [
            ("main", 1),
            ("title", 1),
            ("h1", 1),
            ("script", 0),
            ("style", 0),
            ("iframe", 0),
        ] {
            if self.elements.iter().filter(|one| one.name == element).count() != count {
                faults.push(format!("not {count} of `{element}`"));
            }
        }
        if self.attributes("html", "lang").next() != Some("en") {
            faults.push("no language".to_owned());
        }
    }

    fn check_controls(&self, faults: &mut Vec<String>) {
        for element in &self.elements {
            let get = |attribute: &str| element.attributes.get(attribute).map(String::as_str);
            let is_hidden = get("type") == Some("hidden") || get("aria-hidden") == Some("true");
            if element.name == "input" && !is_hidden {
                let has_label = element.parents.iter().any(|parent| parent == "label")
                    || self.attributes("label", "for").any(|id| Some(id) == get("id"));
                if !has_label {
                    faults.push(format!("`{:?}` has no label", get("name")));
                }
            }
            if element.name == "button" && get("type") != Some("submit") {
                faults.push("a button without type".to_owned());
            }
            if element.name == "time" && get("datetime").is_none_or(|time| time.len() != 20 || !time.ends_with('Z')) {
                faults.push("a time without `datetime`".to_owned());
            }
            if element.name == "form" && get("method") != Some("post") {
                faults.push("a form that does not `POST`".to_owned());
            }
        }
    }
}

/// Splits at the end of a tag: the first `>` outside quotes.
fn split_tag(text: &str) -> Result<(&str, &str), String> {
    let mut is_quoted = false;
    for (place, character) in text.char_indices() {
        match character {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => {
                return text
                    .split_at_checked(place)
                    .and_then(|(tag, after)| Some((tag, after.strip_prefix('>')?)))
                    .ok_or_else(|| "a tag without end".to_owned());
            }
            '<' => return Err(format!("`<` in a tag: {text:.80}")),
            _ => {}
        }
    }
    Err("a tag without end".to_owned())
}

fn element(tag: &str, open: &[String]) -> Result<Element, String> {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    {
        return Err(format!("`{name}` is not an element"));
    }
    let mut attributes = BTreeMap::new();
    while !rest.is_empty() {
        let end = rest.find([' ', '=']).unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').ok_or("an attribute without end")?,
            None => ("", after),
        };
        if !ATTRIBUTES.contains(&attribute) {
            return Err(format!("attribute `{attribute}` in `{tag}`"));
        }
        check_text(value)?;
        if attributes.insert(attribute.to_owned(), decode(value)).is_some() {
            return Err(format!("attribute `{attribute}` occurs twice"));
        }
        rest = match after.strip_prefix(' ') {
            Some(next) if !next.is_empty() => next,
            None if after.is_empty() => "",
            _ => return Err(format!("no space between attributes: `{tag}`")),
        };
    }
    Ok(Element {
        name: name.to_owned(),
        attributes,
        parents: open.to_vec(),
    })
}

/// Text has no `>`, and `&` begins a number.
fn check_text(text: &str) -> Result<(), String> {
    let is_number = |after: &str| {
        let number = after.strip_prefix('#').and_then(|after| after.split_once(';'));
        number.is_some_and(|(digits, _)| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let references = text.split('&').skip(1);
    if references.into_iter().all(is_number) && !text.contains(['>', '"', '\'']) {
        Ok(())
    } else {
        Err(format!("text that is not escaped: {text:.80}"))
    }
}

fn decode(text: &str) -> String {
    let codes = [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ];
    codes
        .iter()
        .fold(text.to_owned(), |text, (code, character)| text.replace(code, character))
}
