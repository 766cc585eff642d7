/// A kind of object, and what it is called where.
package struct ResourceKind: Sendable, Hashable {
    /// Empty for Kubernetes' own first kinds.
    package let group: String
    package let version: String
    /// `VirtualMachine`
    package let kind: String
    /// In paths: `virtualmachines`.
    package let plural: String
    package let singular: String
    /// What a person types: `vm`.
    package let shortNames: [String]
    package let isNamespaced: Bool
    /// Whether status is written by a path of its own, and left alone by the object's.
    package let hasStatus: Bool

    package init(
        group: String, version: String, kind: String, plural: String, shortNames: [String] = [], isNamespaced: Bool = true,
        hasStatus: Bool = true
    ) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        singular = kind.lowercased()
        self.shortNames = shortNames
        self.isNamespaced = isNamespaced
        self.hasStatus = hasStatus
    }

    /// `infra.virtrigaud.io/v1beta1`, or `v1`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// `virtualmachines.infra.virtrigaud.io`
    package var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    package static func == (first: ResourceKind, second: ResourceKind) -> Bool {
        first.plural == second.plural && first.group == second.group && first.version == second.version
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(plural) }
}

extension ResourceKind {
    package static let group = "infra.virtrigaud.io"

    private static func ours(_ kind: String, _ plural: String, _ shortNames: [String] = []) -> ResourceKind {
        ResourceKind(group: group, version: "v1beta1", kind: kind, plural: plural, shortNames: shortNames)
    }

    package static let provider = ours("Provider", "providers", ["prov"])
    package static let virtualMachine = ours("VirtualMachine", "virtualmachines", ["vm"])
    package static let vmClass = ours("VMClass", "vmclasses", ["vmc"])
    package static let vmImage = ours("VMImage", "vmimages", ["vmi"])
    package static let vmNetworkAttachment = ours("VMNetworkAttachment", "vmnetworkattachments", ["vmna"])
    package static let vmSnapshot = ours("VMSnapshot", "vmsnapshots", ["vmsnap"])
    package static let vmClone = ours("VMClone", "vmclones")
    package static let vmSet = ours("VMSet", "vmsets")
    /// The journal: one attempt to change something on a hypervisor. The manager's own; people read it.
    package static let vmOperation = ours("VMOperation", "vmoperations", ["vmop"])

    /// Credentials and certificates, which other kinds name.
    package static let secret = ResourceKind(group: "", version: "v1", kind: "Secret", plural: "secrets", hasStatus: false)

    /// All that the manager's own store keeps, in the order in which one needs the other.
    package static let all: [ResourceKind] = [
        secret, provider, vmClass, vmImage, vmNetworkAttachment, virtualMachine, vmSnapshot, vmClone, vmSet, vmOperation,
    ]
}
