//! The operation that a request matches.

use std::collections::HashMap;

use crate::operation_table::anonymous_template;
use crate::path_segment::Segment;
use crate::{Method, OperationTable, ResolvedOperation};

/// Finds the operation of a method and a path: a template, with any names of parameters, or the
/// decoded path of a request. For many questions about one table, [`Locator`] is faster.
///
/// ```
/// # use scopegate_domain::Catalog;
/// use scopegate_policy::locate;
/// # use scopegate_policy::{Guard, Method, Operation, OperationTable};
///
/// let table = OperationTable::builder(Catalog::builder().build()?)
///     .operation(Operation::get("/users/{id}").guard(Guard::public()))
///     .operation(Operation::get("/users/me").guard(Guard::public()))
///     .build()?;
/// let template = |path| locate(&table, Method::Get, path).map(|operation| operation.template());
/// assert_eq!(template("/users/42"), Some("/users/{id}"));
/// assert_eq!(template("/users/me"), Some("/users/me"));
/// assert_eq!(template("/users/{user}"), Some("/users/{id}"));
/// assert_eq!(template("/users"), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn locate<'t>(table: &'t OperationTable, method: Method, path: &str) -> Option<&'t ResolvedOperation> {
    table
        .find(method, path)
        .or_else(|| Locator::new(table).find(method, path))
}

/// Finds operations by the paths of requests.
///
/// Segments are compared from left to right. A literal takes precedence over a segment with text
/// and parameters, then a parameter, then a `{*rest}`. Only templates with an operation of the
/// method count.
#[derive(Debug)]
pub struct Locator<'t> {
    templates: HashMap<(Method, String), &'t ResolvedOperation>,
    nodes: Vec<Node<'t>>,
}

/// The continuation after some segments.
#[derive(Debug, Default)]
struct Node<'t> {
    texts: HashMap<&'t str, usize>,
    mixed: Vec<(Segment, usize)>,
    parameter: Option<usize>,
    rest: Vec<&'t ResolvedOperation>,
    ends: Vec<&'t ResolvedOperation>,
}

impl<'t> Locator<'t> {
    /// Reads the templates of a table.
    #[must_use]
    pub fn new(table: &'t OperationTable) -> Self {
        Self::of(table.operations())
    }

    /// Reads the templates of these operations only.
    #[must_use]
    pub fn of(operations: impl IntoIterator<Item = &'t ResolvedOperation>) -> Self {
        let mut locator = Self {
            templates: HashMap::new(),
            nodes: vec![Node::default()],
        };
        for operation in operations {
            let shape = anonymous_template(operation.template());
            locator.templates.insert((operation.method(), shape), operation);
            locator.insert(operation);
        }
        for node in &mut locator.nodes {
            node.mixed.sort_by_cached_key(|(segment, _)| segment.order());
        }
        locator
    }

    /// Returns the operation of a method and a path, which may be a template.
    #[must_use]
    pub fn find(&self, method: Method, path: &str) -> Option<&'t ResolvedOperation> {
        self.template(method, path).or_else(|| {
            let segments: Vec<&str> = path.split('/').collect();
            self.walk(&segments, Some(method))
        })
    }

    /// Returns the operation of a method and a template, with any names of parameters.
    #[must_use]
    pub fn template(&self, method: Method, template: &str) -> Option<&'t ResolvedOperation> {
        self.templates.get(&(method, anonymous_template(template))).copied()
    }

    /// Whether an operation of any method is at the path of a request.
    #[must_use]
    pub fn has_path(&self, path: &str) -> bool {
        let segments: Vec<&str> = path.split('/').collect();
        self.walk(&segments, None).is_some()
    }

    fn insert(&mut self, operation: &'t ResolvedOperation) {
        let mut place = 0;
        for text in operation.template().split('/') {
            let segment = Segment::parse(text);
            if segment == Segment::Rest {
                self.at(place).rest.push(operation);
                return;
            }
            place = self.child(place, text, segment);
        }
        self.at(place).ends.push(operation);
    }

    fn child(&mut self, place: usize, text: &'t str, segment: Segment) -> usize {
        let new = self.nodes.len();
        let node = self.at(place);
        let child = match segment {
            Segment::Static(_) => *node.texts.entry(text).or_insert(new),
            Segment::Mixed(_) => {
                let mut known = node.mixed.iter().filter(|(known, _)| *known == segment);
                let child = known.next().map(|(_, child)| *child);
                child.unwrap_or_else(|| {
                    node.mixed.push((segment, new));
                    new
                })
            }
            Segment::Parameter | Segment::Rest => *node.parameter.get_or_insert(new),
        };
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "only places of nodes that were made are handed in"
    )]
    fn at(&mut self, place: usize) -> &mut Node<'t> {
        &mut self.nodes[place]
    }

    /// Visits each node at most once: the depth of a node determines the number of remaining
    /// segments.
    fn walk(&self, segments: &[&str], method: Option<Method>) -> Option<&'t ResolvedOperation> {
        let of_method = |operations: &[&'t ResolvedOperation]| {
            let mut operations = operations.iter();
            let is_asked = |operation: &&&ResolvedOperation| method.is_none_or(|method| operation.method() == method);
            operations.find(is_asked).copied()
        };
        let mut open = vec![Step::Into(0, segments)];
        while let Some(step) = open.pop() {
            let found = match step {
                Step::Into(place, left) => {
                    let node = self.nodes.get(place)?;
                    if let Some((segment, after)) = left.split_first() {
                        if left.iter().any(|segment| !segment.is_empty()) {
                            open.push(Step::Rest(place));
                        }
                        let first_last = node.children(segment).into_iter().rev();
                        open.extend(first_last.map(|child| Step::Into(child, after)));
                        None
                    } else {
                        of_method(&node.ends)
                    }
                }
                Step::Rest(place) => of_method(&self.nodes.get(place)?.rest),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// The nodes that are not tried yet.
enum Step<'s> {
    Into(usize, &'s [&'s str]),
    Rest(usize),
}

impl Node<'_> {
    /// Returns the nodes that a segment can lead to, the best first.
    fn children(&self, segment: &str) -> Vec<usize> {
        let texts = self.texts.get(segment).copied().into_iter();
        let mixed = self.mixed.iter().filter(|(pattern, _)| pattern.matches(segment));
        let parameter = self.parameter.filter(|_| !segment.is_empty());
        texts.chain(mixed.map(|(_, child)| *child)).chain(parameter).collect()
    }
}
