package import Objects
package import ProviderRPC

/// One attempt to change something on a hypervisor: what a VMOperation says.
///
/// It is in the store before the provider hears of it, and its uid is the key under which the provider knows the request.
package struct Operation: Sendable, Equatable {
    package enum Outcome: String, Sendable, CaseIterable {
        case success
        /// The hypervisor, or its provider, said no.
        case failure
        /// Nobody will know how it ended.
        case error
    }

    /// What it is done to. A uid alone tells objects apart.
    package struct Target: Sendable, Hashable {
        package var kind: String
        package var namespace: String
        package var name: String
        package var uid: String
    }

    /// How it ended.
    package struct End: Sendable, Equatable {
        package var outcome: Outcome
        /// Of gRPC: `NOT_FOUND`; empty where there is none.
        package var code: String
        package var message: String
        /// Seconds since 1970.
        package var at: Double
    }

    /// The VMOperation.
    package var namespace = ""
    package var name = ""
    package var uid = ""
    package var resourceVersion = ""

    package var method: ProviderMethod
    package var target: Target
    /// `namespace/name`
    package var provider: String
    package var providerType: String
    /// What is needed to send the request again, without secrets.
    package var parameters: ObjectValue = .members(ObjectMembers())
    /// Of the whole request, where some of it came from secrets.
    package var requestDigest: String?
    /// Seconds since 1970.
    package var startedAt = 0.0

    /// The provider's task; nil until it is known.
    package var taskID: String?
    /// Identifier of what it makes, as soon as the provider has said it.
    package var resultID: String?
    package var resultPath: String?
    /// Of a clone: whether it was linked in the end.
    package var isLinked: Bool?
    package var end: End?

    package init(_ method: ProviderMethod, of target: Target, provider: String, type: String) {
        self.method = method
        self.target = target
        self.provider = provider
        providerType = type
    }

    /// Kept on its object until what it counted is in its provider's totals, whoever deletes it before.
    static let finalizer = "operation.infra.virtrigaud.io/finalizer"

    /// What has one operation at a time: an object, or an image on one provider.
    package var line: String { Self.line(target, method, provider) }

    static func line(_ target: Target, _ method: ProviderMethod, _ provider: String) -> String {
        method == .imagePrepare ? "\(target.uid) \(provider)" : target.uid
    }

    /// What was wanted, as the target's status says afterwards that it has it; nil where there is nothing such.
    package var wish: String? {
        switch method {
        case .create: MachineWork.sum(MachineParameters.changeable(parameters))
        case .reconfigure: parameters["applied"]?.text
        case .snapshotRevert: parameters["request"]?.text
        case .power: parameters["op"]?.text
        default: nil
        }
    }

    /// Of the target when it was begun.
    package var generation: Int64? { parameters["generation"]?.whole }

    /// Tells what was asked for from anything else that may be asked for.
    package var request: String {
        var members = parameters.members ?? ObjectMembers()
        members["generation"] = nil
        return MachineWork.sum(.members(members)) + (requestDigest ?? "")
    }

    func isSameRequest(as other: Operation) -> Bool {
        method == other.method && provider == other.provider && parameters == other.parameters && requestDigest == other.requestDigest
    }

    /// A name that Kubernetes takes, whatever the target's is: that may be long, and end in a dot where it is cut.
    static func name(_ target: String, _ method: ProviderMethod, _ letters: String) -> String {
        var start = target.prefix(40)
        while let last = start.last, last == "." || last == "-" { start.removeLast() }
        return "\(start)-\(method.rawValue.lowercased())-\(letters)"
    }

    package var isOpen: Bool { end == nil }

    /// From its beginning to its end.
    package var durationSeconds: Double? { end.map { max(0, $0.at - startedAt) } }

    package var key: ObjectKey { ObjectKey(.vmOperation, namespace, name) }
}
