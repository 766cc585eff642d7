import JSON
import Primitives
package import RPC

/// A value of one of the JSON texts that requests carry, with its place for messages: `disks_json[2].sizeGiB`.
package struct SpecificationValue: Sendable {
    enum Kind: Sendable {
        case null
        case flag(Bool)
        case whole(Int)
        case number(Double)
        case text(String)
        case list([SpecificationValue])
        case members([(name: String, value: SpecificationValue)])
    }

    let place: String
    let kind: Kind

    /// More than any machine needs, and little enough to be held several times.
    static let limitBytes = 1 << 20

    /// Reads the text of a field. Nil for an empty text and for `null`, which is what a field that was not set looks like.
    ///
    /// Errors: `invalidArgument` for what is no JSON, larger than a mebibyte or nested past 16.
    /// - Parameter field: the field's name in the request, which messages begin with: `class_json`.
    package static func parse(_ text: String, _ field: String) throws(RPCError) -> SpecificationValue? {
        guard !text.isEmpty else { return nil }
        guard text.utf8.count <= limitBytes else {
            throw RPCError(.invalidArgument, "\(field): larger than \(limitBytes) bytes; send a smaller specification")
        }
        let value: SpecificationValue
        do throws(Failure) {
            let document = try JSONDocument(parsing: Array(text.utf8), depth: 16)
            value = document.withRoot { Self($0, field) }
        } catch {
            throw RPCError(.invalidArgument, "\(field): \(error.message)", cause: error)
        }
        if case .null = value.kind { return nil }
        return value
    }

    private init(_ json: JSONValue, _ place: String) {
        self.place = place
        if json.isNull {
            kind = .null
        } else if json.isBoolean {
            kind = .flag(json.flag ?? false)
        } else if json.isString {
            kind = .text(json.text ?? "")
        } else if json.isArray {
            var list: [SpecificationValue] = []
            json.forEachElement { list.append(SpecificationValue($0, "\(place)[\(list.count)]")) }
            kind = .list(list)
        } else if json.isObject {
            var members: [(name: String, value: SpecificationValue)] = []
            json.forEachMember { key, value in members.append((key.text, SpecificationValue(value, "\(place).\(key.text)"))) }
            kind = .members(members)
        } else if let whole = json.integer {
            kind = .whole(whole)
        } else {
            kind = .number(json.number ?? 0)
        }
    }

    /// Whether it asks for nothing: Go writes out each field of its structures, also those that nobody set.
    var saysNothing: Bool {
        switch kind {
        case .null: true
        case .flag(let flag): !flag
        case .whole(let number): number == 0
        case .number(let number): number == 0
        case .text(let text): text.isEmpty
        case .list(let list): list.isEmpty
        case .members(let members): members.allSatisfy(\.value.saysNothing)
        }
    }

    /// What it is, for messages.
    private var description: String {
        switch kind {
        case .null: "null"
        case .flag(let flag): "\(flag)"
        case .whole(let number): "\(number)"
        case .number(let number): "\(number)"
        // Texts may be secrets of a guest.
        case .text: "a text"
        case .list: "a list"
        case .members: "an object"
        }
    }

    func refused(_ wanted: String) -> RPCError { RPCError(.invalidArgument, "\(place): is \(description), must be \(wanted)") }

    // MARK: as what is wanted

    func text() throws(RPCError) -> String? {
        if case .text(let text) = kind { return text.isEmpty ? nil : text }
        guard case .null = kind else { throw refused("a text") }
        return nil
    }

    /// Nil for 0, which is what Go writes for a number that nobody set.
    func whole(upTo limit: Int) throws(RPCError) -> Int? {
        if case .null = kind { return nil }
        guard case .whole(let number) = kind, number >= 0, number <= limit else { throw refused("a whole number from 0 to \(limit)") }
        return number == 0 ? nil : number
    }

    func flag() throws(RPCError) -> Bool? {
        if case .null = kind { return nil }
        guard case .flag(let flag) = kind else { throw refused("true or false") }
        return flag
    }

    func list(upTo limit: Int) throws(RPCError) -> [SpecificationValue] {
        if case .null = kind { return [] }
        guard case .list(let list) = kind else { throw refused("a list") }
        guard list.count <= limit else { throw RPCError(.invalidArgument, "\(place): has \(list.count) elements, may have \(limit)") }
        return list
    }
}
