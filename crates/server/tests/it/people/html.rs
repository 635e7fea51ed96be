//! What a test reads of a page: its heading and its forms.

/// A page, or a redirect to another site.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) html: String,
}

impl Page {
    pub(crate) fn has(&self, text: &str) -> bool {
        self.html.contains(text)
    }

    pub(crate) fn heading(&self) -> String {
        let (_, rest) = self.html.split_once("<h1>").unwrap_or_else(|| panic!("{self:?}"));
        let (heading, _) = rest.split_once("</h1>").unwrap();
        heading.replace("<bdi>", "").replace("</bdi>", "")
    }

    /// The fields that a browser sends with the first form with this address.
    pub(crate) fn fields(&self, action: &str) -> Vec<(String, String)> {
        let mut forms = self.html.split("<form").skip(1);
        let form = forms.find_map(|rest| {
            let form = rest.split("</form>").next()?;
            (attribute(form, "action").as_deref() == Some(action)).then_some(form)
        });
        inputs(form.unwrap_or_else(|| panic!("no form {action}: {self:?}")))
    }
}

fn inputs(form: &str) -> Vec<(String, String)> {
    let tags = form.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap());
    let sent = tags.filter(|tag| !tag.contains("type=\"checkbox\"") || tag.ends_with(" checked"));
    sent.map(|tag| {
        let name = attribute(tag, "name").unwrap();
        (name, attribute(tag, "value").unwrap_or_default())
    })
    .collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let end = tag.find('>').unwrap_or(tag.len());
    let (_, rest) = tag.get(..end)?.split_once(&format!(" {name}=\""))?;
    Some(unescape(rest.split('"').next().unwrap()))
}

fn unescape(text: &str) -> String {
    let mut parts = text.split("&#");
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(';').unwrap();
        plain.push(char::from_u32(number.parse().unwrap()).unwrap());
        plain.push_str(rest);
    }
    plain
}
