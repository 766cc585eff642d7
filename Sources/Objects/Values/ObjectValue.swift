/// A value of an object: what JSON can say, with whole numbers apart from others.
package enum ObjectValue: Sendable, Hashable {
    case null
    case flag(Bool)
    case whole(Int64)
    case number(Double)
    case text(String)
    case list([ObjectValue])
    case members(ObjectMembers)
}

extension ObjectValue {
    /// The member of that name; nil also when this is no object.
    package subscript(name: String) -> ObjectValue? {
        guard case .members(let members) = self else { return nil }
        return members[name]
    }

    /// The element at that place; nil also when this is no list.
    package subscript(index: Int) -> ObjectValue? {
        guard case .list(let list) = self, list.indices.contains(index) else { return nil }
        return list[index]
    }

    package var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    /// A whole number; also one that is written with a fraction of nothing, as other writers of JSON do.
    package var whole: Int64? {
        switch self {
        case .whole(let whole): whole
        case .number(let number): Int64(exactly: number)
        default: nil
        }
    }

    package var number: Double? {
        switch self {
        case .whole(let whole): Double(whole)
        case .number(let number): number
        default: nil
        }
    }

    package var flag: Bool? {
        if case .flag(let flag) = self { flag } else { nil }
    }

    package var list: [ObjectValue]? {
        if case .list(let list) = self { list } else { nil }
    }

    package var members: ObjectMembers? {
        if case .members(let members) = self { members } else { nil }
    }

    package var isNull: Bool { self == .null }

    /// What kind of value it is, as messages say it: `a text`.
    package var kindText: String {
        switch self {
        case .null: "null"
        case .flag: "true or false"
        case .whole: "a whole number"
        case .number: "a number"
        case .text: "a text"
        case .list: "a list"
        case .members: "an object"
        }
    }
}

extension ObjectValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(stringLiteral text: String) { self = .text(text) }
    package init(integerLiteral whole: Int64) { self = .whole(whole) }
    package init(booleanLiteral flag: Bool) { self = .flag(flag) }
    package init(arrayLiteral elements: ObjectValue...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, ObjectValue)...) { self = .members(ObjectMembers(elements)) }
}

extension ObjectMembers: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, ObjectValue)...) { self.init(elements) }
}
