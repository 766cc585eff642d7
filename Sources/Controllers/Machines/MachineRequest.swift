import Objects
import Primitives
import ProviderRPC

/// What a provider is told of a machine, made of the machine's object and of those that it names.
///
/// Texts for the guest are not in `parameters`, which goes into the journal; where they stand is, and `digest` says whether they are the same.
struct MachineRequest: Sendable {
    /// `name`, `class`, `image`, `networks`, `disks`, `placement`, `tags`, `userData`, `metaData`: as in the JSON of the contract.
    let parameters: ObjectValue
    /// Of all of it, those texts too.
    let digest: String
    private let userData: [UInt8]
    private let metaData: [UInt8]

    /// - Parameter parameters: made by `MachineParameters`, or read from the journal.
    /// - Parameter inline: a text of the machine's object, by where it stands; nil when there is none any more.
    /// - Parameter read: a text of a Secret, by its `namespace/name` and the member's name; nil for one that is not there.
    init?(
        _ parameters: ObjectValue, inline: (_ member: String) -> [UInt8]?, read: (_ secret: String, _ member: String) -> [UInt8]?
    ) {
        func text(_ name: String) -> [UInt8]? {
            guard let place = parameters[name] else { return [] }
            if let member = place["inline"]?.text { return inline(member) }
            guard let secret = place["secret"]?.text else { return [] }
            return read(secret, place["member"]?.text ?? "")
        }
        guard let userData = text("userData"), let metaData = text("metaData") else { return nil }
        self.parameters = parameters
        self.userData = userData
        self.metaData = metaData
        digest = SHA256.hex(parameters.json + [0] + userData + [0] + metaData)
    }

    func create(owner: Operation.Target) -> CreateRequest {
        CreateRequest(
            name: parameters["name"]?.text ?? "", userData: userData, classJSON: json("class"), imageJSON: json("image"),
            networksJSON: json("networks"), disksJSON: json("disks"), placementJSON: json("placement"),
            tags: (parameters["tags"]?.list ?? []).compactMap(\.text), metaData: metaData,
            owner: ObjectIdentity(uid: owner.uid, namespace: owner.namespace, name: owner.name))
    }

    private func json(_ name: String) -> String { parameters[name].map { String(decoding: $0.json, as: UTF8.self) } ?? "" }

    /// `desired_json` of Reconfigure.
    static func desired(_ parameters: ObjectValue) -> String {
        var desired = ObjectMembers()
        for name in ["name", "class", "image", "networks", "disks", "placement", "tags"] { desired[name] = parameters[name] }
        return String(decoding: ObjectValue.members(desired).json, as: UTF8.self)
    }
}
