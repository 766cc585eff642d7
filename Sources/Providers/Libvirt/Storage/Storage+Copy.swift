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

    /// What is free in the pool beside a part that stays so, as file systems that are full stop the guests that are there. What it says of itself is old
    /// until it is asked to look.
    static func free(_ pool: LibvirtPool) throws(LibvirtError) -> UInt64 {
        try lookAnew(pool)
        let info = try pool.info()
        let kept = min(1 << 30, info.capacityBytes / 64)
        return info.availableBytes > kept ? info.availableBytes - kept : 0
    }
}
