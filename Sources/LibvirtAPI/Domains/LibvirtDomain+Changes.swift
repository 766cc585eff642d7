import LibvirtShim

/// Processors, memory, devices and notes.
extension LibvirtDomain {
    /// Virtual processors in use.
    ///
    /// - Throws: `invalidArgument` or `invalidState` above the maximum; `failed` when a guest keeps the one that shall go.
    package func setVirtualCPUs(_ count: UInt32, _ scope: ChangeScope) throws(LibvirtError) {
        try change(mlt_virt_domain_set_vcpus_flags(doors, handle, count, scope.rawValue))
    }

    /// The most virtual processors that it may have; only for the next start.
    package func setMaximumVirtualCPUs(_ count: UInt32) throws(LibvirtError) {
        let flags = VIR_DOMAIN_VCPU_MAXIMUM.rawValue | ChangeScope.config.rawValue
        try change(mlt_virt_domain_set_vcpus_flags(doors, handle, count, flags))
    }

    package func virtualCPUs(maximum: Bool, _ scope: ChangeScope) throws(LibvirtError) -> Int {
        let flags = (maximum ? VIR_DOMAIN_VCPU_MAXIMUM.rawValue : 0) | scope.rawValue
        let count = mlt_virt_domain_get_vcpus_flags(doors, handle, flags)
        try check(count)
        return Int(count)
    }

    /// The balloon's size. The guest gives memory back when it can, which may be never.
    package func setMemory(kibibytes: UInt, _ scope: ChangeScope) throws(LibvirtError) {
        try change(mlt_virt_domain_set_memory_flags(doors, handle, kibibytes, scope.rawValue))
    }

    /// The most memory that it may have; only for the next start.
    package func setMaximumMemory(kibibytes: UInt) throws(LibvirtError) {
        let flags = VIR_DOMAIN_MEM_MAXIMUM.rawValue | ChangeScope.config.rawValue
        try change(mlt_virt_domain_set_memory_flags(doors, handle, kibibytes, flags))
    }

    /// How often the balloon tells figures of the guest's memory, in seconds; 0 for never.
    package func setMemoryStatsPeriod(seconds: Int32, _ scope: ChangeScope) throws(LibvirtError) {
        try change(mlt_virt_domain_set_memory_stats_period(doors, handle, seconds, scope.rawValue))
    }

    package func attachDevice(_ xml: String, _ scope: ChangeScope) throws(LibvirtError) {
        try change(mlt_virt_domain_attach_device_flags(doors, handle, xml, scope.rawValue))
    }

    /// A running guest may keep the device for a while: it is gone when the description has it no more.
    package func detachDevice(_ xml: String, _ scope: ChangeScope) throws(LibvirtError) {
        try change(mlt_virt_domain_detach_device_flags(doors, handle, xml, scope.rawValue))
    }

    package func updateDevice(_ xml: String, _ scope: ChangeScope) throws(LibvirtError) {
        try change(mlt_virt_domain_update_device_flags(doors, handle, xml, scope.rawValue))
    }

    /// The element that was written into `<metadata>` under a namespace.
    ///
    /// - Throws: `noMetadata` when there is none.
    package func metadata(namespace: String, _ scope: ChangeScope = []) throws(LibvirtError) -> String {
        let kind = Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue)
        return try connection.text(mlt_virt_domain_get_metadata(doors, handle, kind, namespace, scope.rawValue))
    }

    /// Writes one element under a namespace, in the place of what stood there; with nil takes that away.
    ///
    /// - Parameter prefix: what libvirt shall write before the names.
    package func setMetadata(_ xml: String?, prefix: String, namespace: String, _ scope: ChangeScope) throws(LibvirtError) {
        let kind = Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue)
        try change(mlt_virt_domain_set_metadata(doors, handle, kind, xml, prefix, namespace, scope.rawValue))
    }
}
