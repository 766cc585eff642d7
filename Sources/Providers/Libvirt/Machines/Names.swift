import Primitives
import RPC

/// Names of what is made.
enum Names {
    /// A machine's name becomes part of names of files and of a command line.
    ///
    /// Errors: `invalidArgument`.
    static func check(_ name: String, of kind: String, field: String) throws(RPCError) {
        guard !name.isEmpty else { throw RPCError(.invalidArgument, "\(field): is empty") }
        guard name.utf8.count <= 100, name.utf8.allSatisfy(isPlain), let first = name.first, first != "-", first != "." else {
            throw RPCError(
                .invalidArgument,
                "\(field): \"\(name)\" is no name for a \(kind): at most 100 letters, digits, hyphens, dots and underscores, and a letter or digit first"
            )
        }
    }

    /// The same of a machine: volumes begin with its name, and none may look like what an operation leaves beside an image.
    ///
    /// Errors: `invalidArgument`.
    static func checkMachine(_ name: String, field: String) throws(RPCError) {
        try check(name, of: "machine", field: field)
        guard !ImageStore.isPart(name) else {
            throw RPCError(
                .invalidArgument,
                "\(field): \"\(name)\" has \(ImageStore.partMark) in it, as what is kept beside images; choose another name")
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// A name for a file, with a hyphen for each byte that has no place in one.
    static func file(_ text: String) -> String {
        var name = String(decoding: text.utf8.map { isPlain($0) ? $0 : UInt8(ascii: "-") }.prefix(120), as: UTF8.self)
        while let first = name.first, first == "." || first == "-" { name.removeFirst() }
        return name.isEmpty ? "image" : name
    }

    /// `web1-1f2e3d4c-root.qcow2`: whose it is and of which life of that name.
    static func volume(_ machine: String, _ uuid: String, _ part: String, _ ending: String) -> String {
        "\(stem(machine, uuid))\(part).\(ending)"
    }

    /// How the names of all volumes begin that are made for a machine.
    static func stem(_ machine: String, _ uuid: String) -> String { "\(machine)-\(uuid.prefix(8))-" }

    /// SHA-256 in hex.
    static func digest(_ text: String) -> String { SHA256.hex(Array(text.utf8)) }

    /// A new machine's UUID, of version 4.
    static func uuid() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [hex[0..<4], hex[4..<6], hex[6..<8], hex[8..<10], hex[10..<16]].map { $0.joined() }.joined(separator: "-")
    }

    /// The address of a machine's card, in QEMU's range: the same each time, so that an operation that is begun again gives it again.
    static func mac(_ uuid: String, card: Int) -> String {
        let digits = Array(digest("\(uuid) \(card)").utf8.prefix(6))
        let pairs = stride(from: 0, to: 6, by: 2).map { String(decoding: digits[$0..<($0 + 2)], as: UTF8.self) }
        return "52:54:00:" + pairs.joined(separator: ":")
    }
}
