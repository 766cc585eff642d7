package import JSON
package import Primitives

extension ObjectValue {
    /// What a text in JSON may have: more than any object of ours needs, and little enough to be held several times. etcd takes 1.5 MB.
    package struct Limits: Sendable {
        package var bytes = 1_500_000
        package var values = 50_000
        package var depth = 40

        package init() {}

        package init(bytes: Int, values: Int, depth: Int) {
            self.bytes = bytes
            self.values = values
            self.depth = depth
        }
    }

    /// Reads a text in JSON.
    ///
    /// Errors: `malformed` for what is no JSON, `limit` for what is larger than the limits or has a name past 512 bytes.
    package init(parsing bytes: [UInt8], limits: Limits = Limits()) throws(Failure) {
        guard bytes.count <= limits.bytes else { throw Failure(.limit, "larger than \(limits.bytes) bytes; send a smaller object") }
        let document = try JSONDocument(parsing: bytes, depth: limits.depth)
        var left = limits.values
        var trouble: String?
        self = document.withRoot { Self.read($0, &left, &trouble) }
        if let trouble { throw Failure(.limit, trouble) }
    }

    private static let nameLimit = 512

    /// What comes behind the first trouble is not read.
    private static func read(_ json: JSONValue, _ left: inout Int, _ trouble: inout String?) -> ObjectValue {
        left -= 1
        if left < 0, trouble == nil { trouble = "has too many values; send a smaller object" }
        guard trouble == nil, !json.isNull else { return .null }
        if json.isString { return .text(json.text ?? "") }
        if json.isBoolean { return .flag(json.flag ?? false) }
        if json.isArray {
            var list: [ObjectValue] = []
            json.forEachElement { element in
                if trouble == nil { list.append(read(element, &left, &trouble)) }
            }
            return .list(list)
        }
        if json.isObject {
            var members: [(String, ObjectValue)] = []
            json.forEachMember { key, value in
                guard trouble == nil else { return }
                let name = key.text
                if name.utf8.count > nameLimit { trouble = "the name of a member is longer than \(nameLimit) bytes" }
                members.append((name, read(value, &left, &trouble)))
            }
            return .members(ObjectMembers(members))
        }
        if let whole = json.integer { return .whole(Int64(whole)) }
        return json.number.map { .number($0) } ?? .null
    }

    package func write(_ writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .flag(let flag): writer.bool(flag)
        case .whole(let whole): writer.integer(Int(whole))
        case .number(let number): writer.number(number)
        case .text(let text): writer.string(text)
        case .list(let list):
            writer.array { writer in
                for element in list { element.write(&writer) }
            }
        case .members(let members): members.write(&writer)
        }
    }

    /// As JSON, in one line, the same bytes for equal values.
    package var json: [UInt8] {
        var writer = JSONWriter()
        write(&writer)
        return writer.bytes
    }
}

extension ObjectMembers {
    package func write(_ writer: inout JSONWriter) {
        writer.object { writer in
            for member in self {
                writer.key(text: member.name)
                member.value.write(&writer)
            }
        }
    }
}
