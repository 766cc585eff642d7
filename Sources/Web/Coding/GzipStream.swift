package import Primitives
import ZlibShim

/// Compresses a stream into gzip.
package final class GzipStream {
    private let gzip: OpaquePointer
    package let output = HeapBytes(reservingBytes: 32 << 10)

    /// - Parameter level: 1 is where text exposition gains most for its time; 9 is for what is compressed once and sent often.
    package init(level: Int32 = 1) throws(Failure) {
        guard let gzip = mlt_gzip_new(level) else { throw Failure(.limit, "no memory for a gzip stream") }
        self.gzip = gzip
    }

    deinit { mlt_gzip_free(gzip) }

    package func write(_ bytes: [UInt8]) { step(bytes, finish: false) }

    /// Writes the end of the stream; `output` is then complete.
    package func finish() { step([], finish: true) }

    private func step(_ bytes: [UInt8], finish: Bool) {
        bytes.withUnsafeBufferPointer { source in
            var input = source.baseAddress
            var inputLeft = source.count
            var moving = true
            while moving {
                moving = false  // stays so when there is no memory for more room
                output.append(upTo: 32 << 10) { room in
                    var target = room.baseAddress
                    var left = room.count
                    let result = mlt_gzip_step(gzip, &input, &inputLeft, &target, &left, finish ? 1 : 0)
                    // A full room may hide more output; an end or an error does not.
                    moving = result == 0 && (inputLeft > 0 || left == 0)
                    return room.count - left
                }
            }
        }
    }
}

/// What an `Accept-Encoding` header allows.
package enum ContentCoding {
    /// Whether gzip is accepted: named (or by `*`) with a weight other than 0.
    package static func acceptsGzip(_ header: String?) -> Bool {
        guard let header else { return false }
        var byStar = false
        for item in header.split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            guard let name = parts.first else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            if name == "gzip" || name == "x-gzip" { return weight > 0 }
            if name == "*" { byStar = weight > 0 }
        }
        return byStar
    }
}
