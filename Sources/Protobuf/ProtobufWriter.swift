/// Bytes of a message that is being written.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ more: [UInt8]) { bytes += more }

    mutating func tag(_ number: Int32, _ wire: WireType) {
        varint(UInt64(UInt32(truncatingIfNeeded: number)) &<< 3 | UInt64(wire.rawValue))
    }

    mutating func value<Value>(_ number: Int32, _ coding: Coding<Value>, _ value: Value) {
        tag(number, coding.wire)
        coding.write(value, &self)
    }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func fixed32(_ value: UInt32) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func fixed64(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func delimited(_ content: [UInt8]) {
        varint(UInt64(content.count))
        bytes += content
    }

    mutating func delimited(_ text: String) {
        varint(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Writes what `body` writes, with its length before it.
    mutating func delimited(_ body: (inout ProtobufWriter) -> Void) {
        // Most lengths take a byte; of the others the content is moved once it is there.
        let place = bytes.count
        bytes.append(0)
        body(&self)
        let count = bytes.count - place - 1
        if count < 0x80 {
            bytes[place] = UInt8(truncatingIfNeeded: count)
        } else {
            var length = ProtobufWriter()
            length.varint(UInt64(count))
            bytes.replaceSubrange(place...place, with: length.bytes)
        }
    }
}
