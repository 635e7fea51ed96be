//! A reader of the JSON in a page, which decides by its own method. It uses names and recursion,
//! and the numbers of facts only as keys.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::read_back::reader::Supplied;

/// The data of a table in a page.
pub(crate) struct Embedded(Value);

impl Embedded {
    pub(crate) fn of(html: &str) -> Self {
        let (_, rest) = html
            .split_once("<script type=\"application/json\" id=\"policy\">")
            .unwrap();
        let (json, _) = rest.split_once("</script>").unwrap();
        Self(serde_json::from_str(json).unwrap())
    }

    pub(crate) fn operations(&self) -> &[Value] {
        list(&self.0["operations"])
    }

    pub(crate) fn name(&self, fact: u64) -> &str {
        self.0["atoms"][usize::try_from(fact).unwrap()]["name"]
            .as_str()
            .unwrap()
    }

    /// The short form of a name.
    pub(crate) fn label(&self, fact: u64) -> &str {
        let label = self.0["atoms"][usize::try_from(fact).unwrap()]["label"].as_str();
        label.unwrap_or_else(|| self.name(fact))
    }

    /// Returns the beginning that all paths share, and the labels of the largest groups.
    pub(crate) fn groups(&self) -> (&str, Vec<&str>) {
        let paths = &self.0["paths"];
        let labels = list(&paths["groups"])
            .iter()
            .map(|group| group["label"].as_str().unwrap());
        (paths["prefix"].as_str().unwrap(), labels.collect())
    }

    /// Returns the operations that are reachable through groups, as often as they occur.
    pub(crate) fn grouped(&self) -> Vec<u64> {
        grouped(&self.0["paths"])
    }

    /// Every fact that can be ticked.
    pub(crate) fn ticks(&self) -> Vec<u64> {
        let scheme = |scheme: &Value| {
            let scopes = list(&scheme["scopes"]).iter().map(|scope| scope[0].as_u64().unwrap());
            scopes.chain(scheme["atom"].as_u64()).collect::<Vec<_>>()
        };
        let schemes = list(&self.0["schemes"]).iter().flat_map(scheme);
        schemes.chain(numbers(&self.0["guards"])).collect()
    }

    /// Returns the boxes that a user would tick for such a request. The page requires nothing for
    /// which it has no box.
    pub(crate) fn ticked(&self, supplied: &Supplied) -> Vec<u64> {
        let mut ticked = Vec::new();
        for scheme in list(&self.0["schemes"]) {
            let fact = scheme["atom"].as_u64().unwrap();
            let Some(scopes) = supplied.schemes.get(self.name(fact)) else {
                continue;
            };
            ticked.push(fact);
            let all = list(&scheme["scopes"]).iter().map(|scope| scope[0].as_u64().unwrap());
            ticked.extend(all.filter(|scope| scopes.contains(self.name(*scope))));
        }
        ticked.extend(numbers(&self.0["guards"]).filter(|guard| supplied.guards.contains(self.name(*guard))));
        ticked
    }

    pub(crate) fn allows(&self, operation: usize, ticked: &[u64]) -> bool {
        let operation = &self.operations()[operation];
        let world: BTreeSet<u64> = ticked.iter().flat_map(|fact| self.implied_by(*fact)).collect();
        let is_authenticated = |facts: &BTreeSet<u64>| facts.iter().any(|fact| self.name(*fact) == "authenticated");
        let anonymous = operation["optional"] == true && !is_authenticated(&world);
        let holds = |fact: u64| world.contains(&fact) || (anonymous && is_authenticated(&self.implied_by(fact)));
        list(&operation["needs"]).iter().any(|way| numbers(way).all(holds))
    }

    fn implied_by(&self, fact: u64) -> BTreeSet<u64> {
        let implied = numbers(&self.0["atoms"][usize::try_from(fact).unwrap()]["implies"]);
        let implied = implied.flat_map(|weaker| self.implied_by(weaker));
        [fact].into_iter().chain(implied).collect()
    }
}

fn grouped(group: &Value) -> Vec<u64> {
    let own = numbers(&group["operations"]);
    own.chain(list(&group["groups"]).iter().flat_map(grouped)).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

pub(crate) fn numbers(value: &Value) -> impl Iterator<Item = u64> {
    list(value).iter().map(|number| number.as_u64().unwrap())
}
