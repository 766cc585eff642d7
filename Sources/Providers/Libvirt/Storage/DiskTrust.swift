import LibvirtAPI

/// Volumes are taken for what they were made as, and never for what somebody has written into them.
///
/// libvirt looks into its volumes by itself, each time that it looks at a pool: so a guest that writes the head of another format onto its raw disk, or
/// an image of a format that nobody here knows, may become a volume that stands upon any file of the host; and copying it copies that file.
enum DiskTrust {
    /// Refuses a volume that libvirt takes for another format than it was made as, or that stands upon another file than it was put upon.
    ///
    /// - Parameter format: of the record, the plan or the machine's description; what none of them says is refused.
    /// - Parameter base: the path that it was put upon; nil for nothing.
    /// - Throws: `invalidState`.
    static func check(_ view: VolumeView, format: String?, upon base: String? = nil) throws(LibvirtError) {
        guard let format, DiskFormat.known.contains(format) else {
            throw LibvirtError(
                .invalidState,
                "volume \(view.name) is \(format ?? "of a format that nobody says"), and only qcow2 and raw are used; convert it (qemu-img convert)"
            )
        }
        // Volumes of some pools have no format, as all of them are raw.
        guard view.format ?? "raw" == format else {
            throw LibvirtError(
                .invalidState,
                "volume \(view.name) was made as \(format), and libvirt takes it for \(view.format ?? "raw"): it has another head, which its guest may have written, and is not used"
            )
        }
        guard view.backingPath == base else {
            throw LibvirtError(
                .invalidState,
                "volume \(view.name) stands upon \(view.backingPath ?? "nothing"), which is not what it was put upon (\(base ?? "nothing")); it is not used"
            )
        }
    }

    /// The same of a disk of a machine: what a guest can write over is a raw one's head, while a qcow2's is out of its reach.
    ///
    /// - Parameter format: of the machine's `<driver>`, or of the volume above.
    static func check(_ view: VolumeView, ofMachine format: String?) throws(LibvirtError) {
        try check(view, format: format, upon: format == "qcow2" ? view.backingPath : nil)
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
            try check(below, ofMachine: level.backingFormat ?? "raw")
            level = below
        }
        return count
    }
}
