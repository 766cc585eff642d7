/// Memory, as /proc/meminfo has it.
extension LinuxExposition {
    /// The `node_memory_` families; total, free, available and swap are those of the API.
    func writeMemory(into writer: inout ExpositionWriter) {
        let memory = machine.memory
        let used = Double(memory.usedBytes)
        let cache = Double(memory.availableBytes - memory.freeBytes)
        let anonymous = used * 0.9
        let fields: [(name: StaticString, help: StaticString, bytes: Double)] = [
            ("node_memory_MemTotal_bytes", "Memory that the kernel can use.", Double(memory.totalBytes)),
            ("node_memory_MemFree_bytes", "Memory in no use.", Double(memory.freeBytes)),
            ("node_memory_MemAvailable_bytes", "Memory that programs could still get.", Double(memory.availableBytes)),
            ("node_memory_Buffers_bytes", "Cache of block devices.", cache * 0.05),
            ("node_memory_Cached_bytes", "Cache of files.", cache * 0.8),
            ("node_memory_SwapCached_bytes", "Memory that is in swap as well.", 0),
            ("node_memory_Active_bytes", "Memory used not long ago.", anonymous * 0.6 + cache * 0.4),
            ("node_memory_Inactive_bytes", "Memory not used for a while.", anonymous * 0.4 + cache * 0.4),
            ("node_memory_Active_anon_bytes", "Active memory of programs.", anonymous * 0.6),
            ("node_memory_Inactive_anon_bytes", "Inactive memory of programs.", anonymous * 0.4),
            ("node_memory_Active_file_bytes", "Active memory of files.", cache * 0.4),
            ("node_memory_Inactive_file_bytes", "Inactive memory of files.", cache * 0.4),
            ("node_memory_SwapTotal_bytes", "Size of swap.", Double(memory.swapBytes)),
            ("node_memory_SwapFree_bytes", "Swap in no use.", Double(memory.swapBytes - memory.swapUsedBytes)),
            ("node_memory_Dirty_bytes", "Memory that waits to be written.", cache * 0.001),
            ("node_memory_Writeback_bytes", "Memory that is being written.", 0),
            ("node_memory_AnonPages_bytes", "Memory of programs that is mapped.", anonymous),
            ("node_memory_Mapped_bytes", "Files that are mapped.", cache * 0.1),
            ("node_memory_Shmem_bytes", "Shared memory.", used * 0.002),
            ("node_memory_KReclaimable_bytes", "Memory of the kernel that can be given up.", cache * 0.15),
            ("node_memory_Slab_bytes", "Data structures of the kernel.", cache * 0.15 + used * 0.01),
            ("node_memory_SReclaimable_bytes", "Slab that can be given up.", cache * 0.15),
            ("node_memory_SUnreclaim_bytes", "Slab that cannot be given up.", used * 0.01),
            ("node_memory_KernelStack_bytes", "Stacks in the kernel.", used * 0.0005),
            ("node_memory_PageTables_bytes", "Page tables.", used * 0.002),
            ("node_memory_CommitLimit_bytes", "Memory that may be promised.", Double(memory.totalBytes / 2 + memory.swapBytes)),
            ("node_memory_Committed_AS_bytes", "Memory that is promised.", used * 1.2),
            ("node_memory_VmallocTotal_bytes", "Address space of vmalloc.", 35_184_372_087_808),
            ("node_memory_VmallocUsed_bytes", "Address space in use by vmalloc.", used * 0.001),
            ("node_memory_Hugepagesize_bytes", "Size of a huge page.", 2_097_152),
        ]
        for field in fields { writer.single(field.name, .gauge, field.help, Double(Int(field.bytes) & ~0x3FF)) }
        let pages: [(name: StaticString, help: StaticString)] = [
            ("node_memory_HugePages_Total", "Huge pages."), ("node_memory_HugePages_Free", "Huge pages in no use."),
            ("node_memory_HugePages_Rsvd", "Huge pages that are promised."),
            ("node_memory_HugePages_Surp", "Huge pages above their number."),
        ]
        for field in pages { writer.single(field.name, .gauge, field.help, 0) }
    }
}
