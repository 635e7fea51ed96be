//! The findings of the lint.

use std::fmt;

use scopegate_domain::{SchemeName, ScopeToken};
use scopegate_policy::{LintRule, Method, ResolvedOperation, Severity};

/// A finding: one cause with all operations that it affects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub(super) rule: LintRule,
    pub(super) severity: Severity,
    pub(super) subject: FindingSubject,
    pub(super) cause: String,
    pub(super) operations: Vec<(Method, String)>,
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
    pub(super) scheme: Option<String>,
    /// The scopes of the finding, if they are required together.
    pub(super) together: Vec<String>,
    /// Whether the finding is about scopes for reading and for writing: both may be needed to
    /// write.
    pub(super) is_level_pair: bool,
    /// The findings that this one combines.
    pub(super) parts: Vec<Finding>,
}

/// The object of a document that a finding is about, which the owner would change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FindingSubject {
    /// The policy as a whole.
    Policy,
    /// The requirement of the first operation.
    Operation,
    /// A scheme.
    Scheme(SchemeName),
    /// A scope of a scheme.
    Scope(SchemeName, ScopeToken),
    /// The URL of a server.
    Server(String),
}

impl Finding {
    /// Creates a finding about the whole policy, without operations. `message` contains the problem
    /// and the remedy.
    #[must_use]
    pub fn new(rule: LintRule, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            rule,
            severity: rule.severity(),
            subject: FindingSubject::Policy,
            cause: message.clone(),
            operations: Vec::new(),
            message,
            suggestion: None,
            scheme: None,
            together: Vec::new(),
            is_level_pair: false,
            parts: Vec::new(),
        }
    }

    /// Adds an operation.
    #[must_use]
    pub fn at(mut self, method: Method, template: impl Into<String>) -> Self {
        if self.subject == FindingSubject::Policy {
            self.subject = FindingSubject::Operation;
        }
        self.add_operation(method, template.into());
        self
    }

    /// The same for a resolved operation.
    pub(super) fn at_operation(mut self, operation: &ResolvedOperation) -> Self {
        self.push(operation);
        self
    }

    /// Adds an operation.
    pub(super) fn push(&mut self, operation: &ResolvedOperation) {
        if self.subject == FindingSubject::Policy {
            self.subject = FindingSubject::Operation;
        }
        self.add_operation(operation.method(), operation.template().to_owned());
    }

    fn add_operation(&mut self, method: Method, template: String) {
        for part in &mut self.parts {
            part.add_operation(method, template.clone());
        }
        self.operations.push((method, template));
    }

    /// Sets the combined findings, each with its own cause and operations.
    pub(super) fn combining(mut self, parts: impl IntoIterator<Item = Self>) -> Self {
        self.parts = parts.into_iter().collect();
        self
    }

    /// Sets the object that it is about. Default: the first operation; without operations, the
    /// policy.
    #[must_use]
    pub fn about(mut self, subject: FindingSubject) -> Self {
        if let FindingSubject::Scheme(scheme) | FindingSubject::Scope(scheme, _) = &subject {
            self.scheme = Some(scheme.to_string());
        }
        self.subject = subject;
        self
    }

    /// Sets the name of the scheme that it concerns. Default: that of the subject.
    #[must_use]
    pub fn of_scheme(mut self, name: impl Into<String>) -> Self {
        self.scheme = Some(name.into());
        self
    }

    /// Sets the text that identifies the cause. It must stay the same until the owner removes the
    /// cause. Default: the message.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<String>) -> Self {
        self.cause = cause.into();
        self
    }

    /// Lowers the severity to this one. No effect if this one is higher.
    #[must_use]
    pub fn at_most(mut self, severity: Severity) -> Self {
        self.severity = self.severity.min(severity);
        self
    }

    /// Sets the name that was probably meant, which the message then contains.
    #[must_use]
    pub fn suggest(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.message = format!("{}; did you mean `{name}`?", self.message);
        self.suggestion = Some(name);
        self
    }

    /// Keeps the operations that the predicate accepts. `None` if the finding had operations and
    /// none is left.
    #[must_use]
    pub fn retain(self, mut keep: impl FnMut(Method, &str) -> bool) -> Option<Self> {
        self.retain_operations(&mut keep)
    }

    /// The same for a predicate that the parts share.
    fn retain_operations(mut self, keep: &mut dyn FnMut(Method, &str) -> bool) -> Option<Self> {
        if self.operations.is_empty() {
            return Some(self);
        }
        self.operations.retain(|(method, template)| keep(*method, template));
        let parts = self.parts.into_iter();
        self.parts = parts.filter_map(|part| part.retain_operations(keep)).collect();
        (!self.operations.is_empty()).then_some(self)
    }

    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> LintRule {
        self.rule
    }

    /// Returns the severity: that of the rule, or a lower one.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns the subject of the finding: the document, a scheme, a scope or an operation.
    #[must_use]
    pub const fn subject(&self) -> &FindingSubject {
        &self.subject
    }

    /// Returns the name of the scheme, if the finding concerns one.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }

    /// Returns the identity of the cause among those of its rule. It is independent of the rest of
    /// the document.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// Returns the combined findings, such as one for each scope of a scheme. Empty if the finding
    /// combines none.
    #[must_use]
    pub fn parts(&self) -> &[Self] {
        &self.parts
    }

    /// Returns the affected operations, in the order of declaration. Empty if the finding concerns
    /// none.
    #[must_use]
    pub fn operations(&self) -> &[(Method, String)] {
        &self.operations
    }

    /// The method of the first operation.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        self.operations.first().map(|(method, _)| *method)
    }

    /// The template of the first operation.
    #[must_use]
    pub fn template(&self) -> Option<&str> {
        self.operations.first().map(|(_, template)| template.as_str())
    }

    /// The mistake and the remedy.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The name that was probably meant.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((method, template)) = self.operations.first() {
            write!(f, "{method} {template}")?;
            match self.operations.len() {
                1 => f.write_str(": ")?,
                count => write!(f, " and {} more: ", count - 1)?,
            }
        }
        write!(f, "{} ({})", self.message, self.rule)
    }
}
