import Objects
import Primitives
import ProviderRPC

/// What a provider is told of a clone, made of the VMClone and of its source.
///
/// As in `MachineRequest`, a text of a Secret is not in `parameters`, and `digest` says whether it is the same.
struct CloneParameters: Sendable {
    /// `source`, `name`, `linked`, `class`, `customize`, `userData`.
    let parameters: ObjectValue
    let digest: String
    private let userData: [UInt8]

    /// - Parameter parameters: made by `make`, or read from the journal.
    /// - Parameter read: a text of a Secret, by its `namespace/name` and the member's name; nil for one that is not there.
    init?(_ parameters: ObjectValue, read: (_ secret: String, _ member: String) -> [UInt8]?) {
        var userData: [UInt8] = []
        if let secret = parameters["userData"]?["secret"]?.text {
            guard let text = read(secret, parameters["userData"]?["member"]?.text ?? "") else { return nil }
            userData = text
        } else if let inline = parameters["userData"]?["inline"]?.text {
            userData = Array(inline.utf8)
        }
        self.parameters = parameters
        self.userData = userData
        digest = SHA256.hex(parameters.json + [0] + userData)
    }

    /// - Parameter source: a machine that is there.
    /// - Parameter vmClass: of the clone, where it is another than the source's.
    static func make(
        _ clone: VMClone, of source: VirtualMachine, vmClass: VMClass?, dataMember: (ObjectReference, String) -> String
    ) -> ObjectValue {
        let (spec, said) = (clone.spec, clone.object.spec["customization"])
        var parameters: ObjectMembers = [
            "source": .text(source.status.id ?? ""), "name": .text(spec.target.name), "linked": .flag(spec.options.type == .linked),
        ]
        if let vmClass {
            var sizes = ObjectMembers()
            sizes["cpu"] = vmClass.spec.cpu.map { .whole(Int64($0)) }
            sizes["memoryMiB"] = vmClass.spec.memoryMiB.map { .whole(Int64($0)) }
            parameters["class"] = .members(sizes)
        }
        var customize = ObjectMembers()
        for name in ["hostname", "domain", "timeZone", "networks", "tags"] { customize[name] = said?[name] }
        if customize["networks"] == nil, let cards = spec.target.networks, cards.contains(where: { $0.ipAddress != nil }) {
            customize["networks"] = .list(cards.map(network))
        }
        if !customize.isEmpty { parameters["customize"] = .members(customize) }
        if let data = spec.customization?.userData?.cloudInit {
            if let inline = data.inline { parameters["userData"] = ["inline": .text(inline)] }
            if let secret = data.secretRef {
                parameters["userData"] = [
                    "secret": .text(secret.fullName(in: clone.metadata.namespace)), "member": .text(dataMember(secret, "userdata")),
                ]
            }
        }
        return .members(parameters)
    }

    private static func network(_ card: VirtualMachine.Network) -> ObjectValue {
        var members: ObjectMembers = ["name": .text(card.name)]
        if let address = card.ipAddress {
            members["ipAddress"] = .text(card.prefix.map { "\(address)/\($0)" } ?? address)
            members["gateway"] = card.gateway.map { .text($0) }
            if !card.nameServers.isEmpty { members["dns"] = .list(card.nameServers.map { .text($0) }) }
        } else {
            members["dhcp"] = true
        }
        return .members(members)
    }

    /// - Parameter target: the VMClone, by whose uid the machine is found when nobody knows how its making ended.
    func request(_ target: Operation.Target) -> CloneRequest {
        var customize = parameters["customize"]?.members ?? ObjectMembers()
        if parameters["userData"] != nil {
            customize["userData"] = ["cloudInit": ["inline": .text(String(decoding: userData, as: UTF8.self))]]
        }
        let name = parameters["name"]?.text ?? ""
        return CloneRequest(
            sourceVMID: parameters["source"]?.text ?? "", targetName: name, linked: parameters["linked"]?.flag ?? false,
            classJSON: parameters["class"].map { String(decoding: $0.json, as: UTF8.self) } ?? "",
            customizeJSON: customize.isEmpty ? "" : String(decoding: ObjectValue.members(customize).json, as: UTF8.self),
            targetVM: ObjectIdentity(uid: target.uid, namespace: target.namespace, name: name))
    }
}
