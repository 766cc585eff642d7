import Metrics

/// What the kernel counts for a pool as a whole.
enum PoolIOTables {
    static let labels = LabelSchema("pool")

    /// `POOL/iostats`, whose rows differ much between versions.
    static func iostats(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "POOL/iostats", labels: labels)
        let kinds = [("trim", "manual"), ("autotrim", "auto"), ("simple_trim", "simple")]
        let results = ["written", "skipped", "failed"]
        for (unit, name, what) in [("extents", "extents", "Extents"), ("bytes", "bytes", "Bytes")] {
            table.counters(
                &catalogue, "zfs_pool_trim_\(name)_total", by: ["kind", "result"],
                kinds.flatMap { kind in results.map { ("\(kind.0)_\(unit)_\($0)", [kind.1, $0]) } },
                source: "{trim,autotrim,simple_trim}_\(unit)_*", "\(what) told to the disks as unused, by who began it and what came of it."
            )
        }
        for (way, help) in [("arc", "through the ARC"), ("direct", "past the ARC (O_DIRECT)")] {
            for (row, name) in [("read", "read"), ("write", "write")] {
                table.counter(
                    &catalogue, "zfs_pool_\(way)_\(name)s_total", "\(way)_\(row)_count",
                    "\(name == "read" ? "Reads" : "Writes") \(help), ZFS 2.3 and newer.")
                table.counter(
                    &catalogue, "zfs_pool_\(way)_\(name)_bytes_total", "\(way)_\(row)_bytes",
                    "Bytes of \(name)s \(help), ZFS 2.3 and newer.")
            }
        }
        return table
    }

    /// `POOL/io`, which is gone since ZFS 2.0.
    static func io(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "POOL/io", labels: labels)
        func counter(_ name: String, _ row: String, _ help: String, factor: Double = 1) {
            table.counter(&catalogue, "zfs_pool_\(name)_total", row, help + ", before ZFS 2.0.", factor: factor)
        }
        counter("reads", "reads", "Reads of the pool's disks")
        counter("read_bytes", "nread", "Bytes read from the pool's disks")
        counter("writes", "writes", "Writes to the pool's disks")
        counter("written_bytes", "nwritten", "Bytes written to the pool's disks")
        counter("wait_time_seconds", "wtime", "Time in which an operation of the pool waited", factor: 1e-9)
        counter("run_time_seconds", "rtime", "Time in which an operation of the pool was under way", factor: 1e-9)
        table.gauge(&catalogue, "zfs_pool_waiting", "wcnt", "Operations of the pool that wait now, before ZFS 2.0.")
        table.gauge(&catalogue, "zfs_pool_running", "rcnt", "Operations of the pool that are under way now, before ZFS 2.0.")
        return table
    }
}
