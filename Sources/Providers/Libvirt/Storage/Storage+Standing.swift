import LibvirtAPI
import RPC

/// What stands upon what, as far as the storage says it.
extension Storage {
    /// The paths of all volumes that stand directly upon this one.
    ///
    /// A raw disk stands upon nothing, whatever its guest has written onto it and libvirt makes of that.
    ///
    /// - Parameter use: of machines; nil to look for all of them.
    /// - Parameter leavesOut: says which volumes do not count.
    /// - Throws: `invalidState` when a pool that has disks of machines is not active: what is in it may stand upon this volume too.
    static func standing(
        _ connection: LibvirtConnection, on path: String, _ use: VolumeUse? = nil,
        leavesOut: (_ path: String, VolumeUse.Volume) -> Bool = { _, _ in false }
    ) throws(LibvirtError) -> [String] {
        let use = if let use { use } else { try VolumeUse(connection) }
        try checkPools(connection, use)
        return try standing(connection, onInActivePools: path, use, leavesOut: leavesOut)
    }

    /// The same where pools that are not active may be left out.
    static func standing(
        _ connection: LibvirtConnection, onInActivePools path: String, _ use: VolumeUse,
        leavesOut: (_ path: String, VolumeUse.Volume) -> Bool
    ) throws(LibvirtError) -> [String] {
        var paths: [String] = []
        for pool in try connection.pools() {
            guard try pool.isActive() else { continue }
            for volume in try pool.volumes() {
                guard let view = try viewIfThere(volume, pool), view.backingPath == path, view.path != path else { continue }
                let name = VolumeUse.Volume(pool: pool.name, name: view.name)
                if !use.isRaw(view.path, name), !leavesOut(view.path, name) { paths.append(view.path) }
            }
        }
        return paths
    }

    private static func checkPools(_ connection: LibvirtConnection, _ use: VolumeUse) throws(LibvirtError) {
        for pool in try connection.pools() {
            guard let machine = use.machine(inPool: pool.name), try !pool.isActive() else { continue }
            throw LibvirtError(
                .invalidState,
                "pool \(pool.name) is not active, and disks of machine \(machine) are there, which may stand upon what would be removed; start it (virsh pool-start \(pool.name)), or remove that machine first"
            )
        }
    }

    /// nil for one that is gone, also behind the pool's back.
    private static func viewIfThere(_ volume: LibvirtVolume, _ pool: LibvirtPool) throws(LibvirtError) -> VolumeView? {
        do throws(LibvirtError) {
            return try VolumeView(volume)
        } catch  where error.kind == .noStorageVolume {
            return nil
        } catch {
            try lookAnew(pool)
            guard let there = try Storage.volume(pool, volume.name) else { return nil }
            return try VolumeView(there)
        }
    }
}
