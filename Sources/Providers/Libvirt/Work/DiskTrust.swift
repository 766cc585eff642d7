import LibvirtAPI

/// What a disk is, its machine's description says, or who made it. Its first bytes say nothing: a guest writes there what it likes when the disk is raw,
/// also the head of another format that names files of the host to stand upon; and libvirt believes it when it looks for volumes.
enum DiskTrust {
    /// - Throws: `invalidState` when libvirt takes the volume for something else than the machine has.
    static func check(_ volume: VolumeView, isFormat format: String?) throws(LibvirtError) {
        guard let format, ["qcow2", "raw"].contains(format) else {
            throw LibvirtError(
                .invalidState, "disk \(volume.path) is \(format ?? "of a format that its machine does not say"), not qcow2 or raw")
        }
        // Volumes of some pools have no format, as all of them are raw.
        guard volume.format ?? "raw" == format else {
            throw LibvirtError(
                .invalidState,
                "disk \(volume.path) is \(format) to its machine, and has the head of \(volume.format ?? "another format"), which its guest may have written; it is not touched"
            )
        }
        if format == "raw", let path = volume.backingPath {
            throw LibvirtError(.invalidState, "disk \(volume.path) is raw, and says that it stands upon \(path); it is not touched")
        }
    }

    /// Of a volume that this provider made: its name ends so.
    static func format(ofVolume name: String) -> String { name.hasSuffix(".raw") ? "raw" : "qcow2" }

    /// How many images a linked clone's disk may stand upon: each is opened for every start, and described within the one above it.
    static let mostLevels = 30

    /// How many volumes this one stands upon.
    ///
    /// - Throws: `invalidState` for one that is in no pool, or is not what the one above takes it for.
    static func levels(below volume: VolumeView, _ connection: LibvirtConnection) throws(LibvirtError) -> Int {
        var (level, count) = (volume, 0)
        while let path = level.backingPath {
            count += 1
            guard count < 200 else { throw LibvirtError(.invalidState, "disk \(volume.path) stands upon 200 others") }
            let below: VolumeView
            do throws(LibvirtError) {
                below = try VolumeView(connection.volume(path: path))
            } catch  where error.kind == .noStorageVolume {
                throw LibvirtError(
                    .invalidState,
                    "disk \(level.path) stands upon \(path), which is in no active pool; make a pool of its folder, or copy the disk")
            }
            try check(below, isFormat: level.backingFormat ?? "raw")
            level = below
        }
        return count
    }
}
