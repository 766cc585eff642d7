package import Objects

/// What a Lease says of who leads.
struct LeaseRecord: Sendable, Hashable {
    /// Empty when it was released.
    var holder = ""
    var leaseSeconds: Int64 = 0
    /// As their writer's clock had it: compared for equality, never with a clock of ours.
    /// A kube-apiserver refuses one that has not exactly six digits behind the point.
    var acquireTime = ""
    var renewTime = ""
    var transitions: Int64 = 0

    init() {}

    init(_ lease: APIObject) {
        let spec = lease.spec
        holder = spec["holderIdentity"]?.text ?? ""
        leaseSeconds = spec["leaseDurationSeconds"]?.whole ?? 0
        acquireTime = spec["acquireTime"]?.text ?? ""
        renewTime = spec["renewTime"]?.text ?? ""
        transitions = spec["leaseTransitions"]?.whole ?? 0
    }

    func write(to lease: inout APIObject) {
        var spec = lease.spec.members ?? ObjectMembers()
        spec["holderIdentity"] = .text(holder)
        spec["leaseDurationSeconds"] = .whole(leaseSeconds)
        spec["acquireTime"] = .text(acquireTime)
        spec["renewTime"] = .text(renewTime)
        spec["leaseTransitions"] = .whole(transitions)
        lease.spec = .members(spec)
    }
}

extension ResourceKind {
    /// Who leads, among programs that agree to ask it.
    package static let lease = ResourceKind(group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", hasStatus: false)
}
