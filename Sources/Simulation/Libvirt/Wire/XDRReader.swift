/// Reads what XDR (RFC 4506) has written: big-endian, in steps of four bytes.
///
/// Bytes come from anybody: what is cut short, too long or out of range throws, and nothing is allocated that was not sent.
struct XDRReader {
    /// Why bytes are not what they should be.
    enum Problem: Error, Equatable {
        case cutShort
        /// A length or a number past what the protocol allows.
        case outOfRange
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// Bytes that have not been read yet.
    var remaining: Int { bytes.endIndex - position }

    mutating func unsignedInteger() throws(Problem) -> UInt32 {
        let word = try take(4)
        return word.reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func integer() throws(Problem) -> Int32 { Int32(bitPattern: try unsignedInteger()) }

    mutating func unsignedHyper() throws(Problem) -> UInt64 {
        let word = try take(8)
        return word.reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func hyper() throws(Problem) -> Int64 { Int64(bitPattern: try unsignedHyper()) }

    mutating func double() throws(Problem) -> Double { Double(bitPattern: try unsignedHyper()) }

    /// Errors: a number that is neither 0 nor 1.
    mutating func boolean() throws(Problem) -> Bool {
        switch try unsignedInteger() {
        case 0: false
        case 1: true
        default: throw .outOfRange
        }
    }

    /// So many bytes, as both sides know.
    mutating func fixedOpaque(_ count: Int) throws(Problem) -> [UInt8] {
        let taken = Array(try take(count))
        try skipPadding(after: count)
        return taken
    }

    /// Bytes with their count before them.
    mutating func opaque(limit: Int) throws(Problem) -> [UInt8] {
        try fixedOpaque(try count(limit: limit, eachAtLeast: 1))
    }

    /// Text with its count before it; what is no UTF-8 is repaired.
    mutating func string(limit: Int = LibvirtProtocol.stringLimit) throws(Problem) -> String {
        String(decoding: try opaque(limit: limit), as: UTF8.self)
    }

    mutating func optionalString() throws(Problem) -> String? { try boolean() ? try string() : nil }

    /// How many elements follow.
    ///
    /// - Parameter least: bytes that each of them takes at least, so that nobody makes room for what was not sent.
    mutating func count(limit: Int, eachAtLeast least: Int) throws(Problem) -> Int {
        let count = Int(try unsignedInteger())
        guard count <= limit else { throw .outOfRange }
        guard count <= remaining / max(1, least) else { throw .cutShort }
        return count
    }

    private mutating func take(_ count: Int) throws(Problem) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw .cutShort }
        defer { position += count }
        return bytes[position..<(position + count)]
    }

    private mutating func skipPadding(after count: Int) throws(Problem) { _ = try take((4 - count % 4) % 4) }
}
