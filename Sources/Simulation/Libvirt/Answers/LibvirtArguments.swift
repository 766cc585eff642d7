/// What a call is about: the reader of its payload, which knows what libvirt's types are made of and whom they mean.
struct LibvirtArguments {
    private var reader: XDRReader
    private let world: KVMWorld
    private let moment: Double

    init(_ payload: ArraySlice<UInt8>, _ world: KVMWorld, at moment: Double) {
        reader = XDRReader(payload)
        self.world = world
        self.moment = moment
    }

    mutating func integer() throws(LibvirtError) -> Int32 {
        do throws(XDRReader.Problem) { return try reader.integer() } catch { throw .undecodable }
    }

    mutating func unsigned() throws(LibvirtError) -> UInt32 {
        do throws(XDRReader.Problem) { return try reader.unsignedInteger() } catch { throw .undecodable }
    }

    mutating func boolean() throws(LibvirtError) -> Bool { try integer() != 0 }

    mutating func string() throws(LibvirtError) -> String {
        do throws(XDRReader.Problem) { return try reader.string() } catch { throw .undecodable }
    }

    mutating func optionalString() throws(LibvirtError) -> String? {
        do throws(XDRReader.Problem) { return try reader.optionalString() } catch { throw .undecodable }
    }

    mutating func uuid() throws(LibvirtError) -> [UInt8] {
        do throws(XDRReader.Problem) { return try reader.fixedOpaque(LibvirtProtocol.uuidBytes) } catch { throw .undecodable }
    }

    /// How many elements follow, each of so many bytes at least.
    mutating func count(limit: Int, eachAtLeast least: Int) throws(LibvirtError) -> Int {
        do throws(XDRReader.Problem) { return try reader.count(limit: limit, eachAtLeast: least) } catch { throw .undecodable }
    }

    // MARK: Objects

    /// A domain, as libvirt knows them: by the UUID. Errors: there is none of that UUID.
    mutating func domain() throws(LibvirtError) -> DomainPlan {
        let name = try string()
        let uuid = try uuid()
        _ = try integer()
        guard let domain = world.plan.domain(uuid: uuid), isThere(domain) else {
            let named = HostileText.oneLine(name, limit: 100)
            throw LibvirtError(.noDomain, "no domain with matching uuid '\(DomainPlan.text(ofUUID: uuid))' (\(named))")
        }
        return domain
    }

    mutating func optionalDomain() throws(LibvirtError) -> DomainPlan? { try boolean() ? try domain() : nil }

    /// What is not defined is gone when it is off.
    private func isThere(_ domain: DomainPlan) -> Bool { domain.isPersistent || world.life(of: domain, at: moment).isActive }

    /// A list of domains; those that are not there any more are left out, as in libvirt. nil for an empty one, which means all.
    mutating func domainsOrNone() throws(LibvirtError) -> [DomainPlan]? {
        // A name's length, a UUID and a number.
        let count = try count(limit: LibvirtProtocol.domainLimit, eachAtLeast: 24)
        var domains: [DomainPlan] = []
        for _ in 0..<count {
            do throws(LibvirtError) {
                domains.append(try domain())
            } catch {
                guard error.code == .noDomain else { throw error }
            }
        }
        return count == 0 ? nil : domains
    }

    mutating func pool() throws(LibvirtError) -> KVMPlan.Pool {
        let name = try string()
        let uuid = try uuid()
        guard let pool = world.plan.pools.first(where: { $0.uuid == uuid }) else {
            let named = HostileText.oneLine(name, limit: 100)
            throw LibvirtError(
                .noStoragePool, "no storage pool with matching uuid '\(DomainPlan.text(ofUUID: uuid))' (\(named))", origin: .storage)
        }
        return pool
    }

    mutating func network() throws(LibvirtError) -> KVMPlan.Network {
        let name = try string()
        let uuid = try uuid()
        guard let network = world.plan.networks.first(where: { $0.uuid == uuid }) else {
            let named = HostileText.oneLine(name, limit: 100)
            throw LibvirtError(
                .noNetwork, "no network with matching uuid '\(DomainPlan.text(ofUUID: uuid))' (\(named))", origin: .network)
        }
        return network
    }

    /// A volume: pool, name and key.
    mutating func volume() throws(LibvirtError) -> KVMWorld.Volume {
        let (pool, name) = (try string(), try string())
        _ = try string()
        let known = world.plan.pools.first { $0.name == pool }.map { world.volumes(of: $0, at: moment) } ?? []
        guard let volume = known.first(where: { $0.name == name }) else {
            throw LibvirtError(
                .noStorageVolume, "no storage vol with matching name '\(HostileText.oneLine(name, limit: 100))'", origin: .storage)
        }
        return volume
    }
}
