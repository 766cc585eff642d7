import Objects
import Primitives

/// What machines of a set are made like, and its revision.
struct SetTemplate: Sendable {
    /// `metadata.labels`, `metadata.annotations`, `spec`.
    let value: ObjectValue
    /// Of all of it.
    let revision: String

    init(_ value: ObjectValue) {
        self.value = value
        revision = String(SHA256.hex(value.json).prefix(16))
    }

    /// Fields of a machine's spec that nothing changes once the machine is there: where they differ, another machine is made.
    private static let fixed = ["imageRef", "importedDisk", "metaData", "networks", "placement", "providerRef", "tags", "userData"]

    /// Whether the machine can become what the template says, and stay the same machine.
    func fits(_ machine: VirtualMachine) -> Bool { Self.fixedPart(machine.object.spec) == Self.fixedPart(spec) }

    private var spec: ObjectValue { value["spec"] ?? .members(ObjectMembers()) }

    /// With defaults, which may have come after the machine or the template was written.
    private static func fixedPart(_ spec: ObjectValue) -> ObjectValue {
        let spec = KindSchema.of(.virtualMachine)?.spec?.schema.defaulted(spec) ?? spec
        return .members(ObjectMembers(fixed.compactMap { name in spec[name].map { (name, $0) } }))
    }

    /// A machine that is not there yet.
    func machine(_ name: String, of set: VMSet) -> APIObject {
        var metadata = ObjectMetadata(name: name, namespace: set.metadata.namespace)
        metadata.labels = texts("labels")
        metadata.labels[SetMember.revisionLabel] = revision
        metadata.annotations = texts("annotations")
        metadata.ownerReferences = [set.ownerReference]
        return APIObject(.virtualMachine, metadata, ["spec": spec])
    }

    /// The machine as the template wants it, with what stays of a machine that is there. Labels that the template has no more stay too.
    func changed(_ machine: VirtualMachine) -> APIObject {
        var object = machine.object
        var spec = spec
        for name in Self.fixed { spec.set(name, object.spec[name]) }
        object.spec = spec
        object.metadata.labels.merge(texts("labels")) { $1 }
        object.metadata.labels[SetMember.revisionLabel] = revision
        object.metadata.annotations.merge(texts("annotations")) { $1 }
        return object
    }

    private func texts(_ name: String) -> [String: String] {
        var texts: [String: String] = [:]
        for member in value["metadata"]?[name]?.members ?? ObjectMembers() { texts[member.name] = member.value.text }
        return texts
    }
}

extension VMSet {
    var template: SetTemplate { SetTemplate(object.spec["template"] ?? .members(ObjectMembers())) }

    var ownerReference: OwnerReference {
        // The finalizer sees to it that machines go first, and wants no right on the set's finalizers where that is asked for.
        OwnerReference(
            apiVersion: Self.kind.apiVersion, kind: Self.kind.kind, name: metadata.name, uid: metadata.uid, blocksDeletion: false)
    }

    /// What the schema lets pass, and what cannot be so of several machines.
    var setProblems: [FieldProblem] {
        var problems = problems
        guard spec.replicas > 1 else { return problems }
        let template = spec.templateSpec
        if template.importedDisk != nil {
            problems.append(
                FieldProblem("spec.template.spec.importedDisk", .invalid, "is one disk, and cannot be that of \(spec.replicas) machines"))
        }
        for (index, card) in template.networks.enumerated() {
            for (name, text) in [("ipAddress", card.ipAddress), ("macAddress", card.macAddress)] where text?.isEmpty == false {
                problems.append(
                    FieldProblem(
                        "spec.template.spec.networks[\(index)].\(name)", .invalid,
                        "is one address, and cannot be that of \(spec.replicas) machines"))
            }
        }
        return problems
    }
}
