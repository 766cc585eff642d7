import Objects

/// What brings an object to what a manifest says: as kubectl, from what the manifest said the last time, what it says now, and what is there.
enum ThreeWayPatch {
    /// A JSON merge patch; nil when nothing is to be changed.
    static func patch(last: ObjectValue?, wanted: ObjectValue, present: ObjectValue) -> ObjectValue? {
        let changes = changes(from: present, to: wanted)
        let removals = removals(from: last ?? .null, to: wanted, present)
        switch (changes, removals) {
        case (nil, nil): return nil
        case (let patch?, nil), (nil, let patch?): return patch
        case (let changes?, let removals?): return merged(changes, removals)
        }
    }

    /// What is said and is not so. What is so and not said stays.
    private static func changes(from present: ObjectValue, to wanted: ObjectValue) -> ObjectValue? {
        guard case .members(let wanted) = wanted, case .members(let present) = present else { return wanted == present ? nil : wanted }
        var patch = ObjectMembers()
        for member in wanted {
            guard let there = present[member.name] else {
                patch[member.name] = member.value
                continue
            }
            patch[member.name] = changes(from: there, to: member.value)
        }
        return patch.isEmpty ? nil : .members(patch)
    }

    /// What was said the last time and is not said now, as far as it is there: a whole section with it, defaults and all, as kubectl has it. Labels and
    /// annotations are others' too, and are taken one by one.
    private static func removals(
        from last: ObjectValue, to wanted: ObjectValue, _ present: ObjectValue, inMetadata: Bool = false
    ) -> ObjectValue? {
        guard case .members(let last) = last, case .members(let wanted) = wanted, case .members(let present) = present else { return nil }
        var patch = ObjectMembers()
        for member in last {
            guard let there = present[member.name] else { continue }
            if let now = wanted[member.name] {
                patch[member.name] = removals(from: member.value, to: now, there, inMetadata: member.name == "metadata")
            } else if inMetadata, member.value.members != nil {
                patch[member.name] = removals(from: member.value, to: .members(ObjectMembers()), there)
            } else {
                patch[member.name] = .null
            }
        }
        return patch.isEmpty ? nil : .members(patch)
    }

    private static func merged(_ one: ObjectValue, _ other: ObjectValue) -> ObjectValue {
        guard case .members(var members) = one, case .members(let others) = other else { return one }
        for member in others { members[member.name] = members[member.name].map { merged($0, member.value) } ?? member.value }
        return .members(members)
    }
}

extension ObjectValue {
    /// Without members that say nothing: in a manifest they mean what is left out does.
    var withoutNulls: ObjectValue {
        switch self {
        case .members(let members): .members(ObjectMembers(members.filter { !$0.value.isNull }.map { ($0.name, $0.value.withoutNulls) }))
        case .list(let list): .list(list.map(\.withoutNulls))
        default: self
        }
    }
}
