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

    /// Where a value stands, as a chain: as a text of its own for each of very many values it would be a hundred thousand times what came in.
    indirect enum Place: Sendable, CustomStringConvertible {
        case field(String)
        case member(of: Place, String)
        case element(of: Place, Int)

        var description: String {
            switch self {
            case .field(let name): name
            case .member(let place, let name): "\(place).\(name)"
            case .element(let place, let index): "\(place)[\(index)]"
            }
        }
    }

    let position: Place
    let kind: Kind
    var place: String { position.description }

    /// More than any machine needs, and little enough to be held several times.
    static let limitBytes = 1 << 20
    static let limitValues = 20_000
    /// Of a member's name.
    static let limitNameBytes = 128

    /// Reads the text of a field. Nil for an empty text and for `null`, which is what a field that was not set looks like.
    ///
    /// Errors: `invalidArgument` for what is no JSON, larger than a mebibyte, nested past 16, of more than 20 000 values, with a name past 128 bytes
    /// or a text that has more than 30 combining marks in a row.
    /// - Parameter field: the field's name in the request, which messages begin with: `class_json`.
    package static func parse(_ text: String, _ field: String) throws(RPCError) -> SpecificationValue? {
        guard !text.isEmpty else { return nil }
        guard text.utf8.count <= limitBytes else {
            throw RPCError(.invalidArgument, "\(field): larger than \(limitBytes) bytes; send a smaller specification")
        }
        let value: SpecificationValue
        do throws(Failure) {
            let document = try JSONDocument(parsing: Array(text.utf8), depth: 16)
            var reading = Reading()
            value = document.withRoot { Self($0, .field(field), &reading) }
            if let trouble = reading.trouble { throw Failure(.limit, trouble) }
        } catch {
            throw RPCError(.invalidArgument, "\(field): \(error.message)", cause: error)
        }
        if case .null = value.kind { return nil }
        return value
    }

    /// What is counted while a text is read, and the first thing that is too much; what comes behind that is not read.
    private struct Reading {
        var values = 0
        var trouble: String?
    }

    private init(_ json: JSONValue, _ position: Place, _ reading: inout Reading) {
        self.position = position
        reading.values += 1
        if reading.values > Self.limitValues {
            reading.trouble = reading.trouble ?? "has more than \(Self.limitValues) values; send a smaller specification"
        }
        if reading.trouble != nil || json.isNull {
            kind = .null
        } else if json.isBoolean {
            kind = .flag(json.flag ?? false)
        } else if json.isString {
            let text = json.text ?? ""
            if !text.isStreamSafe { reading.trouble = "\(position): a text has more than 30 combining marks in a row" }
            kind = .text(text)
        } else if json.isArray {
            var list: [SpecificationValue] = []
            json.forEachElement { element in
                guard reading.trouble == nil else { return }
                list.append(SpecificationValue(element, .element(of: position, list.count), &reading))
            }
            kind = .list(list)
        } else if json.isObject {
            var members: [(name: String, value: SpecificationValue)] = []
            json.forEachMember { key, value in
                guard reading.trouble == nil else { return }
                let name = key.text
                guard name.utf8.count <= Self.limitNameBytes, name.isStreamSafe else {
                    reading.trouble =
                        "\(position): the name of a member is longer than \(Self.limitNameBytes) bytes, or nothing that is read"
                    return
                }
                members.append((name, SpecificationValue(value, .member(of: position, name), &reading)))
            }
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
