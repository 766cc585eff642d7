import LibvirtShim

extension LibvirtConnection {
    /// Defines a domain, or another description of one that is there. The description is checked against libvirt's schema first.
    ///
    /// - Throws: `invalidArgument` for what is no description, `alreadyExists` (or `failed`, of older daemons) for a name with another UUID.
    package func defineDomain(_ xml: String) throws(LibvirtError) -> LibvirtDomain {
        try checkWanted()
        return try domain(mlt_virt_domain_define_xml_flags(library.doors, handle, xml, VIR_DOMAIN_DEFINE_VALIDATE.rawValue))
    }
}

/// Beginning and end of a domain, and of its runs.
extension LibvirtDomain {
    package struct StartOptions: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let paused = StartOptions(rawValue: VIR_DOMAIN_START_PAUSED.rawValue)
        /// Without the memory that was saved when it was stopped.
        package static let freshBoot = StartOptions(rawValue: VIR_DOMAIN_START_FORCE_BOOT.rawValue)
    }

    /// Starts it. - Throws: `invalidState` when it runs.
    package func start(_ options: StartOptions = []) throws(LibvirtError) {
        try change(mlt_virt_domain_create_with_flags(doors, handle, options.rawValue))
    }

    /// How a guest is asked to end; without any libvirt chooses, which may wait for the agent.
    package struct Asking: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let acpi = Asking(rawValue: VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN.rawValue)
        package static let agent = Asking(rawValue: VIR_DOMAIN_SHUTDOWN_GUEST_AGENT.rawValue)
    }

    /// Asks the guest to end, and does not wait until it has.
    package func shutDown(_ asking: Asking = []) throws(LibvirtError) {
        try change(mlt_virt_domain_shutdown_flags(doors, handle, asking.rawValue))
    }

    /// Asks the guest to start over, and does not wait until it has.
    package func reboot(_ asking: Asking = []) throws(LibvirtError) { try change(mlt_virt_domain_reboot(doors, handle, asking.rawValue)) }

    /// Starts over at once, as by the button.
    package func reset() throws(LibvirtError) { try change(mlt_virt_domain_reset(doors, handle, 0)) }

    /// Ends it at once, as when the plug is pulled.
    ///
    /// - Parameter gracefully: QEMU is asked to end and to write out what it holds, and not killed; `failed` when it does not within about 15 seconds.
    package func destroy(gracefully: Bool) throws(LibvirtError) {
        let flags = gracefully ? VIR_DOMAIN_DESTROY_GRACEFUL : VIR_DOMAIN_DESTROY_DEFAULT
        try change(mlt_virt_domain_destroy_flags(doors, handle, flags.rawValue))
    }

    package func suspend() throws(LibvirtError) { try change(mlt_virt_domain_suspend(doors, handle)) }

    package func resume() throws(LibvirtError) { try change(mlt_virt_domain_resume(doors, handle)) }

    package struct UndefineOptions: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let managedSave = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_MANAGED_SAVE.rawValue)
        package static let snapshotsMetadata = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA.rawValue)
        package static let checkpointsMetadata = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA.rawValue)
        package static let nvram = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_NVRAM.rawValue)
        package static let tpm = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_TPM.rawValue)
    }

    /// Makes libvirt forget it. One that runs goes on, until it is stopped. Its disks stay.
    package func undefine(_ options: UndefineOptions = []) throws(LibvirtError) {
        try change(mlt_virt_domain_undefine_flags(doors, handle, options.rawValue))
    }

    /// Whether it is started with the host.
    package func setAutostart(_ isAutostarted: Bool) throws(LibvirtError) {
        try change(mlt_virt_domain_set_autostart(doors, handle, isAutostarted ? 1 : 0))
    }

    package func hasManagedSave() throws(LibvirtError) -> Bool { try truth(mlt_virt_domain_has_managed_save_image(doors, handle, 0)) }

    var doors: OpaquePointer { connection.library.doors }

    func check(_ answer: Int32) throws(LibvirtError) { try connection.check(answer) }

    func change(_ call: @autoclosure () -> Int32) throws(LibvirtError) { try connection.change(call()) }
}
