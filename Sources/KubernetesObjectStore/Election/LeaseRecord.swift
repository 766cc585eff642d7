package import Objects
import Primitives

/// What a Lease says of who leads.
struct LeaseRecord: Sendable, Hashable {
    /// Empty when it was released.
    var holder = ""
    var leaseSeconds: Int64 = 0
    /// As their writer's clock had it: compared for equality, never with a clock of ours.
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

    /// A moment as Leases have it; a kube-apiserver refuses one that has not exactly six digits behind the point: `2026-11-23T03:04:05.000006Z`.
    static func moment(_ unixSeconds: Double) -> String {
        let microseconds = Int64((unixSeconds * 1e6).rounded(.down).clamped(to: 0...253_402_300_799_000_000))
        let digits = String(microseconds % 1_000_000)
        let whole = timestampText(Double(microseconds / 1_000_000)).prefix(19)
        return "\(whole).\(String(repeating: "0", count: 6 - digits.count))\(digits)Z"
    }
}

extension ResourceKind {
    /// Who leads, among programs that agree to ask it.
    package static let lease = ResourceKind(group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", hasStatus: false)
}
