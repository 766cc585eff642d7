/// All that is to be known of a kind: its fields, its rules, and how it is shown.
package struct KindSchema: Sendable {
    /// A field that does not change, or not any more.
    package struct FixedField: Sendable {
        package enum Since: Sendable, Hashable {
            case creation
            /// When that field of the stored object says something: `status.id`.
            case said(String)
            /// When that flag of the stored object is true.
            case flag(String)
        }

        /// `spec.providerRef`
        package let path: String
        package let since: Since
        /// What to do instead.
        package let remedy: String

        package init(_ path: String, since: Since = .creation, _ remedy: String) {
            self.path = path
            self.since = since
            self.remedy = remedy
        }
    }

    package let kind: ResourceKind
    /// In whole sentences.
    package let description: String
    /// Of the object itself, beside `apiVersion`, `kind` and `metadata`.
    package let shape: ObjectShape
    package let columns: [Column]
    package let fixed: [FixedField]
    /// Whether `kubectl scale` works on it.
    package let hasScale: Bool
    let rules: @Sendable (APIObject, inout [FieldProblem]) -> Void
    let settle: @Sendable (inout APIObject) -> Void

    init(
        _ kind: ResourceKind, _ description: String, _ fields: [Field], columns: [Column], fixed: [FixedField] = [], hasScale: Bool = false,
        settle: @escaping @Sendable (inout APIObject) -> Void = { _ in },
        rules: @escaping @Sendable (APIObject, inout [FieldProblem]) -> Void = { _, _ in }
    ) {
        self.kind = kind
        self.description = description
        shape = ObjectShape(fields)
        self.columns = columns
        self.fixed = fixed
        self.hasScale = hasScale
        self.settle = settle
        self.rules = rules
    }

    /// In the order of `ResourceKind.all`.
    package static let all: [KindSchema] = [
        .secret, .provider, .vmClass, .vmImage, .vmNetworkAttachment, .virtualMachine, .vmSnapshot, .vmClone, .vmSet, .vmOperation,
    ]

    /// Nil for a kind that is none of these.
    package static func of(_ kind: ResourceKind) -> KindSchema? { all.first { $0.kind == kind } }

    package var spec: Field? { shape["spec"] }
    package var status: Field? { shape["status"] }
}

extension KindSchema {
    /// What is wrong with the object, in the order of its fields; its metadata and its status are not looked at.
    package func validate(_ object: APIObject) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        var content = object.content
        content["status"] = nil
        shape.validate(.members(content), "", &problems)
        // Rules read what fields say, so they wait until these are in order.
        if problems.allSatisfy({ $0.reason == .unknown }) { rules(object, &problems) }
        return problems
    }

    /// What is wrong with the object's status.
    package func validateStatus(_ object: APIObject) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if let status, let value = object.content["status"], !value.isNull { status.schema.validate(value, "status", &problems) }
        return problems
    }

    /// What is wrong with the object as a change of the one that is stored: all that is wrong with it, and fields that may not change.
    package func validate(_ object: APIObject, replacing old: APIObject) -> [FieldProblem] {
        var problems = validate(object)
        let (before, after) = (defaulted(old), defaulted(object))
        for field in fixed where before.said(field.path) != after.said(field.path) {
            let reason: String
            switch field.since {
            case .creation: reason = "cannot be changed"
            case .said(let path):
                guard let value = old.said(path), !value.isNull, value != "" else { continue }
                reason = "cannot be changed now that \(path) is there"
            case .flag(let path):
                guard old.said(path)?.flag == true else { continue }
                reason = "cannot be changed, as \(path) is true"
            }
            problems.append(FieldProblem(field.path, .forbidden, "\(reason); \(field.remedy)"))
        }
        return problems
    }

    /// The object with its defaults, as it is stored.
    package func defaulted(_ object: APIObject) -> APIObject {
        var object = object
        settle(&object)
        if let members = shape.defaulted(.members(object.content)).members { object.content = members }
        return object
    }
}

extension APIObject {
    /// What stands at a path such as `spec.providerRef`.
    fileprivate func said(_ path: String) -> ObjectValue? {
        var value = ObjectValue.members(content)
        for name in path.split(separator: ".") {
            guard let member = value[String(name)] else { return nil }
            value = member
        }
        return value.isNull ? nil : value
    }
}
