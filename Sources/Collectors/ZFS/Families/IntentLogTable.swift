import Metrics

/// The ZFS intent log, which takes synchronous writes: rows of the file `zil`, and of each dataset's file since ZFS 2.2.
enum IntentLogTable {
    /// - Parameter prefix: `zfs_zil` or `zfs_objset_zil`.
    /// - Parameter detail: the level of what most want to know; the rest is of the level `all`.
    static func declare(in table: inout KstatTable, _ catalogue: inout Catalogue, prefix: String, of whom: String, detail: Detail) {
        func counter(_ name: String, _ row: String, _ help: String, _ detail: Detail) {
            table.counter(&catalogue, "\(prefix)_\(name)_total", row, help + whom + ".", detail: detail)
        }
        counter("commits", "zil_commit_count", "Requests to make writes safe (fsync, O_SYNC, a flush)", detail)
        counter(
            "commit_writers", "zil_commit_writer_count", "Rounds of writing to the intent log that answered requests to make writes safe",
            detail)
        table.counters(
            &catalogue, "\(prefix)_commit_fallbacks_total", by: ["reason"],
            ["error", "stall", "suspend", "crash"].map { ("zil_commit_\($0)_count", [$0]) },
            source: "zil_commit_{error,stall,suspend,crash}_count",
            "Requests to make writes safe that had to wait for the whole transaction group instead\(whom).", detail: detail)
        counter("transactions", "zil_itx_count", "Transactions given to the intent log", detail)
        let ways = ["indirect", "copied", "needcopy"]
        table.counters(
            &catalogue, "\(prefix)_transactions_by_way_total", by: ["way"], ways.map { ("zil_itx_\($0)_count", [$0]) },
            source: "zil_itx_{indirect,copied,needcopy}_count", "Writes given to the intent log, by how their data gets there\(whom).",
            detail: .all)
        table.counters(
            &catalogue, "\(prefix)_transaction_bytes_total", by: ["way"], ways.map { ("zil_itx_\($0)_bytes", [$0]) },
            source: "zil_itx_{indirect,copied,needcopy}_bytes", "Bytes of writes given to the intent log, by how they get there\(whom).",
            detail: detail)
        let devices = [("normal", "pool"), ("slog", "log")]
        table.counters(
            &catalogue, "\(prefix)_device_transactions_total", by: ["device"],
            devices.map { ("zil_itx_metaslab_\($0.0)_count", [$0.1]) }, source: "zil_itx_metaslab_{normal,slog}_count",
            "Transactions written to the intent log, by where it is: among the pool's disks or on log devices\(whom).", detail: detail)
        table.counters(
            &catalogue, "\(prefix)_device_bytes_total", by: ["device"],
            devices.map { ("zil_itx_metaslab_\($0.0)_bytes", [$0.1]) }, source: "zil_itx_metaslab_{normal,slog}_bytes",
            "Bytes of transactions written to the intent log, by where it is\(whom).", detail: detail)
        table.counters(
            &catalogue, "\(prefix)_device_written_bytes_total", by: ["device"],
            devices.map { ("zil_itx_metaslab_\($0.0)_write", [$0.1]) }, source: "zil_itx_metaslab_{normal,slog}_write",
            "Bytes written to the intent log with headers and padding, by where it is\(whom).", detail: .all)
        table.counters(
            &catalogue, "\(prefix)_device_allocated_bytes_total", by: ["device"],
            devices.map { ("zil_itx_metaslab_\($0.0)_alloc", [$0.1]) }, source: "zil_itx_metaslab_{normal,slog}_alloc",
            "Bytes allocated for the intent log, by where it is\(whom).", detail: .all)
    }
}
