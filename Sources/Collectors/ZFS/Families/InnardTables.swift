import Metrics

/// What few want: buffers, dbufs, dnodes, reading ahead, mirrors, fault management, zstd, cloned blocks; all of the level `all`.
enum InnardTables {
    static func all(_ catalogue: inout Catalogue) -> [KstatTable] {
        [
            buffers(&catalogue), dbufs(&catalogue), dnodes(&catalogue), prefetch(&catalogue), mirrors(&catalogue), faults(&catalogue),
            zstd(&catalogue), clones(&catalogue),
        ]
    }

    private static func buffers(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "abdstats")
        table.gauge(&catalogue, "zfs_abd_struct_size_bytes", "struct_size", "Memory that the structures of buffers take.", detail: .all)
        let kinds = ["linear", "scatter"]
        table.gauges(
            &catalogue, "zfs_abd_buffers", by: ["kind"], kinds.map { ("\($0)_cnt", [$0]) }, source: "{linear,scatter}_cnt",
            "Buffers in use.",
            detail: .all)
        table.gauges(
            &catalogue, "zfs_abd_data_size_bytes", by: ["kind"], kinds.map { ("\($0)_data_size", [$0]) },
            source: "{linear,scatter}_data_size",
            "Data in buffers.", detail: .all)
        table.gauge(
            &catalogue, "zfs_abd_scatter_chunk_waste_bytes", "scatter_chunk_waste", "Memory lost at the ends of buffers.", detail: .all)
        table.counter(
            &catalogue, "zfs_abd_scatter_page_alloc_retries_total", "scatter_page_alloc_retry",
            "Allocations of pages that had to be tried again.",
            detail: .all)
        return table
    }

    private static func dbufs(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "dbufstats")
        func gauge(_ name: String, _ row: String, _ help: String) {
            table.gauge(&catalogue, "zfs_dbuf_\(name)", row, help, detail: .all)
        }
        gauge("cache_entries", "cache_count", "Dbufs that nobody uses and that are kept in the cache.")
        gauge("cache_size_bytes", "cache_size_bytes", "Size of the dbufs that nobody uses and that are kept.")
        gauge("cache_target_bytes", "cache_target_bytes", "Size that the cache of dbufs that nobody uses may have.")
        gauge(
            "metadata_cache_entries", "metadata_cache_count",
            "Dbufs of metadata that nobody uses and that are kept in a cache of their own.")
        gauge(
            "metadata_cache_size_bytes", "metadata_cache_size_bytes", "Size of the dbufs of metadata that are kept in a cache of their own."
        )
        gauge("hash_elements", "hash_elements", "Dbufs that their hash table holds.")
        func counter(_ name: String, _ row: String, _ help: String) {
            table.counter(&catalogue, "zfs_dbuf_\(name)_total", row, help, detail: .all)
        }
        counter("cache_evictions", "cache_total_evicts", "Dbufs evicted from the cache.")
        counter("hash_hits", "hash_hits", "Searches of the hash table that found their dbuf.")
        counter("hash_misses", "hash_misses", "Searches of the hash table that found no dbuf.")
        counter("hash_collisions", "hash_collisions", "Dbufs that came to a place of the hash table that was taken.")
        counter("metadata_cache_overflows", "metadata_cache_overflow", "Dbufs that found no place in the cache of metadata.")
        return table
    }

    private static func dnodes(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "dnodestats")
        let events = [
            "dnode_hold_dbuf_hold", "dnode_hold_dbuf_read", "dnode_hold_alloc_hits", "dnode_hold_alloc_misses", "dnode_hold_alloc_interior",
            "dnode_hold_alloc_lock_retry", "dnode_hold_alloc_lock_misses", "dnode_hold_alloc_type_none", "dnode_hold_free_hits",
            "dnode_hold_free_misses", "dnode_hold_free_lock_misses", "dnode_hold_free_lock_retry", "dnode_hold_free_overflow",
            "dnode_hold_free_refcount", "dnode_free_interior_lock_retry", "dnode_allocate", "dnode_reallocate", "dnode_buf_evict",
            "dnode_alloc_next_chunk", "dnode_alloc_race", "dnode_alloc_next_block",
        ]
        table.counters(
            &catalogue, "zfs_dnode_events_total", by: ["event"], events.map { ($0, [String($0.dropFirst("dnode_".count))]) },
            source: "dnode_*",
            "What happened to dnodes, by ZFS' own words.", detail: .all)
        return table
    }

    private static func prefetch(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "zfetchstats")
        for (row, name, help) in [
            ("hits", "hits", "Reads that went on a stream."), ("misses", "misses", "Reads that were on no stream."),
            ("future", "future", "Reads a little ahead of a stream."), ("stride", "stride", "Reads that leave gaps in a stream."),
            ("past", "past", "Reads a little behind a stream."),
            ("max_streams", "max_streams", "Streams that were not begun, as there were too many."),
            ("io_issued", "reads", "Reads ahead that were begun."),
        ] {
            table.counter(&catalogue, "zfs_prefetch_\(name)_total", row, help, detail: .all)
        }
        table.gauge(&catalogue, "zfs_prefetch_reads_active", "io_active", "Reads ahead under way.", detail: .all)
        return table
    }

    private static func mirrors(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "vdev_mirror_stats")
        let choices = [
            "rotating_linear", "rotating_offset", "rotating_seek", "non_rotating_linear", "non_rotating_seek", "preferred_found",
            "preferred_not_found",
        ]
        table.counters(
            &catalogue, "zfs_mirror_choices_total", by: ["choice"], choices.map { ($0, [$0]) }, source: "*",
            "Reads of mirrors, by why a side was chosen.", detail: .all)
        return table
    }

    private static func faults(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "fm")
        let events = ["erpt-dropped", "erpt-set-failed", "fmri-set-failed", "payload-set-failed", "erpt-duplicates"]
        table.counters(
            &catalogue, "zfs_fault_reports_lost_total", by: ["reason"],
            events.map { ($0, [$0.replacing("-", with: "_")]) }, source: "*", "Reports of faults that did not reach the event daemon.",
            detail: .all)
        return table
    }

    private static func zstd(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "zstd")
        let errors = [
            "alloc_fail", "compress_alloc_fail", "compress_level_invalid", "compress_failed", "decompress_alloc_fail",
            "decompress_header_invalid", "decompress_level_invalid", "decompress_failed",
        ]
        table.counters(
            &catalogue, "zfs_zstd_errors_total", by: ["error"], errors.map { ($0, [$0]) }, source: "*_fail, *_failed, *_invalid",
            "Compressions and decompressions that failed.", detail: .all)
        table.counter(
            &catalogue, "zfs_zstd_alloc_fallbacks_total", "alloc_fallback", "Times that the memory kept for emergencies was used.",
            detail: .all)
        table.gauge(&catalogue, "zfs_zstd_buffers", "buffers", "Buffers kept for compression.", detail: .all)
        table.gauge(&catalogue, "zfs_zstd_size_bytes", "size", "Memory that the buffers kept for compression take.", detail: .all)
        let decisions = ["lz4pass_allowed", "lz4pass_rejected", "zstdpass_allowed", "zstdpass_rejected", "passignored", "passignored_size"]
        table.counters(
            &catalogue, "zfs_zstd_early_aborts_total", by: ["decision"], decisions.map { ($0, [$0]) }, source: "*pass*",
            "Blocks that were tried with a cheaper compression first, by what came of it.", detail: .all)
        return table
    }

    private static func clones(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "brtstats")
        let events = [
            "addref_entry_in_memory", "addref_entry_not_on_disk", "addref_entry_on_disk", "addref_entry_read_lost_race",
            "decref_entry_in_memory", "decref_entry_loaded_from_disk", "decref_entry_not_in_memory", "decref_entry_not_on_disk",
            "decref_entry_read_lost_race", "decref_entry_still_referenced", "decref_free_data_later", "decref_free_data_now",
            "decref_no_entry",
        ]
        table.counters(
            &catalogue, "zfs_block_clone_events_total", by: ["event"], events.map { ($0, [$0]) }, source: "addref_*, decref_*",
            "References to cloned blocks made and given up, by ZFS' own words (ZFS 2.2 and newer).", detail: .all)
        return table
    }
}
