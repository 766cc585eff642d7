/// Takes messages out of what a client sends: four bytes of length, which count themselves, then header and payload.
struct LibvirtFraming {
    /// A length that no message has: what follows cannot be told apart any more.
    struct BadLength: Error, Equatable {
        let length: UInt32
    }

    private var bytes: [UInt8] = []
    /// What has been taken of them.
    private var start = 0

    /// Bytes that wait.
    var count: Int { bytes.count - start }

    mutating func append(_ received: some Collection<UInt8>) {
        if start == bytes.count || start > 1 << 20 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: received)
    }

    /// The next message without its length; nil until all of it is there.
    ///
    /// Errors: a length below that of a header, or above what is taken.
    mutating func next() throws(BadLength) -> ArraySlice<UInt8>? {
        guard count >= LibvirtProtocol.lengthBytes else { return nil }
        let length = bytes[start..<(start + LibvirtProtocol.lengthBytes)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let least = UInt32(LibvirtProtocol.lengthBytes + LibvirtProtocol.headerBytes)
        guard length >= least, length <= UInt32(LibvirtProtocol.messageLimit) else { throw BadLength(length: length) }
        guard count >= Int(length) else { return nil }
        defer { start += Int(length) }
        return bytes[(start + LibvirtProtocol.lengthBytes)..<(start + Int(length))]
    }
}
