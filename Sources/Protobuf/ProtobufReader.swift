import Primitives

/// Reads the parts of a message, never past the end of what it stands in.
struct ProtobufReader {
    /// What is being read, for errors.
    struct Place {
        var message: String
        /// 0 while no field has begun.
        var number: Int32
    }

    struct Tag {
        let number: Int32
        let wire: WireType
    }

    /// Messages within messages, and groups within what is skipped, that are followed.
    static let depthLimit = 100

    private let bytes: [UInt8]
    private(set) var position = 0
    private var end: Int
    private var depth = 0
    var place = Place(message: "", number: 0)

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        end = bytes.count
    }

    var isAtEnd: Bool { position == end }

    /// All that was read since.
    func bytes(from start: Int) -> ArraySlice<UInt8> { bytes[start..<position] }

    mutating func varint() throws(Failure) -> UInt64 {
        if position < end, bytes[position] < 0x80 {
            defer { position += 1 }
            return UInt64(bytes[position])
        }
        return try varint(limitBytes: 10)
    }

    private mutating func varint(limitBytes: Int) throws(Failure) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        while position - start < limitBytes {
            guard position < end else { throw fault("a number is cut off", at: start) }
            let byte = bytes[position]
            // Of the tenth byte one bit is left, and what is more of it is dropped as others do.
            value |= UInt64(byte & 0x7F) &<< UInt64(7 * (position - start))
            position += 1
            if byte < 0x80 { return value }
        }
        throw fault("a number has more than \(limitBytes) bytes", at: start)
    }

    mutating func tag() throws(Failure) -> Tag {
        let start = position
        place.number = 0
        let value = try varint(limitBytes: 5)
        guard value <= UInt32.max else { throw fault("the number of a field is too great", at: start) }
        let number = Int32(truncatingIfNeeded: value >> 3)
        place.number = number
        guard number > 0 else { throw fault("a field has the number 0", at: start) }
        guard let wire = WireType(rawValue: UInt8(truncatingIfNeeded: value & 7)) else {
            throw fault("there is no wire type \(value & 7)", at: start)
        }
        return Tag(number: number, wire: wire)
    }

    mutating func fixed32() throws(Failure) -> UInt32 {
        guard end - position >= 4 else { throw fault("a number of four bytes is cut off") }
        defer { position += 4 }
        return bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt32.self)) }
    }

    mutating func fixed64() throws(Failure) -> UInt64 {
        guard end - position >= 8 else { throw fault("a number of eight bytes is cut off") }
        defer { position += 8 }
        return bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt64.self)) }
    }

    private mutating func length() throws(Failure) -> Int {
        let start = position
        let value = try varint(limitBytes: 5)
        guard value <= end - position else {
            throw fault("\(value) bytes are announced and \(end - position) are left", at: start)
        }
        return Int(value)
    }

    mutating func delimited() throws(Failure) -> ArraySlice<UInt8> {
        let count = try length()
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func text() throws(Failure) -> String {
        let start = position
        guard let text = String(validating: try delimited(), as: UTF8.self) else { throw fault("a text is not UTF-8", at: start) }
        return text
    }

    /// Reads a length and makes its end the end, until `leave`.
    /// - Returns: the end that was.
    mutating func enter() throws(Failure) -> Int {
        let count = try length()
        defer { end = position + count }
        return end
    }

    mutating func leave(to outer: Int) { end = outer }

    mutating func descend() throws(Failure) {
        guard depth < Self.depthLimit else {
            throw fault("messages stand in each other more than \(Self.depthLimit) deep", code: .limit)
        }
        depth += 1
    }

    mutating func ascend() { depth -= 1 }

    /// Steps over the content of a field.
    mutating func skip(_ tag: Tag) throws(Failure) {
        switch tag.wire {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed64()
        case .fixed32: _ = try fixed32()
        case .length: _ = try delimited()
        case .endGroup: throw fault("a group ends that did not begin")
        case .startGroup:
            try descend()
            while true {
                guard !isAtEnd else { throw fault("a group has no end") }
                let inner = try self.tag()
                if inner.wire == .endGroup {
                    guard inner.number == tag.number else { throw fault("a group ends as another one") }
                    break
                }
                try skip(inner)
            }
            ascend()
        }
    }

    func fault(_ problem: String, at offset: Int? = nil, code: Failure.Code = .malformed) -> Failure {
        let field = place.number == 0 ? "" : " field \(place.number)"
        return Failure(code, "not a message \(place.message): byte \(offset ?? position)\(field): \(problem)")
    }
}
