import Objects

/// JSON merge patch, RFC 7386.
enum MergePatch {
    static func apply(_ patch: ObjectValue, to target: ObjectValue) -> ObjectValue {
        guard case .members(let changes) = patch else { return patch }
        var members = target.members ?? ObjectMembers()
        for change in changes {
            if change.value.isNull {
                members[change.name] = nil
            } else {
                members[change.name] = apply(change.value, to: members[change.name] ?? .null)
            }
        }
        return .members(members)
    }
}
