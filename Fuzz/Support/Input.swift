/// An input of libFuzzer: what shall read it, and the bytes for that.
package struct Input {
    /// The first byte; 0 when there is none.
    package let choice: UInt8
    package let bytes: [UInt8]

    /// - Parameter start: the input, which is libFuzzer's and ends with the call.
    package init(_ start: UnsafePointer<UInt8>?, _ count: Int) {
        let all = UnsafeBufferPointer(start: start, count: count)
        choice = all.first ?? 0
        bytes = Array(all.dropFirst())
    }

    /// The bytes as text, with U+FFFD for what is none.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The text up to the first line feed, and behind it.
    package var halves: (first: String, second: String) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        return (String(decoding: parts[0], as: UTF8.self), parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : "")
    }
}
