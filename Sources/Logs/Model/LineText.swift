import Primitives

/// Makes of whatever a source gives a line as Loki takes it.
enum LineText {
    /// UTF-8 of at most `limit` bytes, without what ends a line; one that was cut says so at its end.
    static func line(_ bytes: [UInt8], limit: Int) -> (line: [UInt8], isCut: Bool) {
        var end = bytes.count
        while end > 0, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
        // Half a character at the cut is mended along with the others, so that a few bytes more may be needed.
        guard end > limit else {
            let line = end == bytes.count ? bytes : Array(bytes[..<end])
            let mended = repairedUTF8(line) ?? line
            return mended.count <= limit ? (mended, false) : cut(mended, from: end, limit: limit)
        }
        return cut(bytes, from: end, limit: limit)
    }

    private static func cut(_ bytes: [UInt8], from count: Int, limit: Int) -> (line: [UInt8], isCut: Bool) {
        let mark = Array(" [cut: the line has \(count) bytes]".utf8)
        var end = max(0, min(bytes.count, limit - mark.count))
        // Not inside a character.
        while end > 0, end < bytes.count, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        var line = Array(bytes[..<end])
        if let mended = repairedUTF8(line) {
            line = mended
            if line.count > limit - mark.count { return cut(line, from: count, limit: limit) }
        }
        return (line + mark, true)
    }
}
