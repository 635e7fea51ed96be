//! Templates of paths: the operations of each, and those that match the same requests.

use std::collections::HashMap;

use scopegate_policy::{Method, anonymous_template};

/// The templates of a document, each kept once, regardless of the number of its methods.
#[derive(Debug, Default)]
pub(super) struct Templates {
    numbers: HashMap<String, usize>,
    shapes: HashMap<String, usize>,
    by_number: Vec<Template>,
    /// The methods of the templates of each shape.
    methods: Vec<Vec<Method>>,
}

#[derive(Debug)]
struct Template {
    shape: usize,
    operations: Vec<(Method, usize)>,
}

impl Templates {
    /// Reserves capacity for this number of templates.
    pub(super) fn reserve(&mut self, templates: usize) {
        self.numbers.reserve(templates);
        self.shapes.reserve(templates);
        self.by_number.reserve(templates);
    }

    /// The number of a template.
    pub(super) fn number(&mut self, template: &str) -> usize {
        if let Some(number) = self.numbers.get(template) {
            return *number;
        }
        let (number, next) = (self.by_number.len(), self.methods.len());
        let shape = *self.shapes.entry(anonymous_template(template)).or_insert(next);
        if shape == next {
            self.methods.push(Vec::new());
        }
        self.numbers.insert(template.to_owned(), number);
        self.by_number.push(Template {
            shape,
            operations: Vec::new(),
        });
        number
    }

    /// Returns the operation of this method with the template of this number.
    pub(super) fn operation(&self, template: usize, method: Method) -> Option<usize> {
        let operations = &self.by_number.get(template)?.operations;
        let found = operations.iter().find(|(known, _)| *known == method);
        found.map(|(_, operation)| *operation)
    }

    /// Adds an operation to the template of this number. Returns whether an earlier one matches the
    /// same requests.
    pub(super) fn add_operation(&mut self, template: usize, method: Method, operation: usize) -> bool {
        let Some(template) = self.by_number.get_mut(template) else {
            return false;
        };
        template.operations.push((method, operation));
        let Some(methods) = self.methods.get_mut(template.shape) else {
            return false;
        };
        let is_overlapping = methods.contains(&method);
        if !is_overlapping {
            methods.push(method);
        }
        is_overlapping
    }
}
