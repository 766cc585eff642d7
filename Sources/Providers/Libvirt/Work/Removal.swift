import LibvirtAPI

/// Taking a domain away. Blocks.
enum Removal {
    /// Stops it, without asking the guest, and makes libvirt forget it with everything that it keeps of it. Volumes stay.
    static func remove(_ domain: LibvirtDomain) throws(LibvirtError) {
        do throws(LibvirtError) {
            if try domain.isActive() { try stop(domain) }
            // One that was not persistent is gone by now.
            try undefine(domain)
        } catch  where error.kind == .noDomain {
            return
        }
    }

    /// What a guest holds that is to be gone need not be written out; one whose QEMU hangs is killed all the same.
    private static func stop(_ domain: LibvirtDomain) throws(LibvirtError) {
        do throws(LibvirtError) {
            try domain.destroy(gracefully: false)
        } catch  where error.kind == .invalidState {
            // It ended by itself.
        }
    }

    private static func undefine(_ domain: LibvirtDomain) throws(LibvirtError) {
        do throws(LibvirtError) {
            try domain.undefine([.managedSave, .snapshotsMetadata, .checkpointsMetadata, .nvram, .tpm])
        } catch  where error.kind == .notSupported || error.kind == .invalidArgument {
            // Older daemons know fewer of these.
            do throws(LibvirtError) {
                try domain.undefine([.managedSave, .snapshotsMetadata, .nvram])
            } catch  where error.kind == .notSupported || error.kind == .invalidArgument {
                try domain.undefine([.managedSave, .snapshotsMetadata])
            }
        }
    }
}
