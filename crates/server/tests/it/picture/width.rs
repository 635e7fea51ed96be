//! The page on a narrow and on a wide screen.

use scopegate_policy::OperationTable;
use serde_json::json;

use crate::picture::fixture::{self, PictureFixture};
use crate::picture::{documents, tables};

/// Elements outside the page, and boxes that are too small.
const OUTSIDE: &str = "
    const root = document.documentElement;
    const out = root.scrollWidth > innerWidth ? [`the page is ${root.scrollWidth} wide`] : [];
    for (const element of document.querySelectorAll('body *')) {
      if (!element.checkVisibility() || element.closest('.scroll, .skip, .spoken, script, style, option')) continue;
      const { left, right, width } = element.getBoundingClientRect();
      if (width > 0 && (left < -1 || right > innerWidth + 1)) out.push(element.outerHTML.slice(0, 200));
    }
    for (const box of document.querySelectorAll('[data-tick]')) {
      const { width, height } = box.getBoundingClientRect();
      if (width < 14 || height < 14) out.push(`a box of ${width} by ${height}`);
    }
    return out";

fn fits(fixture: &PictureFixture, name: &str, width: u32) {
    fixture.resize(width);
    fixture.open_with("");
    assert_eq!(fixture.run(OUTSIDE), json!([]), "{name} at {width}, as it opens");
    // The matrix scrolls by itself: each cell can be scrolled into view and pressed.
    fixture.run("byId('matrix').open = true");
    fixture
        .browser
        .wait_for("#matrix [data-row][data-column]")
        .expect("cells");
    let reached = fixture.run(
        "const scroll = document.querySelector('.scroll');
         const cells = [...scroll.querySelectorAll('td [data-row]')];
         return [cells[0], cells.at(-1)].map((cell) => {
           cell.scrollIntoView({ block: 'center', inline: 'center' });
           const [inner, outer] = [cell.getBoundingClientRect(), scroll.getBoundingClientRect()];
           const head = scroll.querySelector('tbody th[scope=row]').getBoundingClientRect();
           const at = document.elementFromPoint(inner.left + inner.width / 2, inner.top + inner.height / 2);
           return [inner.left >= outer.left - 1, inner.right <= outer.right + 1, head.right < outer.right, cell.contains(at)];
         })",
    );
    assert_eq!(
        reached,
        json!([[true, true, true, true], [true, true, true, true]]),
        "{name} at {width}"
    );
    // Selects all boxes at once.
    fixture.run(
        "document.querySelectorAll('[data-tick]').forEach((box, place) => place < 40 && !box.checked && box.click());
         document.querySelector('td [data-row]').click();
         byId('open-all').click();
         [...document.querySelectorAll('[data-operation] > button')].slice(0, 20).forEach((row) => row.click())",
    );
    assert_eq!(
        fixture.run(OUTSIDE),
        json!([]),
        "{name} at {width}, with everything chosen"
    );
}

fn fits_at_both_widths(name: &str, table: OperationTable) {
    let fixture = fixture!(Ok::<_, String>(table));
    for width in [390, 1_280] {
        fits(&fixture, name, width);
    }
    fixture.all_is_quiet();
}

#[test]
fn tables_fit_a_telephone_and_a_desk() {
    fits_at_both_widths("tutorial", tables::tutorial().expect("a table"));
    fits_at_both_widths("shapes", tables::shapes().expect("a table"));
    fits_at_both_widths("hostile", tables::hostile().expect("a table"));
    fits_at_both_widths("large", tables::regular(700, 60).expect("a table"));
}

#[test]
fn documents_fit_a_telephone_and_a_desk() {
    fits_at_both_widths("servers", fixture::table_of(documents::SERVERS).expect("a table"));
    fits_at_both_widths("long names", fixture::table_of(documents::LONG_NAMES).expect("a table"));
    for name in ["slack.json", "google/drive.v3.json"] {
        let Some(document) = fixture::real(name) else { continue };
        let document = std::fs::read_to_string(document).expect("a document");
        fits_at_both_widths(name, fixture::table_of(&document).expect("a table"));
    }
}

#[test]
fn long_names_are_short_and_keep_their_ends() {
    let fixture = fixture!(fixture::table_of(documents::LONG_NAMES));
    let names = "return [...document.querySelectorAll('[data-press] .name')].map((name) => [name.innerText, name.parentElement.title])";
    assert_eq!(
        fixture.run(names),
        json!([
            ["openid", ""],
            ["orders", "https://shop.example/auth/orders: Orders."],
            ["stock", "https://shop.example/auth/stock: Stock."],
            [
                "orders.hist…f.all.customers.readonly",
                "https://shop.example/auth/orders.history.and.details.of.all.customers.readonly: Read old orders."
            ]
        ])
    );
    let rows = fixture.run("return [...document.querySelectorAll('#matrix tbody th')].map((name) => name.innerText)");
    let rows: Vec<String> = serde_json::from_value(rows).expect("names");
    assert!(
        rows.iter().any(|name| name == "stock") && !rows.iter().any(|name| name.contains("https")),
        "{rows:?}"
    );
    let groups =
        fixture.run("return [...document.querySelectorAll('#tree summary .path')].map((name) => name.innerText)");
    assert_eq!(groups, json!(["orders", "stock"]));
    let left_out = fixture.browser.text(".left-out").expect("words");
    assert_eq!(left_out, "Left out: https://shop.example/auth/");
}
