"""The questions put to the printed numbers, in the order of the paper.

A check is a function from a `Book` to a `Result`. The first line of its docstring says what must
hold, in the project's words; its name is its id.
"""

from __future__ import annotations

from collections.abc import Callable

from pruneproof.integration.audit.book import Book
from pruneproof.integration.audit.checks import (
    arithmetic,
    captions,
    norms,
    refinement,
    repeated,
    sensitivity,
    stochastic,
)
from pruneproof.integration.audit.finding import Result

Check = Callable[[Book], Result]

CHECKS: tuple[Check, ...] = (
    repeated.cells_of_one_setting_agree,
    captions.tables_cover_the_four_models,
    # Section 4.1, Table 2
    arithmetic.deltas_of_table_2,
    arithmetic.sum_of_the_printed_deltas,
    arithmetic.sum_of_the_cells,
    stochastic.stochria_is_better_than_ria,
    captions.default_ratio_is_used,
    captions.tau_counts_samples,
    # Section 4.2, Tables 3 and 4
    sensitivity.column_sums_are_better_than_row_sums,
    sensitivity.both_sums_are_better_than_one,
    sensitivity.activations_help,
    sensitivity.square_root_is_the_best_power,
    sensitivity.square_root_is_better_at_60,
    sensitivity.ria_is_better_than_wanda,
    sensitivity.wanda_is_most_sensitive_to_sparsity,
    sensitivity.stochria_is_better_on_llama3_and_opt,
    sensitivity.stochria_is_worse_on_llama2,
    stochastic.noise_is_heavy_on_llama3_and_opt,
    captions.deviations_stand_in_table_1,
    repeated.means_of_other_trials_differ,
    repeated.alpha_explains_tables_4_and_5,
    # Section 4.3, Tables 5 and 6
    refinement.r2_dsnot_is_better_than_no_refinement,
    refinement.r2_dsnot_is_better_than_dsnot,
    arithmetic.reductions_of_magnitude,
    arithmetic.means_of_table_6,
    captions.table_6_holds_llama2,
    refinement.r2_dsnot_is_better_on_each_task,
    refinement.r2_dsnot_is_better_on_the_mean,
    # Appendices C.2 and C.3, Tables 7 and 8
    captions.table_7_holds_the_stated_norms,
    norms.p_1_is_the_best_norm,
    norms.higher_p_is_worse,
    norms.zero_and_infinity_are_not_promising,
    repeated.counting_norm_is_wanda,
    norms.s1_is_the_best_strategy,
    # Appendix C.4, Table 9
    arithmetic.deltas_of_table_9,
    arithmetic.highlights_of_table_9,
    repeated.sampling_everything_is_ria,
    captions.sampling_ratios_are_below_1,
    stochastic.ratios_from_0_05_are_robust,
    stochastic.ratios_from_0_05_keep_up_with_ria,
    stochastic.fewer_samples_are_sometimes_better,
    stochastic.ratio_0_01_drops_significantly,
    # Appendix C.5, Table 10
    repeated.best_of_table_10_is_in_table_5,
    captions.rows_of_table_10_differ_from_the_best,
    captions.table_10_stays_in_the_searched_values,
    refinement.the_best_settings_are_best,
    refinement.p_2_is_best,
    refinement.penalties_change_nothing,
    refinement.either_phase_helps,
    refinement.both_phases_hurt,
    arithmetic.effects_of_reweighting,
    refinement.gamma_matters_less_than_reweighting,
    refinement.both_penalties_are_varied,
)
