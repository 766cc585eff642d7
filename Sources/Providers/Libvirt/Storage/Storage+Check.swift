import LibvirtAPI
import Primitives
import RPC

/// Volumes are taken for what they were made as, and never for what somebody has written into them.
///
/// libvirt looks into its volumes by itself, each time that it looks at a pool: so a guest that writes the head of another format onto its raw disk, or
/// an image of a format that nobody here knows, may become a volume that stands upon any file of the host; and copying it copies that file.
extension Storage {
    /// Refuses a volume that libvirt takes for another format than it was made as, or that stands upon another file than it was put upon.
    ///
    /// - Parameter format: of the record, the plan or the machine's description.
    /// - Parameter backing: the path that it was put upon; nil for nothing.
    /// - Throws: `invalidState`.
    static func check(_ view: VolumeView, format: String, backing: String? = nil) throws(LibvirtError) {
        guard DiskFormat.known.contains(format) else {
            throw LibvirtError(
                .invalidState, "volume \(view.name) is \(format), and only qcow2 and raw are used; convert it (qemu-img convert)")
        }
        guard view.format ?? "raw" == format else {
            throw LibvirtError(
                .invalidState,
                "volume \(view.name) was made as \(format), and libvirt takes it for \(view.format ?? "raw"): somebody has written another head onto it, and it is not used"
            )
        }
        guard view.backingPath == backing else {
            throw LibvirtError(
                .invalidState,
                "volume \(view.name) stands upon \(view.backingPath ?? "nothing"), which is not what it was put upon (\(backing ?? "nothing")); it is not used"
            )
        }
    }

    /// The same of a disk of a machine: what a guest can write over is a raw one's head, while a qcow2's is out of its reach.
    ///
    /// - Parameter format: of the machine's `<driver>`; nil is raw, as libvirt has it.
    static func check(_ view: VolumeView, ofMachine format: String?) throws(LibvirtError) {
        let format = format ?? "raw"
        try check(view, format: format, backing: format == "raw" ? nil : view.backingPath)
    }

    /// Copies a volume, and looks before and behind that it is what it is said to be: libvirt may look into the pool at any time.
    ///
    /// - Parameter check: throws for what must not be copied.
    static func copy(
        _ connection: LibvirtConnection, _ source: LibvirtVolume, to plan: VolumePlan, pool: String,
        check: (VolumeView) throws(LibvirtError) -> Void
    ) throws(LibvirtError) -> VolumeView {
        try check(try VolumeView(source))
        let made = try remake(connection, pool: pool, plan, from: source)
        do throws(LibvirtError) {
            try check(try VolumeView(source))
        } catch {
            try remove(connection, pool: pool, volume: plan.name)
            throw error
        }
        return made
    }

    /// The same, for who throws errors of calls.
    static func headBytes(_ volume: LibvirtVolume) throws(RPCError) -> [UInt8] {
        do throws(LibvirtError) { return try head(volume) } catch { throw RPCError(error, doing: "read the head of volume \(volume.name)") }
    }

    /// The first bytes of a volume, as far as formats are told by them.
    private static func head(_ volume: LibvirtVolume) throws(LibvirtError) -> [UInt8] {
        let stream = try volume.download(length: UInt64(DiskFormat.headBytes))
        var bytes: [UInt8] = []
        while true {
            let piece = try stream.receive()
            if piece.isEmpty { break }
            bytes += piece
        }
        try stream.finish()
        return bytes
    }

    /// Has libvirt look into the pool's volumes, which it does by itself too, sooner or later. One that is busy may not be asked to.
    static func lookAnew(_ pool: LibvirtPool) throws(LibvirtError) {
        do throws(LibvirtError) {
            try pool.refresh()
        } catch  where error.message.contains("asynchronous jobs") {
            return
        }
    }

    /// How many bytes find room in the pool, which are at least so many. What it says of itself may be old: it is asked to look before it is too few.
    ///
    /// - Throws: `noSpace`.
    static func room(_ pool: LibvirtPool, for bytes: UInt64) throws(LibvirtError) -> UInt64 {
        var available = try pool.info().availableBytes
        if available < bytes {
            try lookAnew(pool)
            available = try pool.info().availableBytes
        }
        guard available >= bytes else {
            throw LibvirtError(.noSpace, "pool \(pool.name) has \(available) bytes left, and \(bytes) are to come")
        }
        return available
    }
}
