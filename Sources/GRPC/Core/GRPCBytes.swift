import GRPCShim

extension [UInt8] {
    /// The bytes for the time of the call; never NULL, which would mean that there are none.
    func withGRPCBytes<Result>(_ body: (mlt_grpc_bytes) -> Result) -> Result {
        withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else { return withEmptyGRPCBytes(body) }
            return body(mlt_grpc_bytes(start: start.assumingMemoryBound(to: CChar.self), count: bytes.count))
        }
    }

    /// Reads a message of the size into a new array.
    init(grpcMessage size: Int, fill: (UnsafeMutablePointer<CChar>?, Int) -> Int) {
        self.init(unsafeUninitializedCapacity: size) { room, filled in
            filled = room.withMemoryRebound(to: CChar.self) { fill($0.baseAddress, $0.count) }
        }
    }
}

extension String {
    func withGRPCBytes<Result>(_ body: (mlt_grpc_bytes) -> Result) -> Result { Array(utf8).withGRPCBytes(body) }

    /// What is no UTF-8 is replaced: it came from outside.
    init(_ bytes: mlt_grpc_bytes) {
        self =
            bytes.start.map { start in
                String(decoding: UnsafeRawBufferPointer(start: start, count: bytes.count), as: UTF8.self)
            } ?? ""
    }
}

private func withEmptyGRPCBytes<Result>(_ body: (mlt_grpc_bytes) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1) { room in body(mlt_grpc_bytes(start: room.baseAddress, count: 0)) }
}
