//! Describes inputs from the schemas of their types.

use std::any::TypeId;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use super::{CallerNeed, FieldInput, OperationDescription, TypeFault};
use crate::body_schema::BodySchema;
use crate::component;
use crate::constraints::Constraints;
use crate::data::RequestData;
use crate::field_place::FieldPlace;
use crate::field_shape::{FieldShape, Parameter};
use crate::fields::{self, FieldReader, TextReader};
use crate::json_fault::{self, JsonReader};
use crate::path_input::{self, PathInput};
use crate::path_shape::PathShape;
use crate::utoipa_schema::to_json;
use crate::{body_check, bound_check, field_check, field_constraints};

/// The type of an element of a path that is read as a tuple.
pub(crate) struct PathElement {
    schema: fn(&mut OperationDescription) -> Value,
    reader: TextReader,
}

impl PathElement {
    pub(crate) fn of<T: RequestData>() -> Self {
        Self {
            schema: |description| description.parameter_schema::<T>(TypeFault::Path),
            reader: fields::text_reader::<T>(),
        }
    }
}

impl OperationDescription {
    /// States that the input fails without a caller, because its `read` needs
    /// [`RequestParts::permit`](crate::input::RequestParts::permit). So the gate is not built if
    /// the operation accepts a request without a credential
    /// ([`BuildError::NoCaller`](crate::BuildError::NoCaller)). Default: it does not fail.
    ///
    /// It has no effect for an `Option` of the input.
    pub const fn needs_caller(&mut self) {
        if !self.is_optional {
            self.caller = CallerNeed::Needed;
        }
    }

    /// Whether an input fails without a caller.
    pub(crate) const fn is_caller_needed(&self) -> bool {
        matches!(self.caller, CallerNeed::Needed)
    }

    /// Adds the parameters of the path, which the input `I` reads.
    pub(crate) fn path<I: 'static, T: RequestData>(&mut self) {
        let schema = self.parameter_schema::<T>(TypeFault::Path);
        let shape = PathShape::of::<T>();
        let fields = shape.as_ref().map_err(Clone::clone).and_then(|shape| {
            let mut fields = path_input::fields(shape, &schema, &self.schemas)?;
            match (shape, fields.parameters.as_mut_slice()) {
                (PathShape::InOrder(_), [only]) => {
                    let reader = fields::text_reader::<T>();
                    field_check::check_text(only, reader)?;
                    only.bounds = bound_check::of_text(only, &self.schemas, reader);
                }
                (PathShape::Named(_), _) => self.check_fields(&mut fields, fields::reader::<T>())?,
                (_, parameters) => parameters.iter().try_for_each(field_check::check_flat)?,
            }
            Ok(fields)
        });
        self.add_path::<I>(shape, fields, &schema);
    }

    /// Adds the parameters of the path, which the input `I` reads as a tuple `T` of these elements.
    pub(crate) fn path_elements<I: 'static, T: DeserializeOwned>(&mut self, elements: &[PathElement]) {
        let parameters = elements.iter().enumerate().map(|(index, element)| {
            let schema = (element.schema)(self);
            let mut parameter = Parameter::new(&(index + 1).to_string(), schema, &self.schemas);
            field_check::check_text(&parameter, element.reader)?;
            parameter.bounds = bound_check::of_text(&parameter, &self.schemas, element.reader);
            Ok(parameter)
        });
        let fields = parameters.collect::<Result<_, _>>().map(|parameters| FieldShape {
            parameters,
            ..FieldShape::default()
        });
        self.add_path::<I>(PathShape::of::<T>(), fields, &Value::Null);
    }

    /// Compares the fields with those that a type reads.
    fn check_fields(&self, shape: &mut FieldShape, reader: FieldReader) -> Result<(), String> {
        field_check::check(shape, reader)?;
        let bounds = |parameter| bound_check::of_field(parameter, shape, &self.schemas, reader);
        let bounds: Vec<_> = shape.parameters.iter().map(bounds).collect();
        for (parameter, bounds) in shape.parameters.iter_mut().zip(bounds) {
            parameter.bounds = bounds;
        }
        Ok(())
    }

    fn add_path<I: 'static>(
        &mut self,
        shape: Result<PathShape, String>,
        fields: Result<FieldShape, String>,
        whole: &Value,
    ) {
        let compiled = fields.and_then(|mut fields| {
            field_constraints::compile(&mut fields, whole, &self.schemas)?;
            Ok(fields)
        });
        match shape.and_then(|shape| Ok((shape, compiled?))) {
            Ok((shape, fields)) => self.paths.push(PathInput::new::<I>(shape, fields, &self.schemas)),
            Err(reason) => self.note(TypeFault::Path(reason)),
        }
    }

    /// Returns the schema of the type of a parameter, with each primitive type written out.
    pub(super) fn parameter_schema<T: ToSchema>(&mut self, to_fault: impl FnOnce(String) -> TypeFault) -> Value {
        self.add_referenced::<T>();
        self.written_out(to_json(&T::schema()), to_fault)
    }

    fn written_out(&mut self, mut schema: Value, to_fault: impl FnOnce(String) -> TypeFault) -> Value {
        if let Err(name) = component::inline_primitives(&mut schema, &|name| self.schemas.contains_key(name)) {
            let reason = format!("it refers to schema `{name}`, which no type declares");
            self.note(to_fault(reason));
        }
        schema
    }

    /// Adds each field of the structure as one parameter.
    pub(crate) fn fields<I: 'static, T: ToSchema + DeserializeOwned>(&mut self, place: FieldPlace) {
        self.add_referenced::<T>();
        self.add_fields(place, TypeId::of::<I>(), to_json(&T::schema()), fields::reader::<T>());
    }

    fn add_fields(&mut self, place: FieldPlace, input: TypeId, schema: Value, reader: FieldReader) {
        let schema = self.written_out(schema, |reason| TypeFault::Fields(place, reason));
        let shape = FieldShape::of(&schema, &self.schemas);
        let mut shape = shape.unwrap_or_else(|| {
            self.note(TypeFault::Fields(place, "its type is not a structure".to_owned()));
            FieldShape::default()
        });
        let checked = self
            .check_fields(&mut shape, reader)
            .and_then(|()| field_check::check_names(&shape, place));
        let checked = checked.and_then(|()| field_constraints::compile(&mut shape, &schema, &self.schemas));
        if let Err(reason) = checked {
            self.note(TypeFault::Fields(place, reason));
        }
        if self.is_optional {
            shape
                .parameters
                .iter_mut()
                .for_each(|parameter| parameter.required = false);
        }
        self.inputs.push(FieldInput {
            input,
            place,
            shape,
            reader: Some(reader),
        });
    }

    /// Adds a form of this media type, and its structure as the schema of the body. The check finds
    /// fields that this form cannot read.
    pub(crate) fn form<I: 'static, T: RequestData>(
        &mut self,
        media_type: &str,
        check: impl FnOnce(&FieldShape) -> Result<(), String>,
    ) {
        self.fields::<I, T>(FieldPlace::Form);
        if let Some(Err(reason)) = self.inputs.last().map(|input| check(&input.shape)) {
            self.note(TypeFault::Fields(FieldPlace::Form, reason));
        }
        let schema = self.reference::<T>();
        self.request_body(media_type, &schema);
    }

    /// Adds a body of JSON, which the input `I` reads.
    pub(crate) fn json_body<I: 'static, T: ToSchema + DeserializeOwned>(&mut self) {
        let schema = self.reference::<T>();
        self.add_json_body(
            TypeId::of::<I>(),
            &schema,
            &to_json(&T::schema()),
            json_fault::reader::<T>(),
        );
    }

    fn add_json_body(&mut self, input: TypeId, schema: &Value, whole: &Value, reader: JsonReader) {
        let checked = body_check::check(whole, &self.schemas, reader);
        let compile = || {
            let bounds = bound_check::of_body(whole, &self.schemas, reader);
            Constraints::of(whole, &self.schemas, bounds)
        };
        let constraints = checked.and_then(|()| compile()).unwrap_or_else(|reason| {
            self.note(TypeFault::Body(reason));
            None
        });
        self.inputs.push(FieldInput {
            input,
            place: FieldPlace::Form,
            shape: FieldShape {
                whole_constraints: constraints,
                body: Some(Arc::new(BodySchema::new(whole, &self.schemas))),
                ..FieldShape::default()
            },
            reader: None,
        });
        self.request_body("application/json", schema);
    }
}
