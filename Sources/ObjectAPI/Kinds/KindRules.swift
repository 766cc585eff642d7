package import Objects

/// What the API does by a kind beside keeping its objects: what may be said, what is meant when nothing is, and what a table shows.
package struct KindRules: Sendable {
    /// What is wrong with an object; `old` is what it takes the place of. Fields that nobody knows are `unknown`.
    package var problems: @Sendable (_ object: APIObject, _ old: APIObject?) -> [FieldProblem]
    /// What is wrong with its status.
    package var statusProblems: @Sendable (_ object: APIObject) -> [FieldProblem]
    /// The object with what is not said and has a default, and without what its kind does not know.
    package var completed: @Sendable (_ object: APIObject) -> APIObject
    package var columns: [Column]
    /// As OpenAPI says it: the whole object, but for `apiVersion`, `kind` and `metadata`.
    package var schema: ObjectValue

    package init(
        problems: @escaping @Sendable (APIObject, APIObject?) -> [FieldProblem] = { _, _ in [] },
        statusProblems: @escaping @Sendable (APIObject) -> [FieldProblem] = { _ in [] },
        completed: @escaping @Sendable (APIObject) -> APIObject = { $0 }, columns: [Column] = [.age],
        schema: ObjectValue = ["type": "object"]
    ) {
        self.problems = problems
        self.statusProblems = statusProblems
        self.completed = completed
        self.columns = columns
        self.schema = schema
    }

    /// What the kind's schema says.
    package init(_ schema: KindSchema) {
        self.init(
            problems: { object, old in
                old.map { schema.validate(object, replacing: $0) } ?? schema.validate(object)
            },
            statusProblems: { schema.validateStatus($0) },
            completed: { object in
                var object = object
                // The status is others' to write, and nobody's to cut.
                let status = object.content["status"]
                if let members = schema.shape.pruned(.members(object.content)).members { object.content = members }
                object.content["status"] = status
                return schema.defaulted(object)
            }, columns: schema.columns, schema: schema.openAPI)
    }
}

extension Schema {
    /// The value without members that nobody knows.
    fileprivate func pruned(_ value: ObjectValue) -> ObjectValue {
        switch self {
        case .object(let shape): shape.pruned(value)
        case .list(let element, _): value.list.map { .list($0.map { element.pruned($0) }) } ?? value
        case .map(let element, _): value.members.map { .members(ObjectMembers($0.map { ($0.name, element.pruned($0.value)) })) } ?? value
        default: value
        }
    }
}

extension ObjectShape {
    fileprivate func pruned(_ value: ObjectValue) -> ObjectValue {
        guard let members = value.members else { return value }
        var known: [(String, ObjectValue)] = []
        for member in members {
            if let field = self[member.name] {
                known.append((member.name, field.schema.pruned(member.value)))
            } else if isOpen {
                known.append((member.name, member.value))
            }
        }
        return .members(ObjectMembers(known))
    }
}
