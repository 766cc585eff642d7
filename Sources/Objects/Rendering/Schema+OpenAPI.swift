extension Schema {
    /// As OpenAPI of version 3 that is structural, as Kubernetes calls it: for CustomResourceDefinitions.
    var openAPI: ObjectMembers {
        switch self {
        case .text(let rule): rule.openAPI
        case .whole(let range):
            Self.limited(["type": "integer", "format": .text(Self.isSmall(range) ? "int32" : "int64")], range)
        case .number(let range): ObjectMembers([("type", "number"), ("format", "double"), ("minimum", Self.bound(range.lowerBound))])
        case .flag: ["type": "boolean"]
        case .quantity: Self.wholeOrText(Quantity.pattern)
        case .share: Self.wholeOrText("^([0-9]{1,2}|100)%$")
        case .list(let element, let rule):
            rule.openAPI(of: .members(element.openAPI))
        case .map(let element, let rule):
            ["type": "object", "maxProperties": .whole(Int64(rule.atMost)), "additionalProperties": .members(element.openAPI)]
        case .object(let shape): shape.openAPI
        case .anyObject: ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        }
    }

    private static func wholeOrText(_ pattern: String) -> ObjectMembers {
        ["anyOf": [["type": "integer"], ["type": "string"]], "pattern": .text(pattern), "x-kubernetes-int-or-string": true]
    }

    private static func isSmall(_ range: ClosedRange<Int64>) -> Bool {
        range.lowerBound >= Int64(Int32.min) && range.upperBound <= Int64(Int32.max)
    }

    private static func limited(_ members: ObjectMembers, _ range: ClosedRange<Int64>) -> ObjectMembers {
        var members = members
        if range.lowerBound != .min { members["minimum"] = .whole(range.lowerBound) }
        if range.upperBound != .max, range.upperBound != Int64(Int32.max) { members["maximum"] = .whole(range.upperBound) }
        return members
    }

    private static func bound(_ number: Double) -> ObjectValue { Int64(exactly: number).map { .whole($0) } ?? .number(number) }
}

extension TextRule {
    fileprivate var openAPI: ObjectMembers {
        var members: ObjectMembers = ["type": "string"]
        if !choices.isEmpty { members["enum"] = .list(choices.map { .text($0) }) }
        if atLeast > 0 { members["minLength"] = .whole(Int64(atLeast)) }
        if let atMost { members["maxLength"] = .whole(Int64(atMost)) }
        if let pattern = format?.pattern { members["pattern"] = .text(pattern) }
        if let name = format?.name { members["format"] = .text(name) }
        return members
    }
}

extension ListRule {
    fileprivate func openAPI(of element: ObjectValue) -> ObjectMembers {
        var members: ObjectMembers = ["type": "array", "maxItems": .whole(Int64(atMost)), "items": element]
        if atLeast > 0 { members["minItems"] = .whole(Int64(atLeast)) }
        if let key {
            members["x-kubernetes-list-type"] = "map"
            members["x-kubernetes-list-map-keys"] = [.text(key)]
        }
        return members
    }
}

extension ObjectShape {
    var openAPI: ObjectMembers {
        var members: ObjectMembers = ["type": "object"]
        members["properties"] = .members(
            ObjectMembers(
                fields.map { ($0.name, .members($0.openAPI)) }))
        let required = fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { members["required"] = .list(required.map { .text($0) }) }
        if isOpen { members["x-kubernetes-preserve-unknown-fields"] = true }
        for rule in rules { rule.add(to: &members) }
        return members
    }
}

extension MemberRule {
    fileprivate func add(to members: inout ObjectMembers) {
        func required(_ names: [String]) -> ObjectValue { ["required": .list(names.map { .text($0) })] }
        switch self {
        case .exactlyOne(let names): members["oneOf"] = .list(names.map { required([$0]) })
        case .atLeastOne(let names): members["anyOf"] = .list(names.map { required([$0]) })
        case .atMostOne(let names):
            var pairs: [ObjectValue] = []
            for (index, name) in names.enumerated() {
                for other in names.dropFirst(index + 1) { pairs.append(required([name, other])) }
            }
            members["not"] = pairs.count == 1 ? pairs[0] : ["anyOf": .list(pairs)]
        }
    }
}

extension Field {
    fileprivate var openAPI: ObjectMembers {
        var members = schema.openAPI
        members["description"] = .text(effect == .kept ? "\(description) Kept, and nothing follows from it." : description)
        members["default"] = standard
        return members
    }
}
