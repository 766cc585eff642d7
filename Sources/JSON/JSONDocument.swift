package import Primitives
import SimdJSONShim

/// A parsed JSON document. Values point into it and are used inside `withRoot`.
package struct JSONDocument: ~Copyable {
    private let parser: OpaquePointer
    private let root: mlt_json_place

    /// Parses the bytes. Sequences that are not UTF-8 and escapes that name no character become U+FFFD.
    ///
    /// Errors: `malformed`, or `limit` for a document nested past `depth`.
    package init(parsing bytes: [UInt8], depth: Int = 64) throws(Failure) {
        guard let parser = mlt_json_new() else { throw Failure(.limit, "no memory for a JSON parser") }
        do {
            root = try Self.parse(bytes, depth: depth, with: parser, mayRepair: true)
            self.parser = parser
        } catch {
            mlt_json_free(parser)
            throw error
        }
    }

    deinit { mlt_json_free(parser) }

    package func withRoot<Result>(_ body: (JSONValue) throws -> Result) rethrows -> Result {
        try body(JSONValue(place: root))
    }

    private static func parse(
        _ bytes: [UInt8], depth: Int, with parser: OpaquePointer, mayRepair: Bool
    ) throws(Failure) -> mlt_json_place {
        var place = mlt_json_place()
        var message: UnsafePointer<CChar>?
        let failure = bytes.withUnsafeBufferPointer {
            mlt_json_parse(parser, $0.baseAddress, $0.count, depth, &place, &message)
        }
        let reason = message.map { String(cString: $0) } ?? ""
        switch failure {
        case mlt_json_ok: return place
        case mlt_json_bad_utf8 where mayRepair:
            return try parse(repaired(bytes), depth: depth, with: parser, mayRepair: false)
        case mlt_json_too_deep: throw Failure(.limit, "JSON nested deeper than \(depth)")
        case mlt_json_too_large: throw Failure(.limit, "JSON too large: \(reason)")
        default: throw Failure(.malformed, "not JSON: \(reason)")
        }
    }

    /// Bytes outside UTF-8 and lone surrogate escapes (`\ud800`) replaced by U+FFFD.
    private static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = repairedUTF8(bytes) ?? bytes
        var index = 0
        while index + 5 < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            guard let unit = escapedUnit(bytes, at: index) else {
                index += 2
                continue
            }
            let follows = escapedUnit(bytes, at: index + 6)
            if (0xD800..<0xDC00).contains(unit), let follows, (0xDC00..<0xE000).contains(follows) {
                index += 12
                continue
            }
            if (0xD800..<0xE000).contains(unit) { bytes.replaceSubrange(index + 2..<index + 6, with: Array("fffd".utf8)) }
            index += 6
        }
        return bytes
    }

    /// The code unit of a `\uXXXX` escape at `index`, if there is one.
    private static func escapedUnit(_ bytes: [UInt8], at index: Int) -> UInt16? {
        guard index + 5 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else { return nil }
        return UInt16(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16)
    }
}
