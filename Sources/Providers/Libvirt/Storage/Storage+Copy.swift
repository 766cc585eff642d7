import LibvirtAPI
import Primitives
import RPC

/// Copying volumes, and what has to be known of them and their pools for that.
extension Storage {
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
