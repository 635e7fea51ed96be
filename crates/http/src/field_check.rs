//! Checks when a gate is built that the documented fields of an input agree with its type.

use std::borrow::Cow;
use std::cell::Cell;

use http::HeaderName;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

use crate::field_place::FieldPlace;
use crate::field_shape::{FieldShape, Parameter, ValueType};
use crate::field_values::FieldValues;
use crate::fields::{FieldReader, TextReader};
use crate::sample::TEXTS;

/// Compares the parameters of the document with those that a type reads, and corrects which of
/// them are required.
///
/// # Errors
///
/// A sentence that names the parameter on which the document and the type disagree.
pub(crate) fn check(shape: &mut FieldShape, reader: FieldReader) -> Result<(), String> {
    let mut samples = FieldValues::default();
    for parameter in &shape.parameters {
        let name = &parameter.name;
        check_flat(parameter)?;
        if let Some(sample) = sample(parameter, shape, reader)? {
            samples.extend([(Cow::Owned(name.clone()), Cow::Owned(sample))]);
        }
    }
    require(shape, &samples, reader)?;
    for parameter in &mut shape.parameters {
        let sample = samples.get(&parameter.name).and_then(|texts| texts.first());
        parameter.sample = sample.map(|(_, text)| text.to_string());
    }
    Ok(())
}

/// Compares a parameter of the document with the type that reads its text alone.
///
/// # Errors
///
/// A sentence that names the parameter on which the document and the type disagree.
pub(crate) fn check_text(parameter: &Parameter, reader: TextReader) -> Result<(), String> {
    check_flat(parameter)?;
    for sample in samples(parameter) {
        if let Some(fault) = reader(&sample) {
            check_agreement(parameter, &sample, fault.kind)?;
        }
    }
    Ok(())
}

/// Checks that a text can be a value of the parameter.
///
/// # Errors
///
/// A sentence that names the parameter.
pub(crate) fn check_flat(parameter: &Parameter) -> Result<(), String> {
    if is_flat(&parameter.types) {
        return Ok(());
    }
    let name = &parameter.name;
    Err(format!(
        "parameter `{name}` is an object or a list of lists, and a text cannot be one; flatten it"
    ))
}

/// Checks the names of headers.
///
/// # Errors
///
/// A sentence that names the field.
pub(crate) fn check_names(shape: &FieldShape, place: FieldPlace) -> Result<(), String> {
    if matches!(place, FieldPlace::Header | FieldPlace::Cookie) && shape.rest.is_some() {
        return Err("a map takes any name, and only declared names are read; declare each as a field".to_owned());
    }
    for parameter in shape.parameters.iter().filter(|_| place == FieldPlace::Header) {
        let name = place.name_of(&parameter.name);
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(format!("`{name}` is not the name of a header"));
        };
        if [ACCEPT, AUTHORIZATION, CONTENT_TYPE].contains(&name) {
            return Err(format!(
                "a document cannot contain header `{name}`; read it by `HeaderMap`"
            ));
        }
    }
    Ok(())
}

/// Whether a type refuses a parameter of this name that it does not know.
pub(crate) fn refuses(shape: &FieldShape, name: &str, reader: FieldReader) -> bool {
    refuses_unknown(shape, &FieldValues::one(name, "7"), reader)
}

/// Whether a type refuses one of the names that it does not know.
pub(crate) fn refuses_unknown(shape: &FieldShape, texts: &FieldValues<'_>, reader: FieldReader) -> bool {
    reader(texts, shape, &Cell::new(false)).is_some_and(|fault| fault.kind == "extra_forbidden")
}

fn is_flat(types: &[ValueType]) -> bool {
    let is_scalar = |of: &ValueType| !matches!(of, ValueType::Object | ValueType::List(_));
    let is_flat = |of: &ValueType| match of {
        ValueType::List(elements) => elements.is_empty() || elements.iter().any(is_scalar),
        other => is_scalar(other),
    };
    types.is_empty() || types.iter().any(is_flat)
}

/// Returns texts that the parameter may have: those of its schema, and others.
fn samples(parameter: &Parameter) -> impl Iterator<Item = String> {
    let lists = ["enum", "examples"].into_iter();
    let lists = lists.filter_map(|word| parameter.schema.get(word).and_then(Value::as_array));
    let values = ["default", "example", "minimum", "const"].into_iter();
    let values = values.filter_map(|word| parameter.schema.get(word));
    let named = lists.flatten().chain(values).filter_map(|value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    });
    named.chain(TEXTS.into_iter().map(str::to_owned))
}

/// Returns a text that a type accepts for the parameter, if one is found.
fn sample(parameter: &Parameter, shape: &FieldShape, reader: FieldReader) -> Result<Option<String>, String> {
    let name = parameter.name.as_str();
    let mut accepted = None;
    for sample in samples(parameter) {
        let texts = FieldValues::one(name, &sample);
        let ignored = Cell::new(false);
        let fault = match reader(&texts, shape, &ignored) {
            _ if ignored.get() => return Err(never_read(name)),
            Some(fault) if fault.kind == "extra_forbidden" => return Err(never_read(name)),
            fault => fault.filter(|fault| !fault.is_missing()),
        };
        match fault {
            None => accepted = accepted.or(Some(sample)),
            Some(fault) => check_agreement(parameter, &sample, fault.kind)?,
        }
    }
    Ok(accepted)
}

/// Checks that the kind of an error does not show another type than the documented one.
fn check_agreement(parameter: &Parameter, text: &str, kind: &str) -> Result<(), String> {
    if !disagrees(parameter, text, kind) {
        return Ok(());
    }
    let name = &parameter.name;
    Err(format!(
        "the document allows `{text}` for parameter `{name}`, and the type refuses it"
    ))
}

fn never_read(name: &str) -> String {
    format!("the document names parameter `{name}`, and the type never reads it")
}

/// Returns whether the kind of an error shows that the type has other values than the document. A
/// value that the type refuses by a custom rule shows nothing.
fn disagrees(parameter: &Parameter, text: &str, kind: &str) -> bool {
    let schema = &parameter.schema;
    let is_listed = |values: &Vec<Value>| values.iter().any(|value| value == text);
    if schema.get("enum").and_then(Value::as_array).is_some_and(is_listed) {
        return kind == "enum";
    }
    let is_plain = ["enum", "const", "format", "pattern", "$ref", "oneOf", "anyOf", "allOf"]
        .iter()
        .all(|word| schema.get(word).is_none());
    let has_type = |of: ValueType| parameter.types == [of];
    match text {
        "a" => is_plain && has_type(ValueType::Text) && kind.ends_with("_parsing"),
        "7" => has_type(ValueType::Integer) && ["bool_parsing", "enum"].contains(&kind),
        "true" => has_type(ValueType::Boolean) && ["int_parsing", "float_parsing", "enum"].contains(&kind),
        _ => false,
    }
}

/// Records the parameters that a type requires, as far as samples show it.
fn require(shape: &mut FieldShape, samples: &FieldValues<'_>, reader: FieldReader) -> Result<(), String> {
    let mut sent = FieldValues::default();
    for _ in 0..=shape.parameters.len() {
        let Some(fault) = reader(&sent, shape, &Cell::new(false)) else {
            for parameter in &mut shape.parameters {
                parameter.required &= sent.contains(&parameter.name);
            }
            return Ok(());
        };
        let Some(name) = fault.name().filter(|_| fault.is_missing()).map(str::to_owned) else {
            return Ok(());
        };
        let has_alternatives = shape.has_alternatives;
        let Some(parameter) = shape.parameters.iter_mut().find(|parameter| parameter.name == name) else {
            return Err(format!(
                "the type requires parameter `{name}`, and the document does not name it"
            ));
        };
        parameter.required |= !has_alternatives;
        if !samples.contains(&name) || sent.contains(&name) {
            return Ok(());
        }
        sent.take_from(&name, samples);
    }
    Ok(())
}
