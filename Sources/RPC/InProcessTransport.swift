package import Primitives

/// A transport that calls services of this process. Messages cross as bytes, limits hold and a deadline cuts, as over a network, so that everything
/// above is tested without one.
package struct InProcessTransport: RPCTransport {
    private let router: RPCRouter

    package init(_ services: [RPCService]) { router = RPCRouter(services) }

    package func call(_ path: String, _ message: [UInt8], by deadline: Deadline, metadata: RPCMetadata) async throws(RPCError) -> [UInt8] {
        try await router.answer(message, RPCCall(path: path, deadline: deadline, metadata: metadata))
    }
}
