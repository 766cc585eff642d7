import Metrics

/// The second level of the cache, on devices: rows of arcstats too.
enum L2ARCTable {
    static func declare(in table: inout KstatTable, _ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ row: String, _ help: String, _ detail: Detail = .guest) {
            table.gauge(&catalogue, "zfs_l2arc_\(name)", row, help, detail: detail)
        }
        func counter(_ name: String, _ row: String, _ help: String, _ detail: Detail = .guest) {
            table.counter(&catalogue, "zfs_l2arc_\(name)_total", row, help, detail: detail)
        }
        gauge("devices", "l2_ndev", "Cache devices in use; only the newest ZFS tells.")
        gauge("size_bytes", "l2_size", "Data in the L2ARC without its compression.")
        gauge("allocated_size_bytes", "l2_asize", "Data in the L2ARC, as it lies on the devices.")
        gauge("header_size_bytes", "l2_hdr_size", "Memory that headers of what is in the L2ARC take from the ARC.")
        counter("hits", "l2_hits", "Reads that the L2ARC answered.")
        counter("misses", "l2_misses", "Reads that the L2ARC could not answer.")
        counter("read_bytes", "l2_read_bytes", "Bytes read from cache devices.")
        counter("write_bytes", "l2_write_bytes", "Bytes written to cache devices.")
        counter("writes_sent", "l2_writes_sent", "Writes to cache devices that were begun.")
        counter("writes_done", "l2_writes_done", "Writes to cache devices that ended, well or not.")
        counter("writes_errors", "l2_writes_error", "Writes to cache devices that failed.")
        counter("checksum_errors", "l2_cksum_bad", "Reads from cache devices whose checksum was wrong; the pool's disks were read instead.")
        counter("io_errors", "l2_io_error", "Reads from cache devices that failed; the pool's disks were read instead.")
        counter("feeds", "l2_feeds", "Times that the feeding thread looked for what to write.", .all)
        counter("read_write_clashes", "l2_rw_clash", "Reads from cache devices that had to wait for a write.", .all)
        counter("writes_lock_retries", "l2_writes_lock_retry", "Buffers that were not written, as somebody held their lock.", .all)
        counter("free_on_writes", "l2_free_on_write", "Buffers freed while they were written.", .all)
        counter("abort_low_memory", "l2_abort_lowmem", "Feedings that were left out, as memory was short.", .all)
        counter("evict_lock_retries", "l2_evict_lock_retry", "Evictions that tried again, as somebody held the lock.")
        counter("evict_readings", "l2_evict_reading", "Evictions that waited for a read.")
        counter("evict_cached", "l2_evict_l1cached", "Buffers evicted from the L2ARC that are in the ARC.")
        table.gauges(
            &catalogue, "zfs_l2arc_content_bytes", by: ["content"],
            [("l2_bufc_data_asize", ["data"]), ("l2_bufc_metadata_asize", ["metadata"])], source: "l2_bufc_*_asize",
            "Data and metadata in the L2ARC, as they lie on the devices.", detail: .all)
        table.gauges(
            &catalogue, "zfs_l2arc_list_bytes", by: ["list"],
            [("l2_prefetch_asize", ["prefetch"]), ("l2_mru_asize", ["mru"]), ("l2_mfu_asize", ["mfu"])],
            source: "l2_{prefetch,mru,mfu}_asize",
            "Data in the L2ARC, as it lies on the devices, by the list that it came from.", detail: .all)
        gauge("log_blocks", "l2_log_blk_count", "Log blocks on the devices, by which the L2ARC survives a restart.", .all)
        gauge("log_block_size_bytes", "l2_log_blk_asize", "Space that log blocks of the L2ARC take on the devices.", .all)
        counter("log_block_writes", "l2_log_blk_writes", "Log blocks of the L2ARC written.", .all)
        declareRebuild(&table, &catalogue)
    }

    private static func declareRebuild(_ table: inout KstatTable, _ catalogue: inout Catalogue) {
        table.counter(
            &catalogue, "zfs_l2arc_rebuild_successes_total", "l2_rebuild_success",
            "Cache devices whose content was found again after a restart.")
        table.counters(
            &catalogue, "zfs_l2arc_rebuild_failures_total", by: ["reason"],
            [
                ("l2_rebuild_unsupported", ["unsupported"]), ("l2_rebuild_io_errors", ["io"]), ("l2_rebuild_dh_errors", ["device_header"]),
                ("l2_rebuild_cksum_lb_errors", ["checksum"]), ("l2_rebuild_lowmem", ["low_memory"]),
            ], source: "l2_rebuild_{unsupported,io_errors,dh_errors,cksum_lb_errors,lowmem}",
            "Cache devices whose content was not found again, or not wholly.")
        func counter(_ name: String, _ row: String, _ help: String) {
            table.counter(&catalogue, "zfs_l2arc_rebuild_\(name)_total", row, help, detail: .all)
        }
        counter("buffers", "l2_rebuild_bufs", "Buffers of the L2ARC found again after a restart.")
        counter(
            "buffers_precached", "l2_rebuild_bufs_precached", "Buffers of the L2ARC found again after a restart that the ARC had already.")
        counter("log_blocks", "l2_rebuild_log_blks", "Log blocks read to find the content of the L2ARC again after a restart.")
        counter("size_bytes", "l2_rebuild_size", "Data of the L2ARC found again after a restart, without its compression.")
        counter("allocated_size_bytes", "l2_rebuild_asize", "Data of the L2ARC found again after a restart, as it lies on the devices.")
    }
}
