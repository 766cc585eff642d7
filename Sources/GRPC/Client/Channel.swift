import GRPCShim
import Primitives

/// gRPC's connections to one server with one certificate; freed when its last call is over.
final class Channel: Sendable {
    let handle: Handle

    /// - Parameter material: for a network; nil for a socket in the file system.
    init(_ place: GRPCPlace, _ material: TLSMaterial?, _ settings: GRPCClientSettings) throws(Failure) {
        let target = try place.target
        var limits = settings.limits
        var made: OpaquePointer?
        switch (place, material) {
        case (.network(let host, _, _, let expectedName), .some(let material)):
            made = (material.certificate + [0]).withCharacters { certificate in
                (material.key + [0]).withCharacters { key in
                    (material.authorities + [0]).withCharacters { authorities in
                        mlt_grpc_channel_to_network(target, certificate, key, authorities, expectedName ?? host, &limits)
                    }
                }
            }
        case (.file, _): made = mlt_grpc_channel_to_file(target, &limits)
        case (.network, nil): break
        }
        guard let handle = Handle(made) else { throw Failure(.environment, "gRPC cannot make a client of \(place)") }
        self.handle = handle
    }

    deinit { mlt_grpc_channel_free(handle.pointer) }
}

extension [UInt8] {
    fileprivate func withCharacters<Result>(_ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        withUnsafeBytes { body($0.baseAddress?.assumingMemoryBound(to: CChar.self)) }
    }
}

extension GRPCClientSettings {
    fileprivate var limits: mlt_grpc_channel_settings {
        func milliseconds(_ seconds: Double) -> Int32 { Int32((seconds * 1000).clamped(to: 1...2e9)) }
        return mlt_grpc_channel_settings(
            max_message: Int32(clamping: messageLimitBytes), max_metadata: Int32(clamping: metadataLimitBytes),
            keepalive_ms: milliseconds(keepaliveSeconds), keepalive_timeout_ms: milliseconds(keepaliveTimeoutSeconds),
            connect_ms: milliseconds(connectSeconds), backoff_ms: milliseconds(firstBackoffSeconds),
            max_backoff_ms: milliseconds(longestBackoffSeconds))
    }
}
