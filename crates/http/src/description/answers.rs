//! Describes answers from the schemas of their types.

use http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{OperationDescription, TypeFault};
use crate::field_check;
use crate::field_place::FieldPlace;
use crate::field_shape::{FieldShape, Parameter};
use crate::merge::merge_responses;

impl OperationDescription {
    /// Adds the responses of another description, each with one header for each field of `H`.
    pub(crate) fn with_headers<H: ToSchema>(&mut self, describe: impl FnOnce(&mut Self)) {
        let place = FieldPlace::Header;
        let schema = self.parameter_schema::<H>(|reason| TypeFault::Fields(place, reason));
        let shape = FieldShape::of(&schema, &self.schemas).ok_or_else(|| "its type is not a structure".to_owned());
        let checked = shape.and_then(|shape| {
            field_check::check_names(&shape, place)?;
            shape.parameters.iter().try_for_each(field_check::check_flat)?;
            Ok(shape)
        });
        let shape = checked.unwrap_or_else(|reason| {
            self.note(TypeFault::Fields(place, reason));
            FieldShape::default()
        });
        let others = std::mem::take(&mut self.responses);
        describe(self);
        let described = std::mem::replace(&mut self.responses, others);
        for (status, mut response) in described {
            merge_responses(&mut response, json!({ "headers": headers(&shape) }));
            self.add_under(status, response);
        }
    }

    /// Adds a header of any schema to the response with this status, which must be described
    /// before. The schema is an object of JSON Schema.
    pub fn typed_response_header(&mut self, status: StatusCode, name: &str, description: &str, schema: &Value) {
        let header = json!({ "description": description, "schema": schema });
        self.add(status, json!({ "headers": { name: header } }));
    }
}

fn headers(shape: &FieldShape) -> Map<String, Value> {
    let header = |parameter: &Parameter| {
        let name = FieldPlace::Header.name_of(&parameter.name).to_lowercase();
        (name, parameter.header_object().into())
    };
    shape.parameters.iter().map(header).collect()
}
