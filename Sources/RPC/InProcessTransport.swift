package import Primitives

/// A transport that calls services of this process. Messages cross as bytes and a deadline cuts, as over a network, so that everything above is
/// tested without one.
package struct InProcessTransport: RPCTransport {
    private let services: [RPCService]

    package init(_ services: [RPCService]) { self.services = services }

    package func call(_ path: String, _ message: [UInt8], by deadline: Deadline, metadata: RPCMetadata) async throws(RPCError) -> [UInt8] {
        guard let method = services.lazy.compactMap({ $0.method(atPath: path) }).first else {
            throw RPCError(.unimplemented, "there is no method \(path)")
        }
        return try await method(message, RPCCall(path: path, deadline: deadline, metadata: metadata))
    }
}
