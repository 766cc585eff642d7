import Ownership

/// Who uses how much of one card, and which virtual machines its vGPUs belong to.
struct OwnerUsage: Sendable {
    /// What one owner uses.
    struct Share: Sendable, Equatable {
        var owner: OwnerKey
        /// Nil when it is not known of one of its processes.
        var memoryBytes: Double?
        var utilization: Double?
        var processes: Int
    }

    /// What one owner has of one GPU instance of a card that is divided by MIG.
    struct InstanceShare: Sendable, Equatable {
        var gpuInstance: Int
        var owner: OwnerKey
        var memoryBytes: Double?
    }

    /// False while it is not known who has what.
    var isWhole = true
    var shares: [Share] = []
    var instances: [InstanceShare] = []
    /// Owners of processes, by pid.
    var owners: [Int: OwnerKey] = [:]
    /// The guest of each vGPU that it was looked for, by the vGPU's UUID; nil where none was found.
    var guests: [String: VMDirectory.Guest?] = [:]

    /// Adds up what the processes of a card use.
    ///
    /// - Parameter owners: of each pid; a process that is not among them is nobody's that is known.
    static func shares(_ processes: [ProcessSample], owners: [Int: OwnerKey]) -> [Share] {
        var shares: [OwnerKey: Share] = [:]
        for process in processes {
            let owner = owners[process.pid] ?? .unknown
            guard var share = shares[owner] else {
                shares[owner] = Share(
                    owner: owner, memoryBytes: process.memoryBytes, utilization: process.utilization, processes: 1)
                continue
            }
            // A sum that lacks a part is not one.
            share.memoryBytes = sum(share.memoryBytes, process.memoryBytes)
            share.utilization = sum(share.utilization, process.utilization)
            share.processes += 1
            shares[owner] = share
        }
        return sorted(shares.values)
    }

    private static func sorted(_ shares: some Sequence<Share>) -> [Share] {
        shares.sorted { ($0.memoryBytes ?? 0, $1.owner) > ($1.memoryBytes ?? 0, $0.owner) }
    }

    /// Gives virtual machines what their vGPUs have of the card. One that is known by its QEMU, too, is not counted twice.
    mutating func give(_ vgpus: [VGPUSample]) {
        guard !vgpus.isEmpty else { return }
        var given: [OwnerKey: Share] = [:]
        for vgpu in vgpus {
            let owner = owner(of: vgpu)
            let part = Share(
                owner: owner, memoryBytes: vgpu.framebufferUsed, utilization: vgpu.smUtilization, processes: 1)
            guard var share = given[owner] else {
                given[owner] = part
                continue
            }
            share.memoryBytes = Self.sum(share.memoryBytes, part.memoryBytes)
            share.utilization = Self.sum(share.utilization, part.utilization)
            share.processes += 1
            given[owner] = share
        }
        shares = Self.sorted(shares.filter { given[$0.owner] == nil } + given.values)
    }

    /// The guest by its name; one that nobody knows by what NVML calls it.
    private func owner(of vgpu: VGPUSample) -> OwnerKey {
        if let guest = guests[vgpu.uuid] ?? nil {
            return OwnerKey(kind: Owner.Kind.vm.rawValue, id: guest.id, name: guest.name.isEmpty ? guest.id : guest.name)
        }
        return vgpu.vm.isEmpty ? .unknown : OwnerKey(kind: Owner.Kind.vm.rawValue, id: vgpu.vm, name: vgpu.vm)
    }

    /// What owners have of GPU instances, the largest first.
    static func instances(_ processes: [ProcessSample], owners: [Int: OwnerKey]) -> [InstanceShare] {
        struct Place: Hashable {
            let gpuInstance: Int
            let owner: OwnerKey
        }
        var sums: [Place: Double?] = [:]
        for process in processes {
            for (instance, memory) in process.instances {
                let place = Place(gpuInstance: instance, owner: owners[process.pid] ?? .unknown)
                sums[place] = .some(sum(sums[place] ?? .some(0), memory))
            }
        }
        return sums.map { InstanceShare(gpuInstance: $0.key.gpuInstance, owner: $0.key.owner, memoryBytes: $0.value) }
            .sorted { ($0.gpuInstance, $1.memoryBytes ?? 0, $0.owner) < ($1.gpuInstance, $0.memoryBytes ?? 0, $1.owner) }
    }

    /// The largest users, and the others as one.
    static func bounded(_ shares: [Share], limit: Int) -> [Share] {
        guard shares.count > limit else { return shares }
        var rest = Share(owner: .other, memoryBytes: 0, utilization: 0, processes: 0)
        for share in shares[limit...] {
            rest.memoryBytes = sum(rest.memoryBytes, share.memoryBytes)
            rest.utilization = sum(rest.utilization, share.utilization)
            rest.processes += share.processes
        }
        return shares[..<limit] + [rest]
    }

    private static func sum(_ first: Double?, _ second: Double?) -> Double? {
        guard let first, let second else { return nil }
        return first + second
    }
}

/// An owner as series name it.
struct OwnerKey: Hashable, Sendable, Comparable {
    let kind: String
    let id: String
    let name: String

    init(_ owner: Owner) { self.init(kind: owner.kind.rawValue, id: owner.id, name: owner.name) }

    init(kind: String, id: String, name: String) {
        self.kind = kind
        self.id = id
        self.name = name
    }

    /// Of a process that has gone since, or that we may not look at.
    static let unknown = OwnerKey(kind: "unknown", id: "", name: "unknown")
    /// Those beyond the limit.
    static let other = OwnerKey(kind: "other", id: "", name: "other")

    static func < (left: OwnerKey, right: OwnerKey) -> Bool { (left.kind, left.name, left.id) < (right.kind, right.name, right.id) }

    /// Names for series: of several owners of one kind and name, the first by id keeps it, the others get their id behind it.
    static func distinctNames(_ owners: some Sequence<OwnerKey>) -> [OwnerKey: String] {
        var names: [OwnerKey: String] = [:]
        var taken: Set<[String]> = []
        for owner in Set(owners).sorted() {
            var name = owner.name
            if taken.contains([owner.kind, name]) { name = "\(owner.name) (\(CgroupPlace.shortContainerID(owner.id)))" }
            // Hostile names may look like that, too.
            if taken.contains([owner.kind, name]) { name = "\(owner.name) (\(owner.id)) \(names.count)" }
            taken.insert([owner.kind, name])
            names[owner] = name
        }
        return names
    }
}
