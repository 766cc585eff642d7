/// Storage pools and their volumes.
extension LibvirtAnswers {
    private func write(_ pool: KVMPlan.Pool, _ writer: inout XDRWriter) {
        writer.string(pool.name)
        writer.fixedOpaque(pool.uuid)
    }

    private func write(_ volume: KVMWorld.Volume, of pool: String, _ writer: inout XDRWriter) {
        writer.string(pool)
        writer.string(volume.name)
        writer.string(volume.path)
    }

    /// virConnectListAllStoragePoolsFlags: not active or active, defined or not, starting with the host or not, and kinds.
    private func pools(_ flags: UInt32) -> [KVMPlan.Pool] {
        plan.pools.filter { pool in
            if flags & 3 != 0, flags & (world.isActive(pool, at: moment) ? 2 : 1) == 0 { return false }
            if flags & 12 == 8 { return false }
            if flags & 48 != 0, flags & (pool.startsWithHost ? 16 : 32) == 0 { return false }
            let kind: UInt32 = pool.kind == .folder ? 1 << 6 : 1 << 9
            return flags & ~63 == 0 || flags & kind != 0
        }
    }

    private func active(_ pool: KVMPlan.Pool) throws(LibvirtError) -> KVMPlan.Pool {
        guard world.isActive(pool, at: moment) else {
            throw LibvirtError(.operationInvalid, "storage pool '\(pool.name)' is not active", origin: .storage)
        }
        return pool
    }

    func answerAboutStorage(
        _ procedure: LibvirtProcedure, _ arguments: inout LibvirtArguments, _ writer: inout XDRWriter
    ) throws(LibvirtError) -> Bool {
        switch procedure {
        case .connectListAllStoragePools:
            let needsResults = try arguments.boolean()
            let found = pools(try arguments.unsigned())
            writer.array(needsResults ? found : []) { write($1, &$0) }
            writer.count(found.count)
        case .connectNumOfStoragePools: writer.integer(pools(2).count)
        case .connectNumOfDefinedStoragePools: writer.integer(pools(1).count)
        case .connectListStoragePools:
            writer.array(pools(2).prefix(Int(max(0, try arguments.integer())))) { $0.string($1.name) }
        case .connectListDefinedStoragePools:
            writer.array(pools(1).prefix(Int(max(0, try arguments.integer())))) { $0.string($1.name) }
        case .storagePoolLookupByName:
            let name = try arguments.string()
            guard let pool = plan.pools.first(where: { $0.name == name }) else {
                throw LibvirtError(
                    .noStoragePool, "no storage pool with matching name '\(HostileText.oneLine(name, limit: 100))'", origin: .storage)
            }
            write(pool, &writer)
        case .storagePoolLookupByUUID:
            let uuid = try arguments.uuid()
            guard let pool = plan.pools.first(where: { $0.uuid == uuid }) else {
                throw LibvirtError(
                    .noStoragePool, "no storage pool with matching uuid '\(DomainPlan.text(ofUUID: uuid))'", origin: .storage)
            }
            write(pool, &writer)
        case .storagePoolGetInfo:
            let pool = try arguments.pool()
            let taken = world.allocation(of: pool, at: moment)
            let isActive = world.isActive(pool, at: moment)
            let capacity = isActive ? pool.capacityBytes : 0
            writer.integer(Int32(isActive ? 2 : 0))
            for value in [capacity, taken, capacity - taken] { writer.unsignedHyper(value) }
        case .storagePoolGetXMLDesc: writer.string(HostXML(world: world, moment: moment).pool(try arguments.pool()))
        case .storagePoolGetAutostart: writer.boolean(try arguments.pool().startsWithHost)
        case .storagePoolIsActive: writer.boolean(world.isActive(try arguments.pool(), at: moment))
        case .storagePoolIsPersistent:
            _ = try arguments.pool()
            writer.boolean(true)
        case .storagePoolNumOfVolumes:
            writer.integer(world.volumes(of: try active(try arguments.pool()), at: moment).count)
        case .storagePoolListVolumes:
            let pool = try active(try arguments.pool())
            let most = try arguments.integer()
            writer.array(world.volumes(of: pool, at: moment).prefix(Int(max(0, most)))) { $0.string($1.name) }
        case .storagePoolListAllVolumes:
            let pool = try active(try arguments.pool())
            let volumes = world.volumes(of: pool, at: moment)
            writer.array(try arguments.boolean() ? volumes : []) { write($1, of: pool.name, &$0) }
            writer.count(volumes.count)
        case .storageVolLookupByName:
            let pool = try arguments.pool()
            let name = try arguments.string()
            guard let volume = world.volumes(of: pool, at: moment).first(where: { $0.name == name }) else {
                throw LibvirtError(
                    .noStorageVolume, "no storage vol with matching name '\(HostileText.oneLine(name, limit: 100))'", origin: .storage)
            }
            write(volume, of: pool.name, &writer)
        case .storageVolGetInfo, .storageVolGetInfoFlags:
            let volume = try arguments.volume()
            writer.integer(Int32(volume.isBlock ? 1 : 0))
            writer.unsignedHyper(volume.capacity)
            writer.unsignedHyper(volume.allocation)
        case .storageVolGetPath: writer.string(try arguments.volume().path)
        default: return false
        }
        return true
    }
}
