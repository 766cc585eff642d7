/// A column of `kubectl get`.
package struct Column: Sendable {
    package enum Form: String, Sendable {
        case text = "string"
        case whole = "integer"
        case flag = "boolean"
        /// Shown as how long ago it is.
        case date
    }

    package let name: String
    /// `.status.phase`, `.status.ips[*]`, `.status.conditions[?(@.type=="Ready")].status`.
    package let path: String
    package let form: Form
    package let description: String
    /// 0 is always shown, more with `-o wide` only.
    package let priority: Int

    package init(_ name: String, _ path: String, _ form: Form, _ description: String, isWide: Bool = false) {
        self.name = name
        self.path = path
        self.form = form
        self.description = description
        priority = isWide ? 1 : 0
    }

    package init(_ name: String, _ path: String, _ description: String, isWide: Bool = false) {
        self.init(name, path, .text, description, isWide: isWide)
    }

    package static let age = Column("Age", ".metadata.creationTimestamp", .date, "How long ago the object was made.")

    package static func condition(_ type: String) -> Column {
        Column(type, ".status.conditions[?(@.type==\"\(type)\")].status", "Status of the condition \(type).")
    }

    package static func reason(of type: String) -> Column {
        Column("Reason", ".status.conditions[?(@.type==\"\(type)\")].reason", "Why the condition \(type) is as it is.", isWide: true)
    }

    /// What stands in the column for an object; several values with commas between them. Nil where there is nothing.
    package func cell(of object: APIObject) -> ObjectValue? {
        var values = [object.value]
        for step in Self.steps(of: path) { values = values.flatMap { Self.take(step, $0) } }
        values.removeAll(where: \.isNull)
        guard let first = values.first else { return nil }
        if form != .text { return first }
        return .text(values.map { $0.text ?? String(decoding: $0.json, as: UTF8.self) }.joined(separator: ","))
    }

    private enum Step {
        case member(String)
        case all
        case element(Int)
        case matching(String, String)
    }

    private static func steps(of path: String) -> [Step] {
        var (steps, rest) = ([Step](), Substring(path))
        while let first = rest.first {
            rest = rest.dropFirst()
            if first == "[" {
                let inner = rest.prefix { $0 != "]" }
                rest = rest.dropFirst(inner.count + 1)
                if inner == "*" {
                    steps.append(.all)
                } else if let index = Int(inner) {
                    steps.append(.element(index))
                } else {
                    // ?(@.type=="Ready")
                    let parts = inner.split { "?(@.=\")".contains($0) }.map(String.init)
                    if parts.count == 2 { steps.append(.matching(parts[0], parts[1])) }
                }
            } else {
                let name = rest.prefix { $0 != "." && $0 != "[" }
                rest = rest.dropFirst(name.count)
                steps.append(.member(String(name)))
            }
        }
        return steps
    }

    private static func take(_ step: Step, _ value: ObjectValue) -> [ObjectValue] {
        switch step {
        case .member(let name): value[name].map { [$0] } ?? []
        case .all: value.list ?? []
        case .element(let index): value[index].map { [$0] } ?? []
        case .matching(let name, let text): (value.list ?? []).filter { $0[name]?.text == text }
        }
    }
}
