//! Decides whether a request may run its operation.

use crate::decide::witness;
use crate::subject_facts::SubjectFacts;
use crate::{Denial, Permit, Presented, ResolvedOperation, World};

/// Decides whether a request may run its operation.
///
/// Pure: the same operation and the same presented values give the same answer. A credential of
/// another table's operations counts for nothing.
///
/// Where authentication is optional, a request without a credential is authorized as anonymous. One
/// whose credential does not suffice is refused: there, a request that presents more can be allowed
/// less.
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
    let requirement = operation.deciding(presented.has_credential());
    let ask = |subject_facts: SubjectFacts<'_>| {
        let (user, speaker) = (subject_facts.user(), subject_facts.speaker());
        let world = subject_facts.into_world(operation, presented);
        match witness(requirement, &world) {
            Some(witness) => Ok(Permit::new(
                operation.clone(),
                user.cloned(),
                world.token.into_owned(),
                witness,
                speaker,
            )),
            None => Err(world.atoms()),
        }
    };
    let answer = if presented.more.is_empty() {
        ask(SubjectFacts::alone(operation, presented.first.as_ref()))
    } else {
        first_allowed(SubjectFacts::several(operation, presented).into_iter().map(ask))
    };
    answer.map_err(|atoms| Denial::new(operation, &atoms))
}

/// The first answer that allows, or the first of all.
fn first_allowed<T, E>(mut answers: impl Iterator<Item = Result<T, E>>) -> Result<T, E>
where
    E: Default,
{
    let first = answers.next().unwrap_or_else(|| Err(E::default()));
    first.or_else(|refused| answers.find_map(Result::ok).ok_or(refused))
}

/// The world in which a request is decided: that of the subject that is allowed, or of the first
/// one.
pub(crate) fn deciding_world<'a>(operation: &ResolvedOperation, presented: &'a Presented<'_>) -> World<'a> {
    let requirement = operation.deciding(presented.has_credential());
    let subjects = SubjectFacts::several(operation, presented).into_iter();
    let worlds = subjects.map(|subject_facts| subject_facts.into_world(operation, presented));
    let answer = first_allowed(worlds.map(|world| match witness(requirement, &world) {
        Some(_) => Ok(world),
        None => Err(world),
    }));
    answer.unwrap_or_else(|refused| refused)
}
