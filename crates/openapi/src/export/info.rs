//! The general information of a document.

use serde_json::{Map, Value, json};

use super::security;

/// The general information of a document: title, version, what else OpenAPI says about the whole
/// interface, and the version of OpenAPI.
///
/// ```
/// use scopegate_openapi::DocumentInfo;
///
/// let info = DocumentInfo::new("Items", "1.2.0")
///     .description("Who has which items.")
///     .contact("The item team", "https://items.example/team")
///     .license("MIT", "https://spdx.org/licenses/MIT")
///     .server("https://api.items.example", "Production")
///     .tag("items", "What a user owns");
/// assert_eq!(info.title(), "Items");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentInfo {
    title: String,
    version: String,
    /// The other members of the Info Object.
    info: Map<String, Value>,
    /// The members of the document other than the Info Object.
    members: Map<String, Value>,
    extensions: bool,
    is_3_0: bool,
}

impl DocumentInfo {
    /// Sets the title of the interface, and the version of this description of it.
    #[must_use]
    pub fn new(title: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            version: version.into(),
            info: Map::new(),
            members: Map::new(),
            extensions: true,
            is_3_0: false,
        }
    }

    /// Returns the title of the interface.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Sets the purpose of the interface, as `CommonMark`. Default: none.
    #[must_use]
    pub fn description(self, text: impl Into<String>) -> Self {
        self.with_info("description", text.into())
    }

    /// Sets the address of the terms of service. Default: none.
    #[must_use]
    pub fn terms_of_service(self, url: impl Into<String>) -> Self {
        self.with_info("termsOfService", url.into())
    }

    /// Sets who answers questions about the interface. Default: none.
    #[must_use]
    pub fn contact(self, name: impl Into<String>, url: impl Into<String>) -> Self {
        self.with_info("contact", json!({ "name": name.into(), "url": url.into() }))
    }

    /// Sets the licence of the interface. Default: none.
    #[must_use]
    pub fn license(self, name: impl Into<String>, url: impl Into<String>) -> Self {
        self.with_info("license", json!({ "name": name.into(), "url": url.into() }))
    }

    /// Adds a server, to whose URL the paths are relative. Default: the address of the document.
    #[must_use]
    pub fn server(self, url: impl Into<String>, description: impl Into<String>) -> Self {
        let server = json!({ "url": url.into(), "description": description.into() });
        self.pushed("servers", server)
    }

    /// Adds the description of a tag of operations. Tools show tags in this order.
    #[must_use]
    pub fn tag(self, name: impl Into<String>, description: impl Into<String>) -> Self {
        let tag = json!({ "name": name.into(), "description": description.into() });
        self.pushed("tags", tag)
    }

    /// Sets the address of more documentation. Default: none.
    #[must_use]
    pub fn external_docs(mut self, url: impl Into<String>, description: impl Into<String>) -> Self {
        let docs = json!({ "url": url.into(), "description": description.into() });
        self.members.insert("externalDocs".to_owned(), docs);
        self
    }

    /// Leaves out `x-scopegate-implies`, `x-scopegate-guards` and `x-scopegate-overrides`.
    ///
    /// The rest is what OpenAPI itself can express. The document then does not state implications,
    /// the check for an active user, or overrides of guards.
    #[must_use]
    pub fn without_extensions(mut self) -> Self {
        self.extensions = false;
        self
    }

    /// Writes OpenAPI 3.0. Default: 3.1.
    ///
    /// OpenAPI 3.0 lists scopes on OAuth 2.0 and `OpenID` Connect schemes alone. Scopes of other
    /// schemes become guards in `x-scopegate-guards`, as `check:role:SCHEME:SCOPE`. A reader that
    /// does not know the extension sees the bare scheme. Without extensions these scopes stay where
    /// OpenAPI 3.1 has them.
    #[must_use]
    pub fn openapi_3_0(mut self) -> Self {
        self.is_3_0 = true;
        self
    }

    /// Whether the document has version 3.0, unless it needs 3.2.
    pub(super) const fn is_3_0(&self) -> bool {
        self.is_3_0
    }

    /// Whether the document has extensions.
    pub(super) const fn has_extensions(&self) -> bool {
        self.extensions
    }

    /// Returns the style of the security of operations.
    pub(super) const fn style(&self) -> security::Style {
        security::Style {
            extensions: self.extensions,
            is_3_0: self.is_3_0,
        }
    }

    /// Returns the Info Object.
    pub(super) fn object(&self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("title".to_owned(), self.title.as_str().into());
        object.extend(self.info.clone());
        object.insert("version".to_owned(), self.version.as_str().into());
        object
    }

    /// Returns the members of the document other than the Info Object.
    pub(super) const fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    fn with_info(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.info.insert(name.to_owned(), value.into());
        self
    }

    fn pushed(mut self, name: &str, value: Value) -> Self {
        let list = self.members.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(value);
        }
        self
    }
}
