/// A body that is made while it is sent, so that it is never in memory whole.
///
/// Unchecked: the pieces are asked for by one event loop, one after the other; nobody else touches them once they are in a response.
package final class BodyPieces: @unchecked Sendable {
    /// What is held until all of it is sent.
    let heldBytes: Int
    private let next: () -> [UInt8]?
    private var piece: ArraySlice<UInt8> = []

    /// - Parameter pieces: made one by one on the server's event loop, so each at once and of a few KiB.
    /// - Parameter heldBytes: what they are made of, about: as long as that is not sent it counts among the answers that have not been read.
    package init(_ pieces: some Sequence<[UInt8]> & Sendable, heldBytes: Int = 64 << 10) {
        self.heldBytes = heldBytes
        var iterator = pieces.makeIterator()
        next = { iterator.next() }
    }

    /// How many bytes come next, which are in the room then; 0 at the end.
    func fill(_ room: UnsafeMutableRawBufferPointer) -> Int {
        while piece.isEmpty {
            guard let next = next() else { return 0 }
            piece = next[...]
        }
        let count = min(piece.count, room.count)
        room.copyBytes(from: piece.prefix(count))
        piece = piece.dropFirst(count)
        return count
    }

    /// Everything that is left, for those who are no server.
    package func drain() -> [UInt8] {
        var bytes = Array(piece)
        piece = []
        while let next = next() { bytes += next }
        return bytes
    }
}
