//! The store on both databases: one list of cases, run on SQLite files and on a real PostgreSQL
//! server that this program starts and ends.
//!
//! Each case gets an empty database of its own. `crash` and `faults` start this very program again,
//! as a child that is killed or whose disk is full.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say what they do"
)]

mod artefacts;
mod attempts_told;
mod bench;
mod bounded;
mod changes;
mod claims;
mod clusters;
mod commits;
mod copies;
mod crash;
mod disks;
mod endings;
mod exclusive;
mod facts;
mod faults;
mod fixtures;
mod generated;
mod granted;
mod identity;
mod in_memory;
mod lineage;
mod members;
mod once;
mod postgres;
mod records;
mod registered;
mod released;
mod retention;
mod sealing;
mod sightings;
mod spoken;
mod statuses;
mod timeline;
mod unreadable;
mod work_changes;
mod work_records;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bench::Bench;

type Case = (&'static str, fn(&Bench));

macro_rules! cases {
    ($($module:ident::$name:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($name)), $module::$name)),*]
    };
}

const CASES: &[Case] = cases![
    bounded::old_boots_of_a_card_are_dropped_unless_an_attempt_refers_to_them,
    bounded::who_was_found_and_is_silent_is_forgotten_and_nobody_else,
    records::machines_come_back,
    records::clusters_come_back,
    work_records::work_comes_back,
    work_records::boots_come_back,
    work_records::leases_come_back,
    records::the_rest_comes_back,
    records::what_cannot_be_read_is_named,
    changes::of_two_writers_one_wins,
    changes::a_stale_change_writes_nothing,
    changes::names_and_addresses_belong_to_one,
    work_changes::a_machine_has_one_open_intent_and_attempt,
    work_changes::work_is_opened_counted_and_closed,
    work_changes::what_was_thought_out_before_the_machine_changed_is_not_done,
    work_changes::power_is_not_switched_once_a_config_is_released,
    attempts_told::a_wipe_is_planned_once_and_one_boot_carries_it,
    attempts_told::what_a_node_said_first_stands,
    attempts_told::the_newest_released_attempt_is_found_under_any_intent,
    attempts_told::the_later_step_stands_whatever_the_clock_said,
    attempts_told::the_boots_of_all_are_those_of_each,
    attempts_told::a_boot_that_ran_is_found_behind_any_number_of_discovers,
    once::a_request_is_carried_out_once,
    once::of_the_same_request_twice_at_once_one_is_carried_out,
    changes::bootstrap_is_recorded_once,
    changes::an_operation_stands_until_it_is_withdrawn,
    identity::who_shares_a_card_or_a_board_is_a_candidate,
    identity::evidence_keeps_first_and_last,
    identity::hearing_a_board_does_not_choose_among_those_that_were_told,
    identity::one_read_holds_what_a_boot_needs,
    sightings::a_sighting_becomes_one_machine,
    clusters::a_deleted_cluster_is_gone_and_what_it_did_is_kept,
    clusters::an_endpoint_belongs_to_one_cluster,
    clusters::secrets_are_held_only_while_no_machine_can_have_them,
    registered::a_bmc_belongs_to_one_machine,
    registered::a_bmc_is_the_same_by_another_port,
    registered::what_is_unsaid_is_no_evidence_any_more,
    registered::a_cluster_is_held_at_its_version,
    registered::of_machines_with_one_bmc_the_earliest_keeps_it,
    identity::a_listed_card_is_nobodys_and_a_heard_board_no_authority,
    spoken::who_speaks_for_a_machine_is_kept_and_bounded,
    spoken::when_a_machine_was_switched_on_is_known_until_it_is_off,
    claims::a_claim_is_recorded_once,
    claims::a_claim_needs_what_was_read,
    claims::cancel_or_claim_but_never_both,
    claims::fetches_are_counted,
    artefacts::each_document_of_an_attempt_is_counted_with_its_digest,
    artefacts::what_left_with_other_bytes_does_not_leave_and_counts_no_fetch,
    artefacts::of_a_release_that_is_refused_no_document_is_on_record,
    artefacts::documents_of_the_latest_attempts_are_found_and_go_with_their_attempt,
    commits::a_thousand_leases_at_once,
    commits::an_address_belongs_to_one_client,
    commits::a_lease_moves_renews_expires_and_ends,
    granted::the_rules_hold_whatever_is_in_the_journal,
    granted::more_leases_than_the_journal_takes_stand,
    commits::one_bad_item_fails_alone,
    commits::copies_of_a_boot_add_up,
    commits::what_is_queued_is_written_before_the_end,
    commits::events_without_a_waiter_are_counted_when_dropped,
    commits::an_alarm_stands_in_a_queue_that_is_full_of_steps,
    bounded::what_is_only_heard_of_a_machine_is_bounded,
    timeline::events_come_in_the_order_of_commits,
    timeline::a_machine_keeps_the_steps_of_its_sighting,
    facts::what_is_learned_changes_no_version,
    facts::what_was_only_heard_does_not_replace_what_is_known,
    members::who_may_be_installed_is_a_member_until_its_state_says_no,
    members::a_member_of_another_cluster_moves_when_its_config_is_released,
    members::who_never_got_a_config_moves_with_its_permission,
    released::a_database_of_the_first_release_goes_on,
    released::a_database_from_before_operations_were_records_goes_on,
    released::a_database_of_the_last_release_goes_on,
    statuses::who_watches_misses_no_status,
    statuses::nothing_is_written_of_a_machine_that_another_daemon_took_over,
    retention::old_events_are_dropped_unless_somebody_needs_them,
    retention::of_too_many_events_the_oldest_go,
    retention::old_boots_are_dropped_unless_somebody_needs_them,
    retention::old_requests_are_dropped,
    retention::leases_of_dhcpv6_that_ended_long_ago_are_dropped,
    retention::the_latest_moment_is_that_of_any_record,
    unreadable::a_row_that_cannot_be_read_is_left_out_and_the_rest_goes_on,
    disks::the_disks_of_machines_are_those_of_records_and_of_their_latest_permission,
    claims::a_persons_word_settles_what_was_refused_before,
    endings::a_forgotten_machine_is_nobody_and_its_past_stays,
    endings::what_comes_late_of_a_forgotten_machine_holds_no_card,
    endings::a_replaced_board_is_learned_anew,
    endings::a_uuid_that_is_ignored_identifies_nobody,
    endings::a_board_that_is_accepted_with_an_ignored_uuid_has_none,
    sealing::a_secret_is_put_once,
    sealing::a_secret_moved_to_another_row_does_not_open,
    sealing::one_token_key_for_all,
    sealing::no_secret_is_in_the_files,
    in_memory::what_is_held_is_what_a_fresh_read_gives,
    in_memory::a_boot_is_answered_without_the_database,
    in_memory::what_was_written_elsewhere_is_read_anew_once_it_is_told,
    in_memory::a_machine_that_cannot_be_read_hides_no_other,
    in_memory::who_follows_a_timeline_asks_the_database_only_after_something_happened,
    lineage::the_mark_follows_what_protects_a_disk,
    lineage::an_older_copy_is_told_and_stands_still,
    lineage::another_database_an_empty_and_an_unmarked_one_are_told,
    lineage::a_database_of_an_earlier_release_is_adopted,
    lineage::a_confirmed_database_goes_on_under_a_new_name,
    lineage::what_is_exchanged_while_it_runs_is_noticed_before_anything_is_released,
    lineage::many_changes_at_once_are_followed_by_one_mark,
    lineage::nothing_is_acknowledged_that_the_mark_does_not_follow,
];

fn run(fresh: impl Fn(&str) -> Bench) {
    let mut failed = Vec::new();
    for (name, case) in CASES {
        println!("{name}");
        let bench = fresh(name);
        if catch_unwind(AssertUnwindSafe(|| case(&bench))).is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:?}");
}

#[test]
fn on_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    run(|name| Bench::sqlite(&directory.path().join(name.replace("::", "-"))));
}

#[test]
fn on_postgresql() {
    let server = postgres::Server::start();
    run(|_| Bench::postgres(&server));
}
