import Metrics

/// Transactions of the data management unit, and why they had to wait: the file `dmu_tx`.
enum TransactionTable {
    static func declare(in table: inout KstatTable, _ catalogue: inout Catalogue) {
        func counter(_ name: String, _ row: String, _ help: String, _ detail: Detail = .guest) {
            table.counter(&catalogue, "zfs_dmu_tx_\(name)_total", "dmu_tx_" + row, help, detail: detail)
        }
        counter("assigned", "assigned", "Transactions that found their group.")
        counter("delays", "delay", "Transactions that were delayed, as the pool cannot keep up.")
        counter("errors", "error", "Transactions that failed.")
        counter("suspended", "suspended", "Transactions that met a suspended pool.")
        counter("group_waits", "group", "Transactions that waited for a group.", .all)
        counter("memory_reserve_waits", "memory_reserve", "Transactions that waited for memory to be reserved.", .all)
        counter("memory_reclaim_waits", "memory_reclaim", "Transactions that waited for memory to be given back.", .all)
        counter("dirty_throttles", "dirty_throttle", "Transactions that waited, as there was too much to be written.")
        counter("dirty_delays", "dirty_delay", "Transactions that were slowed down, as there was much to be written.")
        counter("dirty_over_max", "dirty_over_max", "Transactions that found more to be written than zfs_dirty_data_max allows.")
        counter("dirty_frees_delays", "dirty_frees_delay", "Deletions that were slowed down.")
        counter("write_log_delays", "wrlog_delay", "Transactions that were slowed down by the intent log.")
        counter("quota_waits", "quota", "Transactions that met a quota.")
    }
}
