import Objects

extension KindSchema {
    /// The whole object but for what all kinds have, as OpenAPI says it to who writes manifests: types, limits, words and what fields mean.
    var openAPI: ObjectValue {
        guard case .members(var members) = shape.openAPI else { return ["type": "object"] }
        members["description"] = .text(description)
        return .members(members)
    }
}

extension ObjectShape {
    fileprivate var openAPI: ObjectValue {
        var members = ObjectMembers([("type", "object")])
        if !fields.isEmpty { members["properties"] = .members(ObjectMembers(fields.map { ($0.name, $0.openAPI) })) }
        let required = fields.filter(\.isRequired).map { ObjectValue.text($0.name) }
        if !required.isEmpty { members["required"] = .list(required) }
        if isOpen { members["x-kubernetes-preserve-unknown-fields"] = true }
        return .members(members)
    }
}

extension Field {
    fileprivate var openAPI: ObjectValue {
        guard case .members(var members) = schema.openAPI else { return schema.openAPI }
        members["description"] = .text(effect == .kept ? "\(description) It is kept, and nothing follows from it." : description)
        if let standard { members["default"] = standard }
        return .members(members)
    }
}

extension Schema {
    fileprivate var openAPI: ObjectValue {
        switch self {
        case .text(let rule):
            var members = ObjectMembers([("type", "string")])
            if !rule.choices.isEmpty { members["enum"] = .list(rule.choices.map { .text($0) }) }
            if rule.atLeast > 0 { members["minLength"] = .whole(Int64(rule.atLeast)) }
            if let most = rule.atMost { members["maxLength"] = .whole(Int64(most)) }
            return .members(members)
        case .whole(let range):
            return ["type": "integer", "format": "int64", "minimum": .whole(range.lowerBound), "maximum": .whole(range.upperBound)]
        case .number(let range): return ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
        case .flag: return ["type": "boolean"]
        case .quantity, .share: return ["x-kubernetes-int-or-string": true]
        case .list(let element, let rule):
            var members = ObjectMembers([("type", "array"), ("items", element.openAPI)])
            if rule.atLeast > 0 { members["minItems"] = .whole(Int64(rule.atLeast)) }
            members["maxItems"] = .whole(Int64(rule.atMost))
            return .members(members)
        case .map(let element, _): return ["type": "object", "additionalProperties": element.openAPI]
        case .object(let shape): return shape.openAPI
        case .anyObject: return ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        }
    }
}
