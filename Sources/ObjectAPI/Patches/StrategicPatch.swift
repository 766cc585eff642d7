import Objects
import ObjectStore

/// Of Kubernetes' strategic merge patch what kubectl sends for a Secret, whose fields it knows: members are merged, a list is put in place of the old one,
/// and finalizers and owners are added to those that are there.
enum StrategicPatch {
    static func apply(_ patch: ObjectValue, to target: ObjectValue) throws(StoreError) -> ObjectValue {
        try apply(patch, to: target, path: "")
    }

    private static func apply(_ patch: ObjectValue, to target: ObjectValue, path: String) throws(StoreError) -> ObjectValue {
        guard case .members(let changes) = patch else { return patch }
        switch changes["$patch"]?.text {
        case nil, "merge"?: break
        case "delete"?: return .null
        case "replace"?:
            var replacement = changes
            replacement["$patch"] = nil
            return .members(replacement)
        case .some: throw StoreError(.badRequest, "the patch has a $patch that is neither merge, replace nor delete")
        }
        var members = target.members ?? ObjectMembers()
        for change in changes where change.name != "$patch" {
            let name = change.name
            // The order of elements means nothing in the two lists that are merged.
            if name.hasPrefix("$setElementOrder/") || name == "$retainKeys" { continue }
            if name.hasPrefix("$deleteFromPrimitiveList/") {
                let list = String(name.dropFirst("$deleteFromPrimitiveList/".count))
                let gone = Set(change.value.list ?? [])
                members[list] = .list((members[list]?.list ?? []).filter { !gone.contains($0) })
                continue
            }
            guard !name.hasPrefix("$") else {
                throw StoreError(.badRequest, "the patch has the directive \(name), which is not known here")
            }
            let there = members[name] ?? .null
            switch (path, name, change.value) {
            case (_, _, .null): members[name] = nil
            case ("metadata", "finalizers", .list(let added)):
                let list = there.list ?? []
                let present = Set(list)
                members[name] = .list(list + added.filter { !present.contains($0) })
            case ("metadata", "ownerReferences", .list(let added)): members[name] = .list(owners(there.list ?? [], added))
            default:
                let value = try apply(change.value, to: there, path: name)
                members[name] = value.isNull ? nil : value
            }
        }
        return .members(members)
    }

    private static func owners(_ present: [ObjectValue], _ changes: [ObjectValue]) -> [ObjectValue] {
        var owners = present
        for change in changes {
            let isGoing = change["$patch"]?.text == "delete"
            let index = owners.firstIndex { $0["uid"] == change["uid"] }
            switch (index, isGoing) {
            case (let index?, true): owners.remove(at: index)
            case (let index?, false): owners[index] = MergePatch.apply(change, to: owners[index])
            case (nil, true): break
            case (nil, false): owners.append(change)
            }
        }
        return owners
    }
}
