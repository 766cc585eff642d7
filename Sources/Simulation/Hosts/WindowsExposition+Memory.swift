/// Memory and the file that it is moved out to.
extension WindowsExposition {
    private var pageFileBytes: Double { Double(guest.memoryBytes / 4) }
    private var pageFileUsedBytes: Double { Double(World.pages(Double(state.reading.memoryBytes) * 0.02)) }

    /// The `windows_memory_` families. What is available is free or holds what was read lately.
    func writeMemory(into writer: inout ExpositionWriter) {
        let total = Double(state.memoryBytes)
        let used = Double(state.reading.memoryBytes)
        let available = Double(state.availableBytes)
        let free = Double(World.pages(available * 0.3))
        let standby = available - free
        // What was ever read and written, in pages.
        let (read, written) = (Double(state.reading.readBytes / 4096), Double(state.reading.writtenBytes / 4096))
        let faults = uptimeSeconds * 300 + work * 4000
        let swapping = state.seconds(of: .swapping)
        let (pagesRead, pagesWritten) = ((read * 0.01 + swapping * 1600).rounded(.down), (written * 0.002 + swapping * 700).rounded(.down))
        let fields: [(name: StaticString, kind: ExpositionWriter.Kind, help: StaticString, value: Double)] = [
            ("windows_memory_available_bytes", .gauge, "Memory that programs could still get.", available),
            ("windows_memory_cache_bytes", .gauge, "Cache of files that is in use.", used * 0.04),
            ("windows_memory_cache_bytes_peak", .gauge, "The most that the cache of files ever was.", total * 0.1),
            ("windows_memory_cache_faults_total", .counter, "Pages that were not in the cache of files.", faults * 0.1),
            ("windows_memory_commit_limit", .gauge, "Memory that may be promised.", total + pageFileBytes),
            ("windows_memory_committed_bytes", .gauge, "Memory that is promised.", used * 1.15),
            ("windows_memory_demand_zero_faults_total", .counter, "Pages that were handed out empty.", faults * 0.6),
            ("windows_memory_free_and_zero_page_list_bytes", .gauge, "Memory in no use.", free),
            ("windows_memory_free_system_page_table_entries", .gauge, "Entries of page tables in no use.", 12_500_000),
            ("windows_memory_modified_page_list_bytes", .gauge, "Memory that waits to be written.", used * 0.01),
            ("windows_memory_page_faults_total", .counter, "Page faults.", faults),
            ("windows_memory_physical_free_bytes", .gauge, "Physical memory that could be used at once.", available),
            ("windows_memory_physical_total_bytes", .gauge, "Physical memory.", total),
            ("windows_memory_pool_nonpaged_allocs_total", .gauge, "Pieces of the pool that stays in memory.", 400_000),
            ("windows_memory_pool_nonpaged_bytes", .gauge, "Size of the pool that stays in memory.", used * 0.05),
            ("windows_memory_pool_paged_allocs_total", .counter, "Pieces of the pool that may be moved out.", 600_000),
            ("windows_memory_pool_paged_bytes", .gauge, "Size of the pool that may be moved out.", used * 0.06),
            ("windows_memory_pool_paged_resident_bytes", .gauge, "What of that pool is in memory.", used * 0.055),
            ("windows_memory_process_memory_limit_bytes", .gauge, "Address space of a process.", 140_737_488_224_256),
            ("windows_memory_standby_cache_core_bytes", .gauge, "Cache that is given up last.", standby * 0.1),
            ("windows_memory_standby_cache_normal_priority_bytes", .gauge, "Cache of ordinary priority.", standby * 0.6),
            ("windows_memory_standby_cache_reserve_bytes", .gauge, "Cache that is given up first.", standby * 0.3),
            ("windows_memory_swap_page_operations_total", .counter, "Pages read and written.", pagesRead + pagesWritten),
            ("windows_memory_swap_page_reads_total", .counter, "Reads of pages.", pagesRead / 8),
            ("windows_memory_swap_page_writes_total", .counter, "Writes of pages.", pagesWritten / 16),
            ("windows_memory_swap_pages_read_total", .counter, "Pages read.", pagesRead),
            ("windows_memory_swap_pages_written_total", .counter, "Pages written.", pagesWritten),
            ("windows_memory_system_cache_resident_bytes", .gauge, "Cache of files that is in memory.", used * 0.04),
            ("windows_memory_system_code_resident_bytes", .gauge, "Code of the system that is in memory.", 8_192_000),
            ("windows_memory_system_code_total_bytes", .gauge, "Code of the system.", 8_192_000),
            ("windows_memory_system_driver_resident_bytes", .gauge, "Drivers that are in memory.", 12_288_000),
            ("windows_memory_system_driver_total_bytes", .gauge, "Drivers.", 20_480_000),
            ("windows_memory_transition_faults_total", .counter, "Pages that were still in memory.", faults * 0.3),
            (
                "windows_memory_transition_pages_repurposed_total", .counter, "Pages of the cache that were used for something else.",
                read * 0.2
            ),
            ("windows_memory_write_copies_total", .counter, "Pages that were copied when somebody wrote.", faults * 0.02),
        ]
        for field in fields { writer.single(field.name, field.kind, field.help, field.value.rounded(.down)) }
    }

    /// The `windows_pagefile_` families.
    func writePageFile(into writer: inout ExpositionWriter) {
        writer.family("windows_pagefile_free_bytes", .gauge, "Bytes of the file in no use.")
        writer.sample(["file": "C:\\pagefile.sys"], pageFileBytes - pageFileUsedBytes)
        writer.family("windows_pagefile_limit_bytes", .gauge, "Size of the file.")
        writer.sample(["file": "C:\\pagefile.sys"], pageFileBytes)
    }
}
