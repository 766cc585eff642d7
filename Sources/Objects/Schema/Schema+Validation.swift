import Primitives

extension Schema {
    /// - Parameter path: of the value, from the object's root.
    package func validate(_ value: ObjectValue, _ path: String, _ problems: inout [FieldProblem]) {
        switch self {
        case .text(let rule): rule.validate(value, path, &problems)
        case .whole(let range):
            guard let whole = value.whole else {
                problems.append(Self.wrongType(path, "a whole number", value))
                return
            }
            if !range.contains(whole) { problems.append(FieldProblem(path, .invalid, "must be \(Self.text(range)), is \(whole)")) }
        case .number(let range):
            guard let number = value.number else {
                problems.append(Self.wrongType(path, "a number", value))
                return
            }
            if !range.contains(number) {
                problems.append(FieldProblem(path, .invalid, "must be from \(range.lowerBound) to \(range.upperBound), is \(number)"))
            }
        case .flag:
            if value.flag == nil { problems.append(Self.wrongType(path, "true or false", value)) }
        case .quantity(let range): Self.validateQuantity(value, range, path, &problems)
        case .share:
            if !Self.isShare(value) {
                problems.append(FieldProblem(path, .invalid, "must be a whole number, or a share such as 25%, is \(value.shownText)"))
            }
        case .list(let element, let rule): rule.validate(value, of: element, path, &problems)
        case .map(let element, let rule): rule.validate(value, of: element, path, &problems)
        case .object(let shape): shape.validate(value, path, &problems)
        case .anyObject:
            if value.members == nil { problems.append(Self.wrongType(path, "an object", value)) }
        }
    }

    static func wrongType(_ path: String, _ expected: String, _ value: ObjectValue) -> FieldProblem {
        FieldProblem(path, .typeInvalid, "must be \(expected), is \(value.kindText)")
    }

    static func text(_ range: ClosedRange<Int64>) -> String {
        if [Int64(Int32.max), .max].contains(range.upperBound) { return "\(range.lowerBound) or more" }
        return "\(range.lowerBound) to \(range.upperBound)"
    }

    private static func validateQuantity(
        _ value: ObjectValue, _ range: ClosedRange<Int64>, _ path: String, _ problems: inout [FieldProblem]
    ) {
        guard value.text != nil || value.whole != nil else {
            problems.append(wrongType(path, "a size such as 4Gi or 512Mi", value))
            return
        }
        guard let bytes = Quantity.bytes(value) else {
            problems.append(FieldProblem(path, .invalid, "must be a size such as 4Gi or 512Mi, is \(value.shownText)"))
            return
        }
        if !range.contains(bytes) {
            let (least, most) = (Quantity.text(ofBytes: range.lowerBound), Quantity.text(ofBytes: range.upperBound))
            let limits = range.upperBound == .max ? "\(least) or more" : "\(least) to \(most)"
            problems.append(FieldProblem(path, .invalid, "must be \(limits), is \(value.shownText)"))
        }
    }

    private static func isShare(_ value: ObjectValue) -> Bool {
        if let whole = value.whole { return whole >= 0 }
        guard let text = value.text, text.hasSuffix("%"), let share = text.utf8.dropLast().decimalNumber else { return false }
        return share <= 100
    }
}

extension TextRule {
    fileprivate func validate(_ value: ObjectValue, _ path: String, _ problems: inout [FieldProblem]) {
        guard let text = value.text else {
            problems.append(Schema.wrongType(path, "a text", value))
            return
        }
        if !choices.isEmpty {
            guard !choices.contains(text) else { return }
            let near = nearest(to: text, among: choices) ?? choices.first { $0.lowercased() == text.lowercased() }
            let question = near.map { "; is \"\($0)\" meant?" } ?? ""
            problems.append(
                FieldProblem(path, .notSupported, "must be \(choices.joined(separator: " or ")), is \(value.shownText)\(question)"))
            return
        }
        let length = text.unicodeScalars.count
        // A text itself is not shown: an address may have a password in it, and user data is full of them.
        if length < atLeast {
            problems.append(
                FieldProblem(path, .invalid, atLeast == 1 ? "must not be empty" : "must have \(atLeast) letters or more, has \(length)"))
        } else if let atMost, length > atMost {
            problems.append(FieldProblem(path, .invalid, "must have at most \(atMost) letters, has \(length)"))
        } else if let format, !format.accepts(text) {
            problems.append(FieldProblem(path, .invalid, "must be \(format.meaning)"))
        }
    }
}

extension ListRule {
    fileprivate func validate(_ value: ObjectValue, of element: Schema, _ path: String, _ problems: inout [FieldProblem]) {
        guard let list = value.list else {
            problems.append(Schema.wrongType(path, "a list", value))
            return
        }
        if list.count < atLeast {
            problems.append(FieldProblem(path, .invalid, "must have \(atLeast) elements or more, has \(list.count)"))
        }
        if list.count > atMost { problems.append(FieldProblem(path, .tooMany, "must have at most \(atMost) elements, has \(list.count)")) }
        var seen: [ObjectValue: Int] = [:]
        for (index, value) in list.prefix(atMost).enumerated() {
            element.validate(value, "\(path)[\(index)]", &problems)
            guard let key, let name = value[key] else { continue }
            if let first = seen[name] {
                problems.append(
                    FieldProblem(
                        "\(path)[\(index)].\(key)", .duplicate, "must differ from \(path)[\(first)].\(key), is \(name.shownText) too"))
            } else {
                seen[name] = index
            }
        }
    }
}

extension MapRule {
    fileprivate func validate(_ value: ObjectValue, of element: Schema, _ path: String, _ problems: inout [FieldProblem]) {
        guard let members = value.members else {
            problems.append(Schema.wrongType(path, "an object", value))
            return
        }
        if members.count > atMost {
            problems.append(FieldProblem(path, .tooMany, "must have at most \(atMost) members, has \(members.count)"))
        }
        for member in members.prefix(atMost) {
            if let names, !names.accepts(member.name) {
                problems.append(FieldProblem("\(path)[\(member.name)]", .invalid, "the name must be \(names.meaning)"))
            }
            element.validate(member.value, "\(path)[\(member.name)]", &problems)
        }
    }
}

extension ObjectShape {
    package func validate(_ value: ObjectValue, _ path: String, _ problems: inout [FieldProblem]) {
        guard let members = value.members else {
            problems.append(Schema.wrongType(path, "an object", value))
            return
        }
        let before = path.isEmpty ? "" : "\(path)."
        for field in fields {
            // null is what a kube-apiserver takes for a member that is not said.
            guard let member = members[field.name], !member.isNull else {
                if field.isRequired { problems.append(FieldProblem(before + field.name, .required, "must be said: \(field.meaningText)")) }
                continue
            }
            field.schema.validate(member, before + field.name, &problems)
        }
        if !isOpen {
            for member in members where self[member.name] == nil { problems.append(unknown(member.name, before)) }
        }
        for rule in rules {
            let said = rule.names.filter { members[$0].map { !$0.isNull } ?? false }
            if !rule.holds(for: said.count) {
                let so = said.isEmpty ? "has none" : "has \(said.joined(separator: " and "))"
                problems.append(FieldProblem(path, said.isEmpty ? .required : .invalid, "must have \(rule.text), \(so)"))
            }
        }
    }

    private func unknown(_ name: String, _ before: String) -> FieldProblem {
        let names = fields.map(\.name)
        let near = names.first { $0.lowercased() == name.lowercased() } ?? nearest(to: name, among: names)
        return FieldProblem(before + name, .unknown, near.map { "is not known; is \(before)\($0) meant?" } ?? "is not known")
    }
}

extension Field {
    /// The description as a part of a sentence.
    fileprivate var meaningText: String {
        let first = description.prefix { $0 != "." }
        return first.prefix(1).lowercased() + first.dropFirst()
    }
}

extension ObjectValue {
    /// In messages; long texts are cut.
    fileprivate var shownText: String {
        switch self {
        case .text(let text): text.unicodeScalars.count > 60 ? "\"\(String(text.unicodeScalars.prefix(60)))…\"" : "\"\(text)\""
        case .whole(let whole): "\(whole)"
        case .number(let number): "\(number)"
        default: kindText
        }
    }
}
