//! The decision.

use crate::party::Party;
use crate::resolved::witness;
use crate::{Denial, Permit, Presented, ResolvedOperation, World};

/// Decides whether a request may do what it asks for.
///
/// Pure: the same operation and the same presented values give the same answer. A credential of another table's operations
/// counts for nothing.
///
/// # Errors
///
/// [`Denial`] says what is missing, and what to tell the client.
///
/// ```
/// use scopegate_domain::{Catalog, SecurityScheme, Timestamp};
/// use scopegate_policy::{Denial, Guard, Operation, OperationTable, Presented, authorize};
///
/// let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token")).build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/status/").guard(Guard::authenticated()))
///     .build()?;
/// let presented = Presented::new(Timestamp::from_unix(0));
/// let denial = authorize(&table.operations()[0], &presented).unwrap_err();
/// assert!(matches!(denial, Denial::Unauthenticated { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn authorize(operation: &ResolvedOperation, presented: &Presented<'_>) -> Result<Permit, Denial> {
    let requirement = match operation.anonymous() {
        Some(anonymous) if !presented.has_credential() => anonymous,
        _ => operation.requirement(),
    };
    let mut refused = None;
    let mut ask = |party: &Party<'_>| {
        let world = party.world(operation, presented);
        let found = witness(requirement, &world);
        if found.is_none() {
            refused.get_or_insert_with(|| world.atoms());
        }
        let witness = found?;
        Some(Permit::new(
            operation.clone(),
            party.user(),
            world.token.into_owned(),
            witness,
        ))
    };
    let permit = if presented.more.is_empty() {
        ask(&Party::alone(operation, presented.first.as_ref()))
    } else {
        Party::several(operation, presented).iter().find_map(ask)
    };
    permit.ok_or_else(|| Denial::new(operation, &refused.unwrap_or_default()))
}

/// The world in which a request is decided: that of the party that is allowed, or of the first one.
pub(crate) fn deciding_world<'a>(operation: &ResolvedOperation, presented: &'a Presented<'_>) -> World<'a> {
    let parties = Party::several(operation, presented);
    let mut worlds: Vec<World<'a>> = parties.iter().map(|party| party.world(operation, presented)).collect();
    let allowed = worlds
        .iter()
        .position(|world| witness(operation.requirement(), world).is_some());
    worlds.swap_remove(allowed.unwrap_or(0))
}
