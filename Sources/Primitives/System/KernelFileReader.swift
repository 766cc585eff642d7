import Glibc
import SystemShim

/// Reads many small files of /proc and /sys, one after the other, through one piece of memory. For one thread.
package final class KernelFileReader {
    private var room: UnsafeMutableRawBufferPointer
    /// Files opened so far.
    package private(set) var filesOpened = 0

    private static let limitBytes = 1 << 20

    package init() { room = .allocate(byteCount: 16 << 10, alignment: 16) }

    deinit { room.deallocate() }

    /// Hands the bytes to `body`, which must not keep them; nil when the file is not there, is no file (a pipe
    /// would hold us up), cannot be read or has more than a mebibyte.
    package func read<Result>(_ path: String, _ body: (KernelText) -> Result?) -> Result? {
        let descriptor = mlt_open_regular(path)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        filesOpened += 1
        var filled = 0
        while true {
            if filled == room.count {
                guard room.count < Self.limitBytes else { return nil }
                let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: room.count * 4, alignment: 16)
                larger.copyMemory(from: UnsafeRawBufferPointer(room))
                room.deallocate()
                room = larger
            }
            guard let start = room.baseAddress else { return nil }
            let count = Glibc.read(descriptor, start + filled, room.count - filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            filled += count
        }
        return body(KernelText(UnsafeRawBufferPointer(rebasing: room[..<filled])))
    }

    /// The only number of a file; nil for `max` and whatever else is none.
    package func number(_ path: String) -> UInt64? {
        read(path) { text in
            var text = text
            return text.nextWord()?.number
        }
    }

    /// The totals of a file of pressure stall information, in seconds: time in which some tasks waited, and in which all did. Nil when there is
    /// no such file, or it says nothing.
    package func pressure(_ path: String) -> (some: Double?, full: Double?)? {
        read(path) { text in
            // `some avg10=0.00 avg60=0.00 avg300=0.00 total=1234`, and perhaps the same of `full`.
            var text = text
            var found: (some: Double?, full: Double?) = (nil, nil)
            while var line = text.nextLine() {
                guard let kind = line.nextWord() else { continue }
                var total: Double?
                while var word = line.nextWord() {
                    if let key = word.next(before: UInt8(ascii: "=")), key == "total" { total = word.number.map { Double($0) / 1e6 } }
                }
                if kind == "some" { found.some = total } else if kind == "full" { found.full = total }
            }
            return found.some == nil && found.full == nil ? nil : found
        }
    }
}

/// Text as the kernel writes it: lines of words and numbers. Points into memory that its reader uses again.
package struct KernelText {
    private var bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// For tests and what is in memory already.
    package static func reading<Result>(_ bytes: [UInt8], _ body: (KernelText) -> Result) -> Result {
        bytes.withUnsafeBytes { body(KernelText($0)) }
    }

    package var isEmpty: Bool { bytes.isEmpty }

    /// The next line, without its end; nil when there is none.
    package mutating func nextLine() -> KernelText? {
        guard !bytes.isEmpty else { return nil }
        let end = bytes.firstIndex(of: 0x0A) ?? bytes.endIndex
        let line = KernelText(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
        bytes = UnsafeRawBufferPointer(rebasing: bytes[min(end + 1, bytes.endIndex)...])
        return line
    }

    /// What stands before the next blank; nil when there is no more.
    package mutating func nextWord() -> KernelText? {
        guard let start = bytes.firstIndex(where: { $0 > 0x20 }) else { return nil }
        let end = bytes[start...].firstIndex { $0 <= 0x20 } ?? bytes.endIndex
        let word = KernelText(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        bytes = UnsafeRawBufferPointer(rebasing: bytes[end...])
        return word
    }

    /// What stands before a letter, which is taken away with it; nil when the letter is not there.
    package mutating func next(before letter: UInt8) -> KernelText? {
        guard let end = bytes.firstIndex(of: letter) else { return nil }
        let part = KernelText(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
        bytes = UnsafeRawBufferPointer(rebasing: bytes[(end + 1)...])
        return part
    }

    /// A whole number of 64 bits without a sign.
    package var number: UInt64? {
        guard !bytes.isEmpty, bytes.count <= 20 else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else { return nil }
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooLargeToo) = tens.addingReportingOverflow(UInt64(byte - 0x30))
            guard !isTooLarge, !isTooLargeToo else { return nil }
            value = sum
        }
        return value
    }

    package var string: String { String(decoding: bytes, as: UTF8.self) }

    package static func == (text: KernelText, word: StaticString) -> Bool {
        guard text.bytes.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<text.bytes.count where text.bytes[index] != word.utf8Start[index] { return false }
        return true
    }

    /// Lets a `switch` over literals choose a word.
    package static func ~= (word: StaticString, text: KernelText) -> Bool { text == word }

    /// Calls `body` with each `name number` of a file that has one on a line; what is no number is left out.
    package func forEachEntry(_ body: (_ name: KernelText, _ value: UInt64) -> Void) {
        var rest = self
        while var line = rest.nextLine() {
            guard let name = line.nextWord(), let value = line.nextWord()?.number else { continue }
            body(name, value)
        }
    }
}
