import Primitives

/// A file of /proc/spl/kstat: rows of numbers, and some of text.
///
///     31 1 0x01 147 39984 1200345 998877665544
///     name                            type data
///     hits                            4    5512003
struct KstatFile: Sendable {
    /// The most that a file may have; the largest that ZFS writes of this kind has a tenth of that.
    static let limitBytes = 256 << 10

    private let bytes: [UInt8]
    /// Where the rows begin.
    private let start: Int
    /// Behind the last line that is whole: what was cut in the midst of a number would be another number.
    private let end: Int

    /// Errors: it is not what such a file looks like.
    init(parsing bytes: [UInt8]) throws(Failure) {
        guard let last = bytes.lastIndex(of: Self.lineFeed) else { throw Failure(.malformed, "no line is whole") }
        end = last + 1
        guard let first = bytes.firstIndex(of: Self.lineFeed), let second = bytes[(first + 1)...].firstIndex(of: Self.lineFeed) else {
            throw Failure(.malformed, "the header is missing")
        }
        let kind = Self.words(bytes[..<first], atMost: 3)
        let head = Self.words(bytes[(first + 1)..<second], atMost: 4)
        guard kind.count > 1, kind[1].elementsEqual("1".utf8), head.count == 3, head[0].elementsEqual("name".utf8) else {
            throw Failure(.malformed, "the header is not that of named statistics")
        }
        start = second + 1
        self.bytes = bytes
    }

    /// Calls `body` with each number; what is none, or more than 64 bits hold, is left out.
    func forEachNumber(_ body: (_ name: String, _ value: Double) -> Void) {
        forEachRow { name, type, value in
            // 1 to 6 are whole numbers of 32 bits, of 64 and of a word, with a sign and without.
            guard type.count == 1, let kind = type.first, (0x31...0x36).contains(kind) else { return }
            guard let number = Self.number(Self.trimmed(value)) else { return }
            body(String(decoding: name, as: UTF8.self), number)
        }
    }

    /// The text of the first row of that name: the rest of the line, which may hold spaces.
    func text(_ name: StaticString) -> String? {
        var found: String?
        forEachRow { key, type, value in
            guard found == nil, type.elementsEqual("7".utf8),
                key.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
            else { return }
            found = String(decoding: value, as: UTF8.self)
        }
        return found
    }

    private func forEachRow(_ body: (_ name: ArraySlice<UInt8>, _ type: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        var rest = bytes[min(start, end)..<end]
        while let lineEnd = rest.firstIndex(of: Self.lineFeed) {
            let line = rest[..<lineEnd]
            rest = rest[(lineEnd + 1)...]
            let nameEnd = line.firstIndex(of: Self.space) ?? line.endIndex
            let type = line[nameEnd...].drop { $0 == Self.space }
            let typeEnd = type.firstIndex(of: Self.space) ?? type.endIndex
            let value = type[typeEnd...].drop { $0 == Self.space }
            if nameEnd > line.startIndex, !value.isEmpty { body(line[..<nameEnd], type[..<typeEnd], value) }
        }
    }

    // MARK: words and numbers

    private static let lineFeed = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")

    /// What stands between spaces.
    static func words(_ line: ArraySlice<UInt8>, atMost limit: Int) -> [ArraySlice<UInt8>] {
        line.split(separator: space, maxSplits: limit, omittingEmptySubsequences: true).prefix(limit).map { $0 }
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let last = text.last, last <= space { text.removeLast() }
        return text
    }

    /// A whole number within 64 bits, with a sign or without.
    static func number(_ text: ArraySlice<UInt8>) -> Double? {
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = isNegative ? text.dropFirst() : text
        guard !digits.isEmpty, digits.count <= 20 else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooLargeToo) = tens.addingReportingOverflow(UInt64(digit - 0x30))
            guard !isTooLarge, !isTooLargeToo else { return nil }
            value = sum
        }
        return isNegative ? -Double(value) : Double(value)
    }
}
