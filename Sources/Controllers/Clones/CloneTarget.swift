import ObjectStore
import Objects
import Reconciling

/// The VirtualMachine that stands for a clone.
enum CloneTarget {
    static let adoptedLabel = "virtrigaud.io/adopted"
    static let sourceLabel = "virtrigaud.io/cloned-from"

    /// The VMClone that makes a machine, or has made it.
    static func clone(of machine: VirtualMachine) -> ObjectName? {
        guard let name = machine.metadata.annotations[ObjectAnnotation.clone] else { return nil }
        let (namespace, short) = Operation.parts(name)
        return ObjectName(namespace, short)
    }

    /// Whether it is this clone's, and not that of one before of the same name.
    static func isOurs(_ machine: VirtualMachine, _ clone: VMClone) -> Bool {
        machine.metadata.annotations[ObjectAnnotation.cloneUID] == clone.metadata.uid
    }

    /// The source's spec, with what the target is to have of its own.
    static func object(_ clone: VMClone, of source: VirtualMachine) -> APIObject {
        let (said, target) = (clone.spec, clone.object.spec["target"])
        let (from, name) = (source.metadata.namespace, clone.targetName)
        var metadata = ObjectMetadata(name: name.name, namespace: name.namespace)
        metadata.labels = said.target.labels
        metadata.labels[adoptedLabel] = "true"
        metadata.labels[sourceLabel] = label(source.metadata.name)
        metadata.annotations = said.target.annotations
        metadata.annotations[ObjectAnnotation.clone] = clone.name.description
        metadata.annotations[ObjectAnnotation.cloneUID] = clone.metadata.uid

        var spec = source.object.spec
        // That disk is the source's, and what it went back to as well.
        for field in ["importedDisk", "snapshot"] { spec.set(field, nil) }
        for field in ["providerRef", "classRef", "imageRef"] {
            spec.set(field, spec[field].map { reference($0, from: from, to: name.namespace) })
        }
        if let vmClass = target?["classRef"] {
            spec.set("classRef", reference(vmClass, from: clone.metadata.namespace, to: name.namespace))
            spec.set("resources", nil)
        }
        if let networks = target?["networks"]?.list {
            spec.set("networks", .list(networks.map { card($0, from: clone.metadata.namespace, to: name.namespace) }))
        } else if let networks = spec["networks"]?.list {
            spec.set("networks", .list(networks.map { card(anonymous($0), from: from, to: name.namespace) }))
        }
        if let disks = target?["disks"] { spec.set("disks", disks) }
        if let userData = clone.object.spec["customization"]?["userData"] { spec.set("userData", userData) }
        if let tags = clone.object.spec["customization"]?["tags"] { spec.set("tags", tags) }
        // A Secret of another namespace cannot be named.
        for field in ["userData", "metaData"] where from != name.namespace {
            let texts = spec[field]?.members?.map(\.value) ?? []
            if texts.contains(where: { $0["secretRef"] != nil }) { spec.set(field, nil) }
        }
        spec.set("powerState", said.options.powersOn ? "On" : "Off")
        return APIObject(.virtualMachine, metadata, ["spec": spec])
    }

    /// Whether its disks are to be others than the source's, which a clone gets at first.
    static func hasOtherDisks(_ clone: VMClone, _ source: VirtualMachine?) -> Bool {
        guard let disks = clone.spec.target.disks else { return false }
        return disks.map { "\($0.name) \($0.sizeGiB)" } != (source?.spec.disks ?? []).map { "\($0.name) \($0.sizeGiB)" }
    }

    /// A card without addresses, which are the source's alone.
    private static func anonymous(_ card: ObjectValue) -> ObjectValue {
        var card = card
        for field in ["ipAddress", "prefix", "gateway", "dns", "macAddress"] { card.set(field, nil) }
        return card
    }

    private static func card(_ card: ObjectValue, from: String, to: String) -> ObjectValue {
        var card = card
        card.set("networkRef", card["networkRef"].map { reference($0, from: from, to: to) })
        return card
    }

    /// A reference that names the same from another namespace.
    private static func reference(_ value: ObjectValue, from: String, to: String) -> ObjectValue {
        guard from != to, value["namespace"]?.text?.isEmpty ?? true else { return value }
        var value = value
        value.set("namespace", .text(from))
        return value
    }

    /// Names of objects may be longer than labels.
    private static func label(_ name: String) -> String {
        var name = name.prefix(63)
        while let last = name.last, !last.isLetter, !last.isNumber { name.removeLast() }
        return String(name)
    }
}
