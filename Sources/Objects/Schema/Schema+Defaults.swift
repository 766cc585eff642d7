extension Schema {
    /// The value with what is not said and has a default, and without members that are null, as a kube-apiserver stores it.
    package func defaulted(_ value: ObjectValue) -> ObjectValue {
        switch self {
        case .object(let shape): shape.defaulted(value)
        case .list(let element, _): value.list.map { .list($0.map { element.defaulted($0) }) } ?? value
        case .map(let element, _):
            value.members.map { .members(ObjectMembers($0.map { ($0.name, element.defaulted($0.value)) })) } ?? value
        default: value
        }
    }
}

extension ObjectShape {
    package func defaulted(_ value: ObjectValue) -> ObjectValue {
        guard var members = value.members else { return value }
        for field in fields {
            if members[field.name]?.isNull ?? true { members[field.name] = field.standard }
            if let member = members[field.name] { members[field.name] = field.schema.defaulted(member) }
        }
        return .members(members)
    }
}
