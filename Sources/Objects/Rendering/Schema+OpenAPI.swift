/// For whom a schema is written.
package enum SchemaDialect: Sendable {
    /// `openAPIV3Schema` of a CustomResourceDefinition: structural, with defaults.
    case definition
    /// What kubectl reads (`/openapi/v2`), which knows neither `oneOf` nor `anyOf` nor `not`.
    case openAPI2
    /// `/openapi/v3`.
    case openAPI3
}

extension Schema {
    /// - Parameters:
    ///   - description: in whole sentences; left out when it is empty.
    ///   - standard: the default.
    package func openAPI(_ dialect: SchemaDialect, description: String = "", standard: ObjectValue? = nil) -> ObjectValue {
        var members = own(dialect)
        if !description.isEmpty { members["description"] = .text(description) }
        // An OpenAPI of version 2 with defaults would make kubectl explain nothing more; a kube-apiserver leaves them out too.
        if let standard, dialect != .openAPI2 { members["default"] = standard }
        return .members(members)
    }

    private func own(_ dialect: SchemaDialect) -> ObjectMembers {
        switch self {
        case .text(let rule): rule.openAPI
        case .whole(let range):
            Self.limited(["type": "integer", "format": .text(Self.isSmall(range) ? "int32" : "int64")], range)
        case .number(let range): ObjectMembers([("type", "number"), ("format", "double"), ("minimum", Self.bound(range.lowerBound))])
        case .flag: ["type": "boolean"]
        case .quantity: Self.wholeOrText(Quantity.pattern, dialect)
        case .share: Self.wholeOrText("^([0-9]{1,2}|100)%$", dialect)
        case .list(let element, let rule):
            rule.openAPI(of: element.openAPI(dialect))
        case .map(let element, let rule):
            ["type": "object", "maxProperties": .whole(Int64(rule.atMost)), "additionalProperties": element.openAPI(dialect)]
        case .object(let shape): shape.openAPI(dialect)
        case .anyObject: ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        }
    }

    private static func wholeOrText(_ pattern: String, _ dialect: SchemaDialect) -> ObjectMembers {
        // kubectl takes a type that is missing for any.
        if dialect == .openAPI2 { return ["x-kubernetes-int-or-string": true] }
        return ["anyOf": [["type": "integer"], ["type": "string"]], "pattern": .text(pattern), "x-kubernetes-int-or-string": true]
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
    func openAPI(_ dialect: SchemaDialect) -> ObjectMembers {
        var members: ObjectMembers = ["type": "object"]
        members["properties"] = .members(
            ObjectMembers(
                fields.map { ($0.name, $0.schema.openAPI(dialect, description: $0.fullDescription, standard: $0.standard)) }))
        let required = fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { members["required"] = .list(required.map { .text($0) }) }
        if isOpen { members["x-kubernetes-preserve-unknown-fields"] = true }
        if dialect != .openAPI2 {
            for rule in rules { rule.add(to: &members) }
        }
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
                for other in names.dropFirst(index + 1) { pairs.append(["not": required([name, other])]) }
            }
            members["allOf"] = .list(pairs)
        }
    }
}

extension Field {
    /// With a word on fields that do nothing.
    package var fullDescription: String { effect == .kept ? "\(description) Kept, and nothing follows from it." : description }
}
