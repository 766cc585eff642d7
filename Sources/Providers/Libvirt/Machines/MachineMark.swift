import ProviderRPC
import XML

/// What a machine's `<metadata>` says of it: who made it, for whom, and which volumes go with it.
///
/// By it a resumed operation finds its half-made machine, and Delete knows what it may remove.
struct MachineMark: Sendable, Equatable {
    static let namespace = "urn:martlet:provider:1"
    static let prefix = "martlet"

    enum Role: String, Sendable {
        case root, data, seed
        /// Below a disk of this machine and perhaps of others: made by a linked clone from the source's disk. It goes with the last that stands on it.
        case base
    }

    struct Volume: Sendable, Equatable {
        let role: Role
        let pool: String
        let name: String
        /// Of a data disk: its name in the request.
        var disk: String?
    }

    /// The operation's identifier.
    var operation: String
    /// Of the machine that it is about: a copy that somebody made of the machine's description with everything in it is another machine, and has none of
    /// its volumes.
    let uuid: String
    var owner: ObjectIdentity?
    /// What the first disk was made from, for a person.
    var image: String?
    var volumes: [Volume] = []
    var tags: [String] = []

    init(operation: String, uuid: String, owner: ObjectIdentity? = nil, image: String? = nil, volumes: [Volume] = [], tags: [String] = []) {
        self.operation = operation
        self.uuid = uuid
        self.owner = owner
        self.image = image
        self.volumes = volumes
        self.tags = tags
    }

    /// Of `<metadata>`'s own element; nil when it is not ours.
    init?(_ element: XMLElement) {
        guard let operation = element["operation"], let uuid = element["uuid"] else { return nil }
        self.operation = operation
        self.uuid = uuid
        if let owner = element.children.first(where: { $0.localName == "owner" }) {
            self.owner = ObjectIdentity(uid: owner["uid"] ?? "", namespace: owner["namespace"] ?? "", name: owner["name"] ?? "")
        }
        image = element.children.first { $0.localName == "image" }?.trimmedText
        for child in element.children where child.localName == "volume" {
            guard let role = child["role"].flatMap(Role.init), let pool = child["pool"], let name = child["name"] else { continue }
            volumes.append(Volume(role: role, pool: pool, name: name, disk: child["disk"]))
        }
        tags = element.children.filter { $0.localName == "tag" }.map(\.text)
    }

    /// Of a domain's description; nil for a machine that is not ours, and for one that has another's mark.
    init?(domain: XMLElement) {
        guard let element = domain.child("metadata")?.child("machine", namespace: Self.namespace) else { return nil }
        self.init(element)
        guard let uuid = domain.text(at: "uuid"), uuid.lowercased() == self.uuid.lowercased() else { return nil }
    }

    /// - Parameter isWhole: with the namespace's declaration, which libvirt adds itself where metadata is set alone.
    func write(to writer: inout XMLWriter, isWhole: Bool) {
        let name = isWhole ? "\(Self.prefix):" : ""
        writer.element("\(name)machine", ["xmlns:\(Self.prefix)": isWhole ? Self.namespace : nil, "operation": operation, "uuid": uuid]) {
            machine in
            if let owner {
                machine.element("\(name)owner", ["uid": owner.uid, "namespace": owner.namespace, "name": owner.name])
            }
            if let image { machine.element("\(name)image", text: image) }
            for volume in volumes {
                machine.element(
                    "\(name)volume", ["role": volume.role.rawValue, "pool": volume.pool, "name": volume.name, "disk": volume.disk])
            }
            for tag in tags { machine.element("\(name)tag", text: tag) }
        }
    }

    /// As `LibvirtDomain.setMetadata` takes it.
    var xml: String {
        var writer = XMLWriter()
        write(to: &writer, isWhole: false)
        return writer.text
    }
}
