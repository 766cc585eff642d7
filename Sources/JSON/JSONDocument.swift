package import Primitives
import SimdJSONShim

/// A parsed JSON document. Values point into it and are used inside `withRoot`.
package struct JSONDocument: ~Copyable {
    private let parser: OpaquePointer
    private let root: mlt_json_place

    /// Past what any caller lets through. Of a hostile document each byte may cost 12 bytes of memory.
    private static let sizeLimit = 64 << 20

    /// Parses the bytes. Sequences that are not UTF-8 and escapes that name no character become U+FFFD; a whole number past 64 bits is
    /// read as the nearest Double; a number past any Double, and a bare `NaN` or `Infinity`, is null.
    ///
    /// Errors: `malformed`, or `limit` for a document larger than 64 MiB or nested past `depth`.
    package init(parsing bytes: [UInt8], depth: Int = 64) throws(Failure) {
        guard bytes.count <= Self.sizeLimit else { throw Failure(.limit, "JSON larger than \(Self.sizeLimit) bytes") }
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
        var reason = message.map { String(cString: $0) } ?? ""
        // A sentence there, part of one here.
        while reason.hasSuffix(".") { reason.removeLast() }
        switch failure {
        case mlt_json_ok: return place
        case mlt_json_too_deep: throw Failure(.limit, "JSON nested deeper than \(depth)")
        case mlt_json_too_large: throw Failure(.limit, "JSON too large: \(reason)")
        default:
            let mended = mayRepair ? JSONRepair.mended(bytes) : bytes
            guard mended != bytes else { throw Failure(.malformed, "not JSON: \(reason)") }
            return try parse(mended, depth: depth, with: parser, mayRepair: false)
        }
    }
}
