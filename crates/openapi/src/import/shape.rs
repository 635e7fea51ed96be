//! The parts of a document that can affect security.

/// The prefix of the names of Scopegate's own fields.
pub(super) const OWN: &str = "x-scopegate-";

/// The position of a value in a document, as far as it decides which parts of the value are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Components,
    /// Whole.
    Kept,
    /// All values to which a reference may lead, without the parts that never affect security.
    Loose,
    /// A method of a discovery document.
    Method,
    Methods,
    Operation,
    /// A parameter, or a list of parameters.
    Parameter,
    PathItem,
    Paths,
    Resource,
    Resources,
    Root,
    /// The names without their values.
    Shallow,
    /// The presence of the value alone.
    Skipped,
}

impl Shape {
    /// Returns the shape of the value of a name.
    pub(super) fn of_member(self, name: &str) -> Self {
        match self {
            Self::Components => match name {
                "$ref" | "securitySchemes" => Self::Kept,
                "pathItems" => Self::Paths,
                "callbacks" => Self::Loose,
                _ if name.starts_with("x-") => Self::Loose,
                _ => Self::Skipped,
            },
            Self::Kept => Self::Kept,
            Self::Loose => Self::of_loose(name),
            Self::Method => match name {
                "mediaUpload" | "parameterOrder" | "parameters" | "request" | "response" => Self::Skipped,
                _ => Self::Kept,
            },
            Self::Methods => Self::Method,
            Self::Operation => match name {
                "$ref" | "deprecated" | "description" | "operationId" | "security" | "servers" | "summary" => {
                    Self::Kept
                }
                _ if is_ours(name) || is_permission(name) => Self::Kept,
                "callbacks" => Self::Loose,
                "parameters" => Self::Parameter,
                "responses" => Self::Shallow,
                _ => Self::Skipped,
            },
            Self::Parameter => match name {
                "$ref" | "in" | "name" => Self::Kept,
                _ => Self::Skipped,
            },
            Self::PathItem => match name {
                "$ref" | "servers" => Self::Kept,
                _ if is_ours(name) => Self::Kept,
                "additionalOperations" => Self::PathItem,
                "description" | "parameters" | "summary" => Self::Skipped,
                _ if name.starts_with("x-") => Self::Skipped,
                _ => Self::Operation,
            },
            Self::Paths => Self::PathItem,
            Self::Resource => match name {
                "methods" => Self::Methods,
                "resources" => Self::Resources,
                _ if is_ours(name) => Self::Kept,
                _ => Self::Skipped,
            },
            Self::Resources => Self::Resource,
            Self::Root => Self::of_root(name),
            Self::Shallow | Self::Skipped => Self::Skipped,
        }
    }

    fn of_root(name: &str) -> Self {
        match name {
            "components" => Self::Components,
            "definitions" | "externalDocs" | "icons" | "responses" | "schemas" | "tags" => Self::Skipped,
            "methods" => Self::Methods,
            // The last names belong to documents of other kinds, which may be long.
            "parameters" | "__schema" | "actions" | "channels" | "clients" | "collection" | "data" | "item"
            | "requests" | "roles" | "services" | "users" | "workflows" => Self::Shallow,
            "paths" => Self::Paths,
            "resources" => Self::Resources,
            "webhooks" => Self::Loose,
            _ if name.starts_with("x-") && !is_ours(name) => Self::Loose,
            _ => Self::Kept,
        }
    }

    fn of_loose(name: &str) -> Self {
        match name {
            "description" | "flows" | "scopes" | "security" | "securityDefinitions" | "securitySchemes" | "servers" => {
                Self::Kept
            }
            "callbacks" | "content" | "definitions" | "example" | "examples" | "externalDocs" | "headers" | "links"
            | "parameters" | "properties" | "requestBodies" | "requestBody" | "responses" | "schema" | "schemas"
            | "tags" => Self::Skipped,
            _ if is_ours(name) => Self::Kept,
            _ => Self::Loose,
        }
    }

    /// Returns the shape of an item of a list.
    pub(super) const fn of_item(self) -> Self {
        match self {
            Self::Kept => Self::Kept,
            Self::Loose => Self::Loose,
            Self::Parameter => Self::Parameter,
            // Documents of other kinds may be lists.
            Self::Root => Self::Root,
            _ => Self::Skipped,
        }
    }
}

/// Whether an extension of an operation states the permissions of callers.
pub(super) fn is_permission(name: &str) -> bool {
    matches!(
        name,
        "x-permission" | "x-permissions" | "x-required-permission" | "x-required-permissions"
    )
}

fn is_ours(name: &str) -> bool {
    name.starts_with(OWN)
}
