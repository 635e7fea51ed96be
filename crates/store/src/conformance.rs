//! The suite that every backend must pass.
//!
//! [`conformance!`](crate::conformance!) in a test file creates a test for every rule. Another test
//! applies the same random operations to the backend and to a [`MemoryStore`](crate::MemoryStore).
//! It compares all results. A backend that keeps its data calls [`random_operations`] and
//! [`random_grants`] with a function that opens the store again.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed case panics"
)]

#[doc(hidden)]
pub mod audit;
mod change;
#[doc(hidden)]
pub mod cleanup;
#[doc(hidden)]
pub mod clients;
#[doc(hidden)]
pub mod code_ends;
#[doc(hidden)]
pub mod codes;
#[doc(hidden)]
pub mod consents;
#[doc(hidden)]
pub mod families;
#[doc(hidden)]
pub mod family_ends;
mod grants_model;
mod grants_operation;
mod model;
#[doc(hidden)]
pub mod names;
#[doc(hidden)]
pub mod news;
mod operation;
#[doc(hidden)]
pub mod order;
#[doc(hidden)]
pub mod races;
mod random;
#[doc(hidden)]
pub mod readiness;
#[doc(hidden)]
pub mod record_races;
#[doc(hidden)]
pub mod sealed_secrets;
#[doc(hidden)]
pub mod sessions;
#[doc(hidden)]
pub mod signing_keys;
#[doc(hidden)]
pub mod users;
mod values;
mod world;

use std::sync::Arc;

use self::values::{hash, runtime, user_id, username};
use scopegate_domain::{Account, User};

pub use grants_model::random_grants;
pub use model::random_operations;

use crate::{Store, StoreError, StoreErrorKind};

/// Makes the tests for a backend.
///
/// The argument is an asynchronous function that makes an empty store. It returns the store and any
/// value that must live as long, such as a folder; `()` if there is none.
///
/// ```
/// use scopegate_store::MemoryStore;
///
/// async fn memory() -> (MemoryStore, ()) {
///     (MemoryStore::new(), ())
/// }
///
/// scopegate_store::conformance!(memory);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($make:expr) => {
        $crate::conformance! { @cases $make, users:
            adding_at_once_succeeds_once
            an_answered_change_is_seen_by_all
            changes_touch_one_user
            id_is_unique
            list_goes_page_by_page
            list_is_in_the_order_of_bytes
            long_list_is_whole
            unknown_user_is_none
            odd_names_are_names
            password_hash_is_compared_and_set
            password_schemes_are_listed_once
            password_schemes_are_bounded
            removed_name_and_id_are_free
            replacing_at_once_succeeds_once
            scope_is_kept_with_its_order
            user_is_kept_whole
        }
        $crate::conformance! { @cases $make, audit:
            a_change_and_its_entries_are_one_write
            a_change_of_no_record_writes_no_entry
            a_filtered_log_goes_page_by_page
            an_entry_is_kept_whole
            an_entry_of_a_taken_id_changes_nothing
            each_change_takes_its_entries_along
            entries_beyond_the_limit_are_deleted
            entries_end_with_their_day
            entries_written_at_once_are_all_kept
        }
        $crate::conformance! { @cases $make, names:
            name_is_unique
            name_is_unique_by_its_canonical_form
            profile_is_set_whole
            profile_keeps_names_unique
        }
        $crate::conformance! { @cases $make, clients:
            change_made_meanwhile_is_not_lost
            changes_touch_one_client
            client_id_is_unique
            client_is_kept_whole
            clients_are_listed_in_the_order_of_bytes
            impossible_client_is_refused
            unknown_client_is_none
            removed_client_id_is_free
            secret_is_added_and_removed
            secrets_added_at_once_are_at_most_two
            updating_at_once_succeeds_once
        }
        $crate::conformance! { @cases $make, signing_keys:
            a_key_id_is_unique
            a_lifetime_is_raised_and_never_lowered
            a_removed_key_takes_no_other_with_it
            keys_are_kept_whole_and_in_order
            empty_key_list_is_valid
            keys_are_replaced_whole_or_not_at_all
            only_the_next_epoch_is_added
            removing_keys_at_once_succeeds_once
            replacing_keys_at_once_succeeds_once
            rewrapping_at_once_succeeds_once
            rewrapping_is_for_all_keys_or_none
            rotating_at_once_makes_one_key
            the_longest_of_lifetimes_at_once_is_kept
        }
        $crate::conformance! { @cases $make, readiness:
            a_rehearsal_changes_nothing
        }
        $crate::conformance! { @cases $make, order:
            no_reader_misses_an_entry
        }
        $crate::conformance! { @cases $make, news:
            a_reader_behind_the_first_entry_reads_everything
            each_change_of_a_record_is_an_entry
            forgotten_places_are_not_given_again
            revocations_are_kept_whole_and_in_order
            revocations_are_kept_at_once
            smaller_rights_and_their_tokens_change_together
            what_covers_no_living_token_is_forgotten
            who_ends_and_their_tokens_end_together
        }
        $crate::conformance! { @cases $make, record_races:
            a_name_is_given_at_once_to_one_user
            adding_clients_at_once_succeeds_once
            removing_a_client_at_once_succeeds_once
            removing_a_secret_at_once_succeeds_once
            removing_a_user_at_once_succeeds_once
            withdrawing_from_a_client_at_once_succeeds_once
        }
        $crate::conformance! { @grants $make }

        #[test]
        fn random_operations() {
            $crate::conformance::random_operations($make, &async |store, _| store);
        }

        #[test]
        fn random_grants() {
            $crate::conformance::random_grants($make, &async |store, _| store);
        }
    };
    (@grants $make:expr) => {
        $crate::conformance! { @cases $make, sessions:
            a_session_is_kept_whole
            a_session_ends_by_idleness_and_age
            a_session_begins_for_an_active_user
            sessions_end_when_the_user_is_disabled
            sessions_end_when_the_user_is_removed
            sessions_end_with_each_right
            ending_a_session_ends_what_depends_on_it
            all_other_sessions_end
            the_oldest_session_gives_way
            a_new_login_takes_over
            a_login_of_another_user_ends_the_session
        }
        $crate::conformance! { @cases $make, codes:
            a_code_is_redeemed_whole_and_once
            each_binding_of_a_code_is_compared
            missing_bindings_must_be_missing_again
            a_replay_with_all_bindings_ends_the_family
            allowing_needs_an_active_session
            a_consent_is_widened_and_never_narrowed
            removed_codes_are_unknown
        }
        $crate::conformance! { @cases $make, code_ends:
            a_code_ends_when_its_user_is_disabled
            a_code_is_refused_for_a_disabled_user
            a_code_ends_when_all_tokens_are_revoked
            a_code_ends_when_its_client_is_revoked
            a_code_ends_when_its_client_is_removed
            a_code_ends_when_its_client_is_another
            a_code_ends_when_the_consent_is_withdrawn
            a_code_ends_with_its_session
        }
        $crate::conformance! { @cases $make, families:
            a_family_moves_with_each_refresh
            a_retry_gets_the_same_token
            reuse_ends_the_family
            a_newer_token_moves_the_row_forward
            a_refused_condition_changes_nothing
            each_binding_of_a_refresh_is_compared
            a_family_ends_by_idleness_and_age
            ending_a_family_revokes_its_tokens
            the_oldest_of_twenty_families_ends
            all_families_end_at_once
        }
        $crate::conformance! { @cases $make, family_ends:
            families_of_disabled_users_stay_ended
            families_of_a_user_end_with_the_revocation
            families_of_removed_users_stay_ended
            families_end_with_the_password
            families_end_when_all_tokens_are_revoked
            families_of_a_revoked_client_end
            families_of_removed_clients_stay_ended
            families_continue_after_other_changes
            families_end_by_the_age_of_sessions
        }
        $crate::conformance! { @cases $make, consents:
            a_withdrawal_ends_all_that_was_granted
            consents_are_listed_with_their_families
            only_present_consents_are_listed
            consents_end_with_user_and_client
        }
        $crate::conformance! { @cases $make, sealed_secrets:
            only_the_next_version_is_added
            keys_and_secrets_are_sealed_again_together
            secrets_are_sealed_again_all_or_none
            adding_a_version_at_once_succeeds_once
        }
        $crate::conformance! { @cases $make, races:
            allowing_at_once_stores_one_code
            redeeming_at_once_succeeds_once
            rotating_at_once_rotates_once
            newer_tokens_at_once_move_the_row_once
            reuse_at_once_ends_the_family_once
            ending_at_once_ends_once
            ending_a_session_at_once_ends_it_once
            withdrawing_at_once_withdraws_once
        }
        $crate::conformance! { @cases $make, cleanup:
            rows_are_kept_until_nothing_needs_them
            old_and_idle_families_are_deleted_later
            a_batch_deletes_a_bounded_number
            idle_families_are_examined_in_parts
        }
    };
    (@cases $make:expr, $module:ident: $($case:ident)*) => {$(
        #[test]
        fn $case() {
            $crate::conformance::check($make, $crate::conformance::$module::$case);
        }
    )*};
}

/// Runs one case on a new store.
#[doc(hidden)]
pub fn check<S: Store + 'static, G>(make: impl AsyncFn() -> (S, G), case: impl AsyncFn(Arc<dyn Store>)) {
    runtime().block_on(async {
        let (store, _guard) = make().await;
        store.ping().await.unwrap();
        case(Arc::new(store)).await;
    });
}

/// A user without a password.
fn account(id: &str, name: &str) -> Account {
    let user = User::new(user_id(id), username(name));
    Account {
        user,
        password_hash: None,
    }
}

fn is_conflict<T>(result: Result<T, StoreError>) -> bool {
    result.is_err_and(|error| error.kind() == StoreErrorKind::Conflict)
}
