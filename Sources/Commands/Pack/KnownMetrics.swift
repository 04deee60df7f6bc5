import Counters

/// The metrics that Evenkeel makes: those of hosts and VMs, and those that the server writes of itself.
enum KnownMetrics {
    static let all = Set(Counter.allCases.map(\.rawValue)).union(ofServer)

    /// What the server's own page of metrics has.
    static let ofServer: Set<String> = [
        "evenkeel_build_info", "evenkeel_hosts", "evenkeel_host_clock_skew_seconds", "evenkeel_tips_open",
        "evenkeel_tips_ended_total", "evenkeel_operations_running", "evenkeel_operations_ended_total",
        "evenkeel_migrations_total", "evenkeel_migration_seconds_total", "evenkeel_migration_downtime_seconds_total",
        "evenkeel_migration_sent_bytes_total", "evenkeel_migration_forecasts_total",
        "evenkeel_migration_total_forecasts_held_total", "evenkeel_migration_downtime_forecasts_held_total",
        "evenkeel_rule_group_iterations_total", "evenkeel_rule_group_iterations_missed_total",
        "evenkeel_rule_group_evaluation_failures_total", "evenkeel_rule_group_last_duration_seconds",
        "evenkeel_rule_group_last_evaluation_timestamp_seconds", "evenkeel_rules_failing",
        "evenkeel_round_duration_seconds", "evenkeel_store_series", "evenkeel_store_head_samples",
        "evenkeel_store_block_samples", "evenkeel_store_block_runs", "evenkeel_store_memory_bytes",
        "evenkeel_store_damages", "evenkeel_store_quarantined_files", "evenkeel_store_samples_total",
        "evenkeel_store_requests_total", "evenkeel_store_refused_requests_total", "evenkeel_store_commits_total",
        "evenkeel_store_log_bytes_total", "evenkeel_store_flushes_total", "evenkeel_store_flush_failures_total",
        "evenkeel_store_series_over_limit_total", "evenkeel_store_forgotten_series_total",
        "evenkeel_store_index_compactions_total", "evenkeel_store_deleted_samples_total",
        "evenkeel_store_pages_read_total", "evenkeel_store_files", "evenkeel_store_file_bytes",
        "evenkeel_store_dropped_files_total", "evenkeel_store_merges_total", "evenkeel_store_merged_samples_total",
        "evenkeel_store_day_rollups_total", "evenkeel_store_rollup_buckets_total",
        "evenkeel_store_upkeep_failures_total", "evenkeel_store_damaged_pages_total",
        "evenkeel_export_queue_bytes", "evenkeel_export_queue_batches", "evenkeel_export_lag_seconds",
        "evenkeel_export_sent_samples_total", "evenkeel_export_sent_bytes_total",
        "evenkeel_export_failed_requests_total", "evenkeel_export_refused_samples_total",
        "evenkeel_export_dropped_samples_total", "evenkeel_notifications_waiting",
        "evenkeel_notifications_sent_total", "evenkeel_notifications_failed_total",
        "evenkeel_notifications_refused_total", "evenkeel_notifications_dropped_total",
    ]
}
