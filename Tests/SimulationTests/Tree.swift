/// JSON as the tests compare it: with the kinds that were really written, which the lenient reader of the product hides.
indirect enum Tree: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double, isInteger: Bool)
    case string(String)
    case array([Tree])
    case object([String: Tree])

    struct Unreadable: Error {
        let position: Int
    }

    init(_ bytes: [UInt8]) throws {
        var reader = TreeReader(bytes: bytes)
        self = try reader.value()
        reader.skipSpace()
        guard reader.position == bytes.count else { throw Unreadable(position: reader.position) }
    }

    subscript(name: String) -> Tree? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    var elements: [Tree] {
        if case .array(let elements) = self { elements } else { [] }
    }

    var keys: Set<String> {
        if case .object(let members) = self { Set(members.keys) } else { [] }
    }

    var number: Double? {
        if case .number(let value, _) = self { value } else { nil }
    }

    /// Only when it was written without fraction and exponent.
    var integer: Int? {
        if case .number(let value, isInteger: true) = self { Int(exactly: value) } else { nil }
    }

    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// `integer`, `number`, `string`, `bool`, `null`, `array` or `object`.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .number(_, let isInteger): isInteger ? "integer" : "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

private struct TreeReader {
    let bytes: [UInt8]
    var position = 0

    mutating func skipSpace() { while position < bytes.count, bytes[position] <= 0x20 { position += 1 } }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private var unreadable: Tree.Unreadable { Tree.Unreadable(position: position) }

    mutating func value() throws -> Tree {
        skipSpace()
        guard position < bytes.count else { throw unreadable }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        default: return try word()
        }
    }

    private mutating func object() throws -> Tree {
        position += 1
        var members: [String: Tree] = [:]
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            let name = try string()
            guard take(UInt8(ascii: ":")), members[name] == nil else { throw unreadable }
            members[name] = try value()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw unreadable }
        return .object(members)
    }

    private mutating func array() throws -> Tree {
        position += 1
        var elements: [Tree] = []
        if take(UInt8(ascii: "]")) { return .array(elements) }
        repeat { elements.append(try value()) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw unreadable }
        return .array(elements)
    }

    private mutating func string() throws -> String {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw unreadable }
        position += 1
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard position < bytes.count else { throw unreadable }
                let escaped = bytes[position]
                position += 1
                switch escaped {
                case UInt8(ascii: "n"): text.append(0x0A)
                case UInt8(ascii: "t"): text.append(0x09)
                case UInt8(ascii: "r"): text.append(0x0D)
                case UInt8(ascii: "u"):
                    guard position + 4 <= bytes.count,
                        let unit = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
                        let scalar = Unicode.Scalar(unit)
                    else { throw unreadable }
                    text += Array(String(Character(scalar)).utf8)
                    position += 4
                default: text.append(escaped)
                }
            default: text.append(byte)
            }
        }
        throw unreadable
    }

    private mutating func word() throws -> Tree {
        let start = position
        while position < bytes.count, !",]} \n".utf8.contains(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        switch text {
        case "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default:
            guard let number = Double(text), number.isFinite else { throw unreadable }
            return .number(number, isInteger: Int(text) != nil)
        }
    }
}
