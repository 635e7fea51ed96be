//! Lists of all variants of an enum that are written by hand: none lacks a variant.

use std::collections::BTreeSet;

use syn::{Expr, ImplItem, Item, ItemImpl, Type};

use crate::checkout::Checkout;

/// A constant of this name lists all variants.
const LIST: &str = "ALL";

#[test]
fn each_list_names_every_variant() {
    let checkout = Checkout::read();
    let (mut faults, mut lists) = (Vec::new(), 0);
    for (path, text) in checkout.texts(".rs") {
        if path.contains("/src/") && text.contains("const ALL") {
            let found = lists_of(text);
            lists += found.len();
            faults.extend(
                found
                    .into_iter()
                    .filter(|fault| !fault.is_empty())
                    .map(|fault| format!("{path}: {fault}")),
            );
        }
    }
    assert_eq!(faults, [""; 0]);
    assert!(lists >= 7, "{lists} lists were found");
}

#[test]
fn missing_variant_is_reported() {
    let lacks = "enum E { A, B } impl E { const ALL: [Self; 1] = [Self::A]; }";
    assert_eq!(lists_of(lacks), ["`E::ALL` lacks `B`"]);
    let twice = "enum E { A, B } impl E { pub const ALL: &[Self] = &[Self::A, Self::B, Self::A]; }";
    assert_eq!(lists_of(twice), ["`E::ALL` has 3 entries for 2 variants"]);
    let whole = "enum E { A, B } impl E { pub const ALL: &[Self] = &[Self::B, Self::A]; }";
    assert_eq!(lists_of(whole), [""]);
    assert_eq!(lists_of("struct S; impl S { const ALL: [u8; 1] = [1]; }"), [""; 0]);
}

/// Returns the fault of each list of a file, or an empty text.
fn lists_of(text: &str) -> Vec<String> {
    let file = syn::parse_file(text).expect("sources are Rust");
    let lists = file.items.iter().filter_map(|item| match item {
        Item::Impl(block) => list_of(block, &file.items),
        _ => None,
    });
    lists.collect()
}

fn list_of(block: &ItemImpl, items: &[Item]) -> Option<String> {
    let Type::Path(of) = &*block.self_ty else { return None };
    let name = of.path.get_ident()?;
    let variants: Vec<String> = items.iter().find_map(|item| match item {
        Item::Enum(declared) if declared.ident == *name => Some(
            declared
                .variants
                .iter()
                .map(|variant| variant.ident.to_string())
                .collect(),
        ),
        _ => None,
    })?;
    let listed = block.items.iter().find_map(|item| match item {
        ImplItem::Const(list) if list.ident == LIST => entries(&list.expr),
        _ => None,
    })?;
    let known: BTreeSet<_> = listed.iter().collect();
    let missing = variants.iter().find(|variant| !known.contains(variant));
    Some(match missing {
        Some(missing) => format!("`{name}::{LIST}` lacks `{missing}`"),
        None if listed.len() != variants.len() => {
            format!(
                "`{name}::{LIST}` has {} entries for {} variants",
                listed.len(),
                variants.len()
            )
        }
        None => String::new(),
    })
}

/// Returns the last parts of the paths in an array.
fn entries(list: &Expr) -> Option<Vec<String>> {
    match list {
        Expr::Reference(reference) => entries(&reference.expr),
        Expr::Array(array) => {
            let name = |entry: &Expr| match entry {
                Expr::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
                _ => None,
            };
            array.elems.iter().map(name).collect()
        }
        _ => None,
    }
}
