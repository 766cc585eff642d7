import Glibc

/// Reads the journal's export format as a pipe gives it: `NAME=value` in a line of its own; or the name alone, where the value may hold anything, then its
/// length in eight bytes and the value; and an empty line behind each entry.
///
/// It costs journalctl less than half of what JSON does, and what is no text needs no numbers for its bytes.
struct ExportReader {
    private var rest: [UInt8] = []
    private var fields = JournalFields()
    /// Of a value that is longer than the limit, what is still to come; nil in a line whose end is not known.
    private var skipping: Int? = 0
    private let limit: Int

    /// - Parameter limit: of one value; a longer one is left out, and its entry says so.
    init(limit: Int) { self.limit = limit }

    /// Calls `body` with each entry that is complete; with nil for what is none.
    mutating func take(_ piece: UnsafeRawBufferPointer, _ body: (JournalEntry?) -> Void) {
        rest.append(contentsOf: piece)
        let used = rest.withUnsafeBytes { bytes in
            var place = 0
            while let next = Self.step(bytes, place, limit, &fields, &skipping, body) { place = next }
            return place
        }
        rest.removeFirst(used)
    }

    /// Reads what begins at `place` and says where the next begins; nil when that is not all there yet.
    private static func step(
        _ bytes: UnsafeRawBufferPointer, _ place: Int, _ limit: Int, _ fields: inout JournalFields, _ skipping: inout Int?,
        _ body: (JournalEntry?) -> Void
    ) -> Int? {
        guard place < bytes.count, let start = bytes.baseAddress else { return nil }
        if let left = skipping, left > 0 {
            let count = min(left, bytes.count - place)
            skipping = left - count
            return place + count
        }
        guard let found = memchr(start + place, 0x0A, bytes.count - place) else {
            guard skipping == nil || bytes.count - place > limit else { return nil }
            (skipping, fields.isEndless) = (nil, true)
            return bytes.count
        }
        let end = UnsafeRawPointer(found) - start
        if skipping == nil {
            skipping = 0
            return end + 1
        }
        guard end > place else {
            if !fields.isEmpty { body(fields.entry) }
            fields = JournalFields()
            return end + 1
        }
        guard end - place <= limit else {
            fields.isEndless = true
            return end + 1
        }
        if let sign = memchr(start + place, Int32(UInt8(ascii: "=")), end - place) {
            let equals = UnsafeRawPointer(sign) - start
            fields.take(
                UnsafeRawBufferPointer(rebasing: bytes[place..<equals]), UnsafeRawBufferPointer(rebasing: bytes[(equals + 1)..<end]))
            return end + 1
        }
        let value = end + 9
        guard value <= bytes.count else { return nil }
        let length = bytes.loadUnaligned(fromByteOffset: end + 1, as: UInt64.self).littleEndian
        guard length <= UInt64(limit) else {
            fields.isEndless = true
            skipping = length < 1 << 40 ? 8 + Int(length) + 1 : .max
            return end + 1
        }
        let behind = value + Int(length)
        guard behind < bytes.count else { return nil }
        fields.take(UnsafeRawBufferPointer(rebasing: bytes[place..<end]), UnsafeRawBufferPointer(rebasing: bytes[value..<behind]))
        return behind + 1
    }
}
