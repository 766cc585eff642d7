package import Primitives
import ZlibShim

/// Unpacks gzip.
package enum Gunzip {
    /// Errors: `malformed` for what is no gzip or breaks off, `limit` for more than `limitBytes`, which a small body may unpack to.
    package static func bytes(_ packed: [UInt8], limitBytes: Int) throws(Failure) -> [UInt8] {
        guard let gunzip = mlt_gunzip_new() else { throw Failure(.limit, "no memory to unpack gzip") }
        defer { mlt_gunzip_free(gunzip) }
        var unpacked: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 64 << 10)
        var left = packed.count
        var isAtEnd = false
        // A full room may hide more, also when all input was taken.
        var isFull = false
        while left > 0 || isFull {
            let before = left
            let (result, count) = step(gunzip, packed, &left, &room)
            guard result >= 0 else { throw Failure(.malformed, "the body is no gzip") }
            if result == 0, count == 0, left == before { break }
            guard unpacked.count + count <= limitBytes else { throw Failure(.limit, "the body unpacks to more than \(limitBytes) bytes") }
            unpacked += room[..<count]
            isAtEnd = result == 1
            isFull = count == room.count && !isAtEnd
        }
        guard isAtEnd else { throw Failure(.malformed, "the gzip of the body breaks off") }
        return unpacked
    }

    private static func step(_ gunzip: OpaquePointer, _ packed: [UInt8], _ left: inout Int, _ room: inout [UInt8]) -> (
        result: Int32, count: Int
    ) {
        packed.withUnsafeBufferPointer { source in
            room.withUnsafeMutableBufferPointer { room in
                var input = source.baseAddress.map { $0 + (source.count - left) }
                var output = room.baseAddress
                var roomLeft = room.count
                let result = mlt_gunzip_step(gunzip, &input, &left, &output, &roomLeft)
                return (result, room.count - roomLeft)
            }
        }
    }
}
