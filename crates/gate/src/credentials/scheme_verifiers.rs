//! Places and verifiers of the credentials of each operation, resolved when the gate is built.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "testing")]
use scopegate_domain::ClaimNames;
use scopegate_domain::{Catalog, DeclaredScheme, SchemeName};
use scopegate_policy::{Access, Alternative, OperationTable, ResolvedOperation, SchemeId};

use crate::credentials::bearer_verifier::BearerVerifier;
use crate::credentials::credential::Extracted;
use crate::credentials::credential::{Credential, CredentialVerifier};
#[cfg(feature = "remote-issuers")]
use crate::credentials::issuer_set::IssuerSet;
use crate::credentials::place::{CredentialPlace, Family};
use crate::dialect::{Dialect, EmptyCredential};
use crate::gate_error::GateError;
use crate::request_head::RequestHead;

/// Verifies the credentials of one scheme.
#[derive(Clone)]
pub(crate) enum SchemeVerifier {
    /// A verifier of the application.
    Application(Arc<dyn CredentialVerifier>),
    /// The verifier of the issuer that the token names.
    #[cfg(feature = "remote-issuers")]
    Issuers(Arc<IssuerSet>),
    /// The signature of the token.
    Token(Arc<BearerVerifier>),
}

/// The alternatives of an operation that must have a verifier for each scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    /// All of them, because a document promises them.
    EachAlternative,
    /// One, so that the code of an application can declare more schemes than it verifies.
    OneAlternative,
}

/// A scheme with its verifier.
#[derive(Clone)]
pub(crate) struct SchemeEntry {
    pub(crate) scheme: SchemeId,
    /// Whether its credentials have a subject.
    pub(crate) has_subject: bool,
    pub(crate) verifier: SchemeVerifier,
}

/// The parts of a request that may contain credentials for one operation.
pub(crate) enum Sources {
    /// Bearer tokens of one scheme that a signature verifies.
    Bearer(SchemeEntry, Arc<BearerVerifier>),
    /// Nothing.
    Nothing,
    /// Several places, or one with a verifier of the application; the cheapest first.
    Several(Vec<CredentialSource>),
}

/// One place, and the schemes whose credential it can contain.
pub(crate) struct CredentialSource {
    pub(crate) place: CredentialPlace,
    pub(crate) schemes: Vec<SchemeEntry>,
    /// Whether an empty credential is none.
    empty_is_none: bool,
}

/// The schemes that have a verifier.
pub(crate) struct SchemeVerifiers {
    empty_credential: EmptyCredential,
    schemes: Vec<(SchemeName, CredentialPlace, SchemeEntry)>,
}

impl SchemeVerifiers {
    /// Finds the schemes of the registered verifiers.
    ///
    /// # Errors
    ///
    /// [`GateError`] names the scheme that cannot have such a verifier.
    pub(crate) fn new(
        given: Vec<(String, SchemeVerifier)>,
        table: &OperationTable,
        dialect: &Dialect,
    ) -> Result<Self, GateError> {
        #[cfg(feature = "remote-issuers")]
        let given = merge(given)?;
        let mut schemes: Vec<(SchemeName, CredentialPlace, SchemeEntry)> = Vec::new();
        for (scheme, verifier) in given {
            let name = SchemeName::parse(&scheme).ok();
            let found = name.and_then(|name| table.catalog().find(&name).zip(table.scheme_id(&name)));
            let Some((declared, id)) = found else {
                return Err(GateError::UndeclaredScheme { scheme });
            };
            if schemes.iter().any(|(known, ..)| known == declared.name()) {
                return Err(GateError::TwoVerifiers { scheme });
            }
            if !matches!(verifier, SchemeVerifier::Application(_)) && Family::of(declared.scheme()) != Family::Bearer {
                return Err(GateError::NotBearer { scheme });
            }
            let Some(place) = CredentialPlace::of(declared.scheme()) else {
                return Err(GateError::KeyName { scheme });
            };
            let entry = SchemeEntry {
                scheme: id,
                has_subject: declared.has_subject(),
                verifier,
            };
            schemes.push((declared.name().clone(), place, entry));
        }
        Ok(Self {
            empty_credential: dialect.empty_credential,
            schemes,
        })
    }

    /// Returns the sources of credentials of an operation.
    ///
    /// # Errors
    ///
    /// [`GateError`] if no request can satisfy the operation, or not each of its alternatives: a
    /// scheme has no verifier, or an alternative requires two credentials in one header.
    pub(crate) fn sources(
        &self,
        operation: &ResolvedOperation,
        catalog: &Catalog,
        support: Support,
    ) -> Result<Sources, GateError> {
        if matches!(operation.access(), Access::Public | Access::Deny) {
            return Ok(Sources::Nothing);
        }
        let ways = operation.security();
        let is_supported = |supports: &dyn Fn(&Alternative) -> bool| match support {
            Support::EachAlternative => ways.iter().all(supports),
            Support::OneAlternative => ways.iter().any(supports),
        };
        let can_verify = |way: &Alternative| way.schemes().iter().all(|(name, _)| self.find(name).is_some());
        if !is_supported(&can_verify) {
            let unknown = operation.schemes().into_iter().filter(|name| self.find(name).is_none());
            let schemes: Vec<String> = unknown.map(|name| format!("`{name}`")).collect();
            return Err(GateError::NoVerifier {
                operation: operation.to_string(),
                schemes: schemes.join(if support == Support::EachAlternative {
                    " and "
                } else {
                    " or "
                }),
            });
        }
        if !is_supported(&|way| can_verify(way) && self.can_be_presented(way)) {
            return Err(GateError::TwoAuthorizations {
                operation: operation.to_string(),
            });
        }
        let mut sources: Vec<CredentialSource> = Vec::new();
        for name in operation.schemes() {
            if let (Some((_, place, entry)), Some(declared)) = (self.find(&name), catalog.find(&name)) {
                self.add(&mut sources, place, entry, declared);
            }
        }
        for source in &mut sources {
            source.schemes.sort_by_key(SchemeEntry::asks_the_application);
        }
        sources.sort_by_key(CredentialSource::cost);
        Ok(Sources::of(sources))
    }

    fn add(
        &self,
        sources: &mut Vec<CredentialSource>,
        place: &CredentialPlace,
        entry: &SchemeEntry,
        declared: &DeclaredScheme,
    ) {
        let empty_is_none = match self.empty_credential {
            EmptyCredential::Malformed => false,
            EmptyCredential::AbsentIf(is_absent) => is_absent(declared.scheme()),
        };
        match sources.iter_mut().find(|source| source.place == *place) {
            Some(source) => {
                source.schemes.push(entry.clone());
                source.empty_is_none &= empty_is_none;
            }
            None => sources.push(CredentialSource {
                place: place.clone(),
                schemes: vec![entry.clone()],
                empty_is_none,
            }),
        }
    }

    /// Returns the verifier of a scheme.
    pub(crate) fn verifier(&self, name: &SchemeName) -> Option<&SchemeEntry> {
        self.find(name).map(|(.., entry)| entry)
    }

    fn find(&self, name: &SchemeName) -> Option<&(SchemeName, CredentialPlace, SchemeEntry)> {
        self.schemes.iter().find(|(known, ..)| known == name)
    }

    /// Returns whether one request can contain all credentials of an alternative. The
    /// `Authorization` header contains one.
    fn can_be_presented(&self, way: &Alternative) -> bool {
        let places = way.schemes().iter().filter_map(|(name, _)| self.find(name));
        let mut authorizations = places
            .map(|(_, place, _)| place)
            .filter(|place| place.is_authorization());
        let first = authorizations.next();
        authorizations.all(|place| Some(place) == first)
    }
}

/// Combines the issuers of each scheme. Those that cannot be combined stay separate, and the next
/// step of the build refuses them.
#[cfg(feature = "remote-issuers")]
fn merge(given: Vec<(String, SchemeVerifier)>) -> Result<Vec<(String, SchemeVerifier)>, GateError> {
    let mut merged: Vec<(String, SchemeVerifier)> = Vec::new();
    for (scheme, verifier) in given {
        let joined = match merged.iter_mut().find(|(known, _)| *known == scheme) {
            None => None,
            Some((_, known)) => join(&scheme, known, &verifier)?.map(|joined| (known, joined)),
        };
        match joined {
            Some((known, joined)) => *known = SchemeVerifier::Issuers(Arc::new(joined)),
            None => merged.push((scheme, verifier)),
        }
    }
    Ok(merged)
}

#[cfg(feature = "remote-issuers")]
fn join(scheme: &str, first: &SchemeVerifier, second: &SchemeVerifier) -> Result<Option<IssuerSet>, GateError> {
    match (first, second) {
        (SchemeVerifier::Issuers(first), SchemeVerifier::Issuers(second)) => first.join(scheme, second),
        (SchemeVerifier::Issuers(issuers), SchemeVerifier::Token(tokens))
        | (SchemeVerifier::Token(tokens), SchemeVerifier::Issuers(issuers)) => {
            issuers.join(scheme, &IssuerSet::with_own(Arc::clone(tokens)))
        }
        _ => Ok(None),
    }
}

impl SchemeEntry {
    const fn asks_the_application(&self) -> bool {
        matches!(self.verifier, SchemeVerifier::Application(_))
    }
}

impl Sources {
    fn of(sources: Vec<CredentialSource>) -> Self {
        if let [source] = sources.as_slice()
            && let [entry] = source.schemes.as_slice()
            && let SchemeVerifier::Token(tokens) = &entry.verifier
            && !source.empty_is_none
        {
            return Self::Bearer(entry.clone(), Arc::clone(tokens));
        }
        if sources.is_empty() {
            return Self::Nothing;
        }
        Self::Several(sources)
    }
}

impl Sources {
    /// Returns the numbers of the schemes.
    pub(crate) fn scheme_ids(&self) -> Vec<SchemeId> {
        match self {
            Self::Bearer(entry, _) => vec![entry.scheme],
            Self::Nothing => Vec::new(),
            Self::Several(sources) => sources.iter().flat_map(CredentialSource::scheme_ids).collect(),
        }
    }
}

#[cfg(feature = "testing")]
impl SchemeVerifier {
    /// Returns the names of the claims that the verifier keeps; `None` if the application chooses
    /// them for each credential.
    pub(crate) fn kept_claims(&self) -> Option<ClaimNames> {
        match self {
            Self::Application(_) => None,
            #[cfg(feature = "remote-issuers")]
            Self::Issuers(issuers) => Some(issuers.kept_claims()),
            Self::Token(tokens) => Some(tokens.rules().kept_claims().clone()),
        }
    }
}

#[cfg(feature = "testing")]
impl Sources {
    /// Returns the entry of a scheme.
    pub(crate) fn entry(&self, id: SchemeId) -> Option<&SchemeEntry> {
        match self {
            Self::Bearer(entry, _) => Some(entry).filter(|entry| entry.scheme == id),
            Self::Nothing => None,
            Self::Several(sources) => {
                let mut entries = sources.iter().flat_map(|source| &source.schemes);
                entries.find(|entry| entry.scheme == id)
            }
        }
    }

    /// Returns the schemes of each place.
    pub(crate) fn places(&self) -> Vec<Vec<SchemeId>> {
        match self {
            Self::Bearer(entry, _) => vec![vec![entry.scheme]],
            Self::Nothing => Vec::new(),
            Self::Several(sources) => sources.iter().map(CredentialSource::scheme_ids).collect(),
        }
    }
}

impl CredentialSource {
    /// Orders sources by cost, then by family.
    fn cost(&self) -> (bool, Family) {
        let is_cheap = self.schemes.iter().any(|entry| !entry.asks_the_application());
        (!is_cheap, self.family())
    }

    const fn family(&self) -> Family {
        match self.place {
            CredentialPlace::Authorization(family) => family,
            CredentialPlace::Cookie(_) | CredentialPlace::Header(_) | CredentialPlace::Query(_) => Family::ApiKey,
        }
    }

    /// Returns the numbers of the schemes.
    pub(crate) fn scheme_ids(&self) -> Vec<SchemeId> {
        self.schemes.iter().map(|entry| entry.scheme).collect()
    }

    /// Reads the credential at the place.
    pub(crate) fn read(&self, head: &RequestHead<'_>, dialect: &Dialect) -> Extracted {
        match self.place.read(head, dialect) {
            Extracted::Credential(credential) if credential.secret().expose().is_empty() => {
                self.empty(credential, dialect)
            }
            found => found,
        }
    }

    /// Returns the result for an empty credential. An empty password is a password; any other one
    /// is absent or malformed.
    fn empty(&self, credential: Credential, dialect: &Dialect) -> Extracted {
        match dialect.empty_credential {
            _ if self.family() == Family::Basic => Extracted::Credential(credential),
            EmptyCredential::Malformed => Extracted::Malformed,
            EmptyCredential::AbsentIf(_) if self.empty_is_none => Extracted::Absent,
            EmptyCredential::AbsentIf(_) => Extracted::Credential(credential),
        }
    }
}

impl fmt::Debug for SchemeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application(_) => "Application",
            #[cfg(feature = "remote-issuers")]
            Self::Issuers(_) => "Issuers",
            Self::Token(_) => "Token",
        })
    }
}
