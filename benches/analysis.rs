//! Questions about a policy of the size of Microsoft Graph's, and reading it into a table.

use criterion::{Criterion, criterion_group, criterion_main};
use scopegate_analysis::{diff, infer_implications, lint, operations_for};
use scopegate_benches::{LargeInterface, Limit, Race, permissions_file};
use scopegate_openapi::import;
use scopegate_policy::{AssumedCredentials, Locator};

fn whole_policies(criterion: &mut Criterion) {
    let large = LargeInterface::new();
    let (table, other) = (large.table(), large.table_with_another_scope());
    let file = permissions_file();
    let grant = AssumedCredentials::of_scopes(&table, large.some_scopes());
    Race::new("11,215 operations, 1,496 scopes, 1,692 guards")
        .lane_within("build the table", Limit::Nanoseconds(60e6), || large.table())
        .lane_within("read a file of permissions", Limit::Nanoseconds(100e6), || {
            import::read(file.as_bytes())
        })
        .lane_within("operations of a grant", Limit::Nanoseconds(2e6), || {
            operations_for(&table, &grant).len()
        })
        .lane_within("diff of a table with itself", Limit::Nanoseconds(10e6), || {
            diff(&table, &table).map(|changes| changes.len())
        })
        .lane_within(
            "diff where one scope and one edge came in",
            Limit::Nanoseconds(10e6),
            || diff(&table, &other).map(|changes| changes.len()),
        )
        .lane("lint", || lint(&table, &[]).len())
        .lane("mine", || infer_implications(&table).len())
        .lane("a locator", || Locator::new(&table))
        .run(criterion);
}

criterion_group! { name = benches; config = scopegate_benches::criterion(); targets = whole_policies }
criterion_main!(benches);
