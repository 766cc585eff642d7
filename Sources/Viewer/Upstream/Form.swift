import Web

/// Names and values as a query string or the body of a form has them.
struct Form: Sendable, Equatable {
    private(set) var fields: [(name: String, value: String)] = []

    init() {}

    mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

    /// Reads `application/x-www-form-urlencoded`; nil for an escape that is none, and for what is not UTF-8.
    init?(parsing bytes: [UInt8]) {
        for (name, value) in FormText.pairs(bytes) {
            guard let name = Self.decoded(name), let value = Self.decoded(value) else { return nil }
            add(name, value)
        }
    }

    /// The fields in their order, everything escaped that could mean something else.
    var encoded: String {
        var bytes: [UInt8] = []
        for (name, value) in fields {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
            Self.append(name, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            Self.append(value, to: &bytes)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func == (left: Form, right: Form) -> Bool {
        left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.value == $1.value }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }

    private static func decoded(_ bytes: [UInt8]) -> String? {
        let (plain, hasBrokenEscape) = FormText.decoded(bytes)
        return hasBrokenEscape ? nil : String(validating: plain, as: UTF8.self)
    }
}
