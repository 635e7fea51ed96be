//! Decides whether a request may run its operation.

use crate::decide::witness;
use crate::subject_facts::SubjectFacts;
use crate::{Denial, Permit, PresentedCredentials, RequestFacts, ResolvedOperation};

/// Decides whether a request may run its operation.
///
/// The function is pure: the same operation and the same presented values give the same result. A
/// credential for the operations of another table has no effect.
///
/// If authentication is optional, a request without a credential is authorized as anonymous. A
/// request whose credential does not suffice is refused, so for such an operation a request that
/// presents more can be allowed less.
///
/// # Errors
///
/// A [`Denial`] with everything that is missing, for the response to the client.
///
/// ```
/// use scopegate_domain::{Catalog, SecurityScheme, Timestamp};
/// use scopegate_policy::{Denial, Guard, Operation, OperationTable, PresentedCredentials, authorize};
///
/// let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token")).build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/status/").guard(Guard::authenticated()))
///     .build()?;
/// let presented = PresentedCredentials::new(Timestamp::from_unix(0));
/// let denial = authorize(&table.operations()[0], &presented).unwrap_err();
/// assert!(matches!(denial, Denial::Unauthenticated { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn authorize(operation: &ResolvedOperation, presented: &PresentedCredentials<'_>) -> Result<Permit, Denial> {
    let requirement = operation.deciding(presented.has_credential());
    let ask = |subject_facts: SubjectFacts<'_>| {
        let (user, speaker) = (subject_facts.user(), subject_facts.speaker());
        let facts = subject_facts.into_facts(operation, presented);
        match witness(requirement, &facts) {
            Some(witness) => Ok(Permit::new(
                operation.clone(),
                user.cloned(),
                facts.token.into_owned(),
                witness,
                speaker,
            )),
            None => Err(facts.facts()),
        }
    };
    let answer = if presented.more.is_empty() {
        ask(SubjectFacts::alone(operation, presented.first.as_ref()))
    } else {
        first_allowed(SubjectFacts::several(operation, presented).into_iter().map(ask))
    };
    answer.map_err(|facts| Denial::new(operation, &facts))
}

/// The first answer that allows, or the first of all.
fn first_allowed<T, E>(mut answers: impl Iterator<Item = Result<T, E>>) -> Result<T, E>
where
    E: Default,
{
    let first = answers.next().unwrap_or_else(|| Err(E::default()));
    first.or_else(|refused| answers.find_map(Result::ok).ok_or(refused))
}

/// The facts that decide: those of the subject that is allowed, or of the first subject.
pub(crate) fn deciding_facts<'a>(
    operation: &ResolvedOperation,
    presented: &'a PresentedCredentials<'_>,
) -> RequestFacts<'a> {
    let requirement = operation.deciding(presented.has_credential());
    let subjects = SubjectFacts::several(operation, presented).into_iter();
    let subjects_facts = subjects.map(|subject_facts| subject_facts.into_facts(operation, presented));
    let answer = first_allowed(subjects_facts.map(|facts| match witness(requirement, &facts) {
        Some(_) => Ok(facts),
        None => Err(facts),
    }));
    answer.unwrap_or_else(|refused| refused)
}
