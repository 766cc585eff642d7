import LibvirtShim

/// Disks while the domain runs. A disk is named by its target (`vda`) or its source's path.
extension LibvirtDomain {
    /// Makes a disk larger while the domain runs. Smaller is possible too, and destroys what is beyond.
    package func resizeBlock(_ disk: String, bytes: UInt64) throws(LibvirtError) {
        try change(mlt_virt_domain_block_resize(doors, handle, disk, bytes, VIR_DOMAIN_BLOCK_RESIZE_BYTES.rawValue))
    }

    package struct BlockInfo: Sendable, Equatable {
        /// What the guest sees.
        package let capacityBytes: UInt64
        /// What is taken of the host's storage.
        package let allocationBytes: UInt64
        /// The container's own length.
        package let physicalBytes: UInt64
    }

    package func blockInfo(_ disk: String) throws(LibvirtError) -> BlockInfo {
        var info = virDomainBlockInfo()
        try check(mlt_virt_domain_get_block_info(doors, handle, disk, &info, 0))
        return BlockInfo(capacityBytes: info.capacity, allocationBytes: info.allocation, physicalBytes: info.physical)
    }

    package struct CopyOptions: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Only what is not in the image below.
        package static let shallow = CopyOptions(rawValue: VIR_DOMAIN_BLOCK_COPY_SHALLOW.rawValue)
        /// Into a file that is there.
        package static let existing = CopyOptions(rawValue: VIR_DOMAIN_BLOCK_COPY_REUSE_EXT.rawValue)
        /// Also of a persistent domain; it does not live on after a restart of QEMU.
        package static let transient = CopyOptions(rawValue: VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB.rawValue)
    }

    /// Begins to mirror a disk; it goes on until it is aborted, with or without pivoting to the copy.
    ///
    /// - Parameter destination: a `<disk>` with driver and source.
    package func startBlockCopy(_ disk: String, to destination: String, _ options: CopyOptions) throws(LibvirtError) {
        try change(mlt_virt_domain_block_copy(doors, handle, disk, destination, nil, 0, options.rawValue))
    }

    /// Begins to bring what is in the images below into the disk's own.
    package func startBlockPull(_ disk: String) throws(LibvirtError) {
        try change(mlt_virt_domain_block_pull(doors, handle, disk, 0, 0))
    }

    /// Begins to write images into those below them. From the topmost one (`top` nil) it goes on until it is aborted by pivoting.
    package func startBlockCommit(_ disk: String, base: String?, top: String?) throws(LibvirtError) {
        let flags = top == nil ? VIR_DOMAIN_BLOCK_COMMIT_ACTIVE.rawValue : 0
        try change(mlt_virt_domain_block_commit(doors, handle, disk, base, top, 0, flags))
    }

    /// Ends a disk's job. - Parameter pivoting: the domain goes on with the copy, or with the base of a commit.
    package func abortBlockJob(_ disk: String, pivoting: Bool) throws(LibvirtError) {
        try change(mlt_virt_domain_block_job_abort(doors, handle, disk, pivoting ? VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT.rawValue : 0))
    }
}
