//! Checks when a gate is built that an operation agrees with its handler.

use std::any::TypeId;

use http::Extensions;
use scopegate_domain::User;
use scopegate_policy::{Method, ResolvedOperation};

use crate::build_error::BuildError;
use crate::input::BodyUse;
use crate::route::OperationHandler;
use crate::user_type::UserType;

/// Checks the rules that the types of a declaration cannot express.
pub(crate) fn check(
    operation: &ResolvedOperation,
    mounted: &OperationHandler,
    states: &Extensions,
    user_type: Option<TypeId>,
) -> Result<(), BuildError> {
    let label = || operation.to_string();
    let method = operation.method();
    if mounted.endpoint.body_use() != BodyUse::Unread && matches!(method, Method::Get | Method::Head | Method::Trace) {
        return Err(BuildError::BodyWithoutMeaning {
            operation: label(),
            method: method.as_str(),
        });
    }
    if let Some(state) = mounted.description.states().iter().find(|state| !(state.is_in)(states)) {
        return Err(BuildError::State {
            operation: label(),
            name: state.name,
        });
    }
    check_resource(operation, mounted)?;
    // Optional authentication has an alternative of its own, which is not in the list.
    let is_open = || operation.is_optional() || operation.security().iter().any(|one| one.schemes().is_empty());
    if mounted.description.is_caller_needed() && is_open() {
        return Err(BuildError::NoCaller { operation: label() });
    }
    let users = mounted.description.users();
    if !users.is_empty() && !operation.needs_user() {
        return Err(BuildError::NoUser { operation: label() });
    }
    // Every user is a `User`, of any other type, too.
    let is_known = |user: &&UserType| user.id == TypeId::of::<User>() || Some(user.id) == user_type;
    if let Some(user) = users.iter().find(|user| !is_known(user)) {
        return Err(BuildError::UserType {
            operation: label(),
            name: user.name,
        });
    }
    mounted.description.check(operation)
}

/// Checks that the route loads the resource that its handler takes, by a check with a name.
fn check_resource(operation: &ResolvedOperation, mounted: &OperationHandler) -> Result<(), BuildError> {
    let loaded = mounted.resource.as_ref().map(|check| check.resource);
    if let Some(taken) = mounted
        .description
        .taken_resource()
        .filter(|taken| loaded != Some(*taken))
    {
        return Err(BuildError::Resource {
            operation: operation.to_string(),
            name: taken.name,
        });
    }
    if mounted.notes.check.is_repeated || (mounted.resource.is_some() && operation.is_optional()) {
        return Err(BuildError::ResourceCheck {
            operation: operation.to_string(),
        });
    }
    match &mounted.resource {
        Some(check) if check.name.is_none() => Err(BuildError::ResourceName {
            operation: operation.to_string(),
        }),
        _ => Ok(()),
    }
}
