//! Attacks on what people are shown of a registry, with the real programs against real registries. Each story insists on the
//! exit code, on what is told, and that nothing changed on the machine that was attacked.
//!
//! What is defended against, and the stories that show it (a test of the tree checks that there are such stories):
//!
//! | # | attack | stories |
//! |---|---|---|
//! | 1 | a mirror swaps bytes | `whatever_a_mirror_swaps_the_origin_has_it`, `whatever_the_only_place_swaps_is_named`, `only_the_part_of_a_pack_that_is_wrong_is_fetched_again`, `a_pack_that_is_cut_short_or_gone_is_named` |
//! | 2 | a mirror forges tiles | `no_set_of_forged_tiles_proves_anything`, `forged_tiles_of_a_mirror_are_made_up_for_by_the_origin` |
//! | 3 | a yank, an advisory, a takedown or a version is hidden | `a_yank_or_a_version_is_not_hidden_by_an_older_page`, `a_yank_is_not_hidden_by_cutting_the_page`, `a_takedown_or_an_advisory_is_not_hidden_by_older_notices_or_none`, `a_row_of_the_state_is_not_dropped` |
//! | 4 | an answer that is empty or of something else | `an_empty_answer_is_none`, `the_page_of_another_package_and_an_empty_one_are_not_this_one`, `lines_behind_what_is_proven_are_not_read`, `the_page_of_a_captive_portal_is_none` |
//! | 5 | an origin in other hands, without the key of its log | `everything_but_the_signed_head_can_be_replaced_and_nothing_is_believed`, `a_head_of_another_log_is_none_whoever_cosigned_it`, `a_page_that_was_changed_in_any_way_is_not_the_one_that_the_head_proves` |
//! | 6 | an origin in other hands, with the key | `a_release_that_no_accepted_key_signed_is_refused_by_mirrors_and_clients`, `the_same_release_under_an_honest_state_changes_nothing_for_anybody`, `a_wrong_state_does_not_stop_a_registry_that_is_put_right` |
//! | 7 | another history | `whoever_saw_one_history_refuses_the_other_and_keeps_the_evidence`, `a_history_that_too_few_cosigned_is_nobodys`, `a_registry_with_mirrors_and_a_witness_survives_its_own_origin` |
//! | 8 | two histories, and witnesses who collude | `people_to_whom_colluding_witnesses_show_two_histories_find_out_by_comparing` |
//! | 9 | a stolen token | `a_stolen_token_alone_publishes_nothing_where_a_key_is_accepted` |
//! | 10 | a stolen key of a publisher | `a_key_that_was_replaced_signs_for_nobody_any_more`, `a_signature_that_is_gone_is_refused` |
//! | 11 | a frozen head | `a_head_that_is_three_days_old_is_told_about`, `nothing_is_resolved_under_a_head_that_is_twenty_days_old`, `one_place_that_is_fresh_is_enough_and_the_other_is_named` |
//! | 12 | an older head | `nobody_who_saw_more_is_taken_back_to_an_older_head`, `an_older_copy_of_everything_takes_nobody_back` |
//! | 13 | parts of two states | `a_newer_page_under_an_older_head_shows_what_the_head_knows`, `a_newer_head_with_everything_else_as_it_was_proves_nothing` |
//! | 14 | bodies without end, or packed | `a_body_without_end_is_cut_off`, `chunks_without_end_are_cut_off`, `nothing_is_unpacked_that_was_not_asked_for`, `a_pack_without_end_leaves_no_file` |
//! | 15 | a place that is slow on purpose | `a_place_that_is_too_slow_is_left_although_it_is_never_still`, `a_small_document_of_a_sole_place_has_an_end`, `whatever_a_mirror_does_with_a_pack_another_goes_on_where_it_stopped` |
//! | 16 | one name in two registries, or after its owner | `a_name_that_one_registry_lacks_is_not_looked_for_in_another`, `each_registry_has_its_own_package_of_a_name`, `a_mirror_of_another_registry_is_none_of_this_one`, `another_registry_in_the_place_of_the_known_one_is_not_it`, `a_namespace_is_never_claimed_again_in_whatever_spelling`, `a_namespace_that_its_origin_gives_away_again_stays_its_owners` |
//! | 17 | too few keys of the root document, or an expired one | `one_key_of_two_is_not_enough_however_often_it_signs`, `one_key_under_two_labels_is_no_document`, `new_keys_alone_cannot_take_over`, `a_version_cannot_be_skipped_or_withheld`, `under_an_expired_document_nothing_new_is_resolved_and_locks_still_work` |
//! | 18 | a backup that was put back | `a_backup_that_was_put_back_is_served_only_under_another_key` |
//! | 19 | text with two meanings | `a_line_with_two_meanings_has_no_effect_and_stands_on_no_page`, `a_head_whose_state_has_two_meanings_is_refused`, `a_registry_that_says_twice_which_one_it_is_is_none`, `what_follows_the_signatures_of_a_root_document_is_not_passed_over` |
//! | 20 | a stolen key of a witness | `a_stolen_witness_key_is_one_voice_however_often_it_speaks` |
//! | 21 | a wrong clock | `cosignatures_from_the_future_do_not_count`, `a_clock_that_is_behind_what_was_verified_before_is_told_so` |
//! | 22 | a place that notes who reads what | `a_lock_that_was_proven_here_is_installed_without_naming_a_package`, `a_resolution_names_only_what_it_meets_and_each_once`, `nothing_is_asked_for_what_is_here` |
//! | 23 | text that is made to break its reader | `no_head_breaks_its_reader`, `no_signed_size_breaks_its_reader`, `no_root_document_breaks_its_reader`, `no_crafted_path_breaks_a_server` |
//! | | a redaction that is none | `a_line_that_is_gone_without_a_redaction_stops_every_mirror`, `a_page_with_a_redacted_line_that_no_redaction_explains_is_refused`, `a_redaction_that_leaves_something_else_is_found_by_who_has_the_line` |
//! | | a takedown that is somebody's word | `what_is_said_to_be_gone_is_not_installed`, `nothing_but_contents_is_ever_taken_down` |
//! | | a file that is missing, or of another type | `what_is_not_served_is_not_taken_for_absent`, `a_mirror_that_lacks_a_file_is_made_up_for_by_the_origin`, `the_type_of_the_content_is_no_matter` |
//! | | anything, to any one file | `whatever_is_done_to_one_file_a_newcomer_gets_the_same_or_nothing`, `whatever_is_done_to_one_file_who_knows_an_older_head_gets_the_same_or_nothing`, `whatever_is_done_to_one_file_a_mirror_serves_the_same_or_nothing` |

mod ambiguous;
mod anything;
mod backup;
mod bodies;
mod forge;
mod forks;
mod freshness;
mod keys;
mod lies;
mod names;
mod origin;
mod pages;
mod paths;
mod quiet;
mod redaction;
mod roots;
mod scenario;
mod stage;
mod swaps;
mod tiles;
