import Metrics

/// The adaptive replacement cache, which holds in memory what is read often or was read lately.
enum ARCTable {
    static let kinds = ["demand_data", "demand_metadata", "prefetch_data", "prefetch_metadata"]
    static let lists = ["anon", "mru", "mru_ghost", "mfu", "mfu_ghost", "uncached"]

    static func declare(in table: inout KstatTable, _ catalogue: inout Catalogue) {
        declareSizes(&table, &catalogue)
        declareReads(&table, &catalogue)
        declareLists(&table, &catalogue)
        declarePressure(&table, &catalogue)
        declareInnards(&table, &catalogue)
    }

    private static func declareSizes(_ table: inout KstatTable, _ catalogue: inout Catalogue) {
        func bytes(_ name: String, _ row: String, _ help: String, _ detail: Detail = .guest) {
            table.gauge(&catalogue, "zfs_arc_\(name)_bytes", row, help, detail: detail)
        }
        bytes("size", "size", "Memory that the ARC takes, its headers and the caches on top of it included.")
        bytes("target_size", "c", "Size that the ARC strives for now.")
        bytes("min_size", "c_min", "Size below which the ARC is not pushed (zfs_arc_min).")
        bytes("max_size", "c_max", "Size that the ARC does not grow past (zfs_arc_max).")
        bytes("compressed_size", "compressed_size", "Data in the ARC, as it lies there.")
        bytes("uncompressed_size", "uncompressed_size", "Data in the ARC without its compression.")
        bytes("overhead_size", "overhead_size", "Buffers in use beside the data that they were made from.")
        bytes("header_size", "hdr_size", "Headers of what is in the ARC.")
        bytes("data_size", "data_size", "Contents of files and volumes in the ARC.")
        bytes("metadata_size", "metadata_size", "Metadata in the ARC.")
        bytes("dbuf_size", "dbuf_size", "Structures of dbufs, which stand between the ARC and its users.")
        bytes("dnode_size", "dnode_size", "Structures of dnodes, one for each object in use.")
        bytes("bonus_size", "bonus_size", "Bonus buffers of dnodes.")
        bytes("mru_target_size", "p", "Size that the list of what was used lately strives for, before ZFS 2.2.", .all)
        bytes("metadata_used", "arc_meta_used", "Metadata in the ARC with everything that counts as such.")
        bytes("metadata_limit", "arc_meta_limit", "Most metadata that the ARC holds, before ZFS 2.2.")
        bytes("dnode_limit", "arc_dnode_limit", "Most that dnodes may take before they are pruned.")
        bytes("raw_size", "arc_raw_size", "Encrypted data in the ARC.", .all)
        bytes("chunk_waste_size", "abd_chunk_waste_size", "Memory of the ARC that is lost at the ends of buffers.", .all)
    }

    private static func declareReads(_ table: inout KstatTable, _ catalogue: inout Catalogue) {
        for (word, row, what) in [
            ("hits", "hits", "that the ARC answered"), ("iohits", "iohits", "that found the data on its way from disk (ZFS 2.2 and newer)"),
            ("misses", "misses", "that had to go to disk or to the L2ARC"),
        ] {
            table.counter(&catalogue, "zfs_arc_\(word)_total", row, "Reads \(what).")
            table.counters(
                &catalogue, "zfs_arc_\(word)_by_kind_total", by: ["kind"], kinds.map { ("\($0)_\(row)", [$0]) },
                source: "{demand,prefetch}_{data,metadata}_\(row)", "Reads \(what), by who asked and for what.")
        }
        table.counters(
            &catalogue, "zfs_arc_list_hits_total", by: ["list"],
            ["mru", "mru_ghost", "mfu", "mfu_ghost", "uncached"].map { ("\($0)_hits", [$0]) }, source: "*_hits",
            "Reads that a list answered, or would have answered if the ARC were larger (ghosts).")
        table.counters(
            &catalogue, "zfs_arc_prefetches_total", by: ["kind"],
            [("predictive_prefetch", ["predictive"]), ("prescient_prefetch", ["prescient"])], source: "*_prefetch",
            "Reads ahead into the ARC.",
            detail: .all)
        table.counters(
            &catalogue, "zfs_arc_prefetch_hits_total", by: ["kind"],
            [("demand_hit_predictive_prefetch", ["predictive"]), ("demand_hit_prescient_prefetch", ["prescient"])],
            source: "demand_hit_*_prefetch", "Reads that found what was read ahead.", detail: .all)
        table.counters(
            &catalogue, "zfs_arc_prefetch_iohits_total", by: ["kind"],
            [("demand_iohit_predictive_prefetch", ["predictive"]), ("demand_iohit_prescient_prefetch", ["prescient"])],
            source: "demand_iohit_*_prefetch", "Reads that found what is being read ahead.", detail: .all)
    }

    private static func declareLists(_ table: inout KstatTable, _ catalogue: inout Catalogue) {
        table.gauges(
            &catalogue, "zfs_arc_list_size_bytes", by: ["list"], lists.map { ("\($0)_size", [$0]) }, source: "*_size",
            "Size of a list: anonymous, used lately (mru), used often (mfu), not to be kept (uncached); of a ghost, what it remembers and does not hold."
        )
        let contents = ["data", "metadata"]
        table.gauges(
            &catalogue, "zfs_arc_list_content_bytes", by: ["list", "content"],
            lists.flatMap { list in contents.map { ("\(list)_\($0)", [list, $0]) } }, source: "*_{data,metadata}",
            "Size of a list's data and metadata (ZFS 2.2 and newer).", detail: .all)
        table.gauges(
            &catalogue, "zfs_arc_list_evictable_bytes", by: ["list", "content"],
            lists.flatMap { list in contents.map { ("\(list)_evictable_\($0)", [list, $0]) } }, source: "*_evictable_{data,metadata}",
            "Size of a list's data and metadata that could be evicted at once.", detail: .all)
    }

    private static func declarePressure(_ table: inout KstatTable, _ catalogue: inout Catalogue) {
        table.gauge(&catalogue, "zfs_arc_no_grow", "arc_no_grow", "1 if the ARC may not grow now, as memory is short.")
        table.gauge(&catalogue, "zfs_arc_need_free_bytes", "arc_need_free", "Memory that the ARC is asked to give back and has not yet.")
        table.gauge(&catalogue, "zfs_arc_sys_free_bytes", "arc_sys_free", "Memory that the ARC leaves free for others (zfs_arc_sys_free).")
        table.gauge(&catalogue, "zfs_arc_memory_all_bytes", "memory_all_bytes", "Memory of the machine, as the ARC counts it.")
        table.gauge(&catalogue, "zfs_arc_memory_free_bytes", "memory_free_bytes", "Free memory of the machine, as the ARC counts it.")
        table.gauge(
            &catalogue, "zfs_arc_memory_available_bytes", "memory_available_bytes",
            "Memory that the ARC could still take; below 0, what it has to give back.")
        table.gauge(
            &catalogue, "zfs_arc_reserved_bytes", "arc_tempreserve", "Memory of the ARC that is reserved for writes under way.",
            detail: .all)
        table.gauge(
            &catalogue, "zfs_arc_loaned_bytes", "arc_loaned_bytes",
            "Memory of the ARC that is lent to callers who fill buffers themselves.", detail: .all)
        func counter(_ name: String, _ row: String, _ help: String, _ detail: Detail = .guest) {
            table.counter(&catalogue, "zfs_arc_\(name)_total", row, help, detail: detail)
        }
        counter("memory_throttles", "memory_throttle_count", "Writes that had to wait, as memory was short.")
        counter("memory_direct_reclaims", "memory_direct_count", "Times that a program short of memory made the ARC give some back.")
        counter("memory_indirect_reclaims", "memory_indirect_count", "Times that the kernel's own thread made the ARC give some back.")
        counter("prunes", "arc_prune", "Times that the ARC asked file systems to let go of metadata.")
        counter("deleted", "deleted", "Buffers taken out of the ARC.")
        table.counters(
            &catalogue, "zfs_arc_evicted_bytes_total", by: ["l2"],
            [("evict_l2_cached", ["cached"]), ("evict_l2_eligible", ["eligible"]), ("evict_l2_ineligible", ["ineligible"])],
            source: "evict_l2_{cached,eligible,ineligible}",
            "Bytes evicted from the ARC, by whether the L2ARC had it, could have had it, or is not meant for it.")
        table.counters(
            &catalogue, "zfs_arc_evicted_eligible_bytes_total", by: ["list"],
            [("evict_l2_eligible_mru", ["mru"]), ("evict_l2_eligible_mfu", ["mfu"])], source: "evict_l2_eligible_{mru,mfu}",
            "Bytes evicted from the ARC that could have been in the L2ARC, by list.", detail: .all)
        counter("evict_not_enough", "evict_not_enough", "Evictions from the ARC that found less than was asked for.")
        counter("evict_skips", "evict_skip", "Buffers that could not be evicted, as they were in use.", .all)
        counter("evict_l2_skips", "evict_l2_skip", "Buffers that were not evicted, as they were on their way to the L2ARC.", .all)
        counter("mutex_misses", "mutex_miss", "Buffers that were not evicted, as somebody held their lock.", .all)
        counter("access_skips", "access_skip", "Accesses that were not noted, as somebody held the lock.", .all)
    }

    private static func declareInnards(_ table: inout KstatTable, _ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ row: String, _ help: String) {
            table.gauge(&catalogue, "zfs_arc_\(name)", row, help, detail: .all)
        }
        gauge("hash_elements", "hash_elements", "Buffers that the hash table of the ARC holds.")
        gauge("hash_elements_max", "hash_elements_max", "Most buffers that the hash table of the ARC has held.")
        gauge("hash_chains", "hash_chains", "Places of the hash table with more than one buffer.")
        gauge("hash_chain_max", "hash_chain_max", "Most buffers at one place of the hash table.")
        func counter(_ name: String, _ row: String, _ help: String) {
            table.counter(&catalogue, "zfs_arc_\(name)_total", row, help, detail: .all)
        }
        counter("hash_collisions", "hash_collisions", "Buffers that came to a place of the hash table that was taken.")
        counter("async_upgrades", "async_upgrade_sync", "Reads that waited for one that had begun without haste.")
        counter("cached_only_in_progress", "cached_only_in_progress", "Reads of what is cached that found it still on its way.")
    }
}
