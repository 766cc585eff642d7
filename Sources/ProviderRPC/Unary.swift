import Primitives
import Protobuf
import RPC

/// A method of messages as a method of bytes.
func unary<Request: ProtobufMessage, Response: ProtobufMessage>(
    _ body: @escaping @Sendable (Request, RPCCall) async throws(RPCError) -> Response
) -> RPCService.Method {
    { (bytes, call) throws(RPCError) in
        // As servers of other languages answer.
        let request: Request = try read("request", bytes)
        return try await body(request, call).protobuf
    }
}

private func read<Message: ProtobufMessage>(_ what: StaticString, _ bytes: [UInt8]) throws(RPCError) -> Message {
    do {
        return try Message(protobuf: bytes)
    } catch {
        throw RPCError(.internal, "the \(what) cannot be read: \(error.message)", cause: error)
    }
}

/// Calls methods of bytes with messages.
struct UnaryCaller: Sendable {
    private let transport: any RPCTransport
    private let observer: RPCObserver?

    init(_ transport: any RPCTransport, _ observer: RPCObserver?) {
        self.transport = transport
        self.observer = observer
    }

    func call<Request: ProtobufMessage, Response: ProtobufMessage>(
        _ path: String, _ request: Request, _ options: RPCOptions, defaultSeconds: Double
    ) async throws(RPCError) -> Response {
        let start = ContinuousClock.now
        let deadline = options.deadline ?? .after(seconds: defaultSeconds)
        do {
            let answer = try await transport.call(path, request.protobuf, by: deadline, metadata: options.metadata)
            let response: Response = try read("answer", answer)
            tell(path, .ok, start)
            return response
        } catch {
            tell(path, error.code, start)
            throw error
        }
    }

    private func tell(_ path: String, _ code: RPCCode, _ start: ContinuousClock.Instant) {
        guard let observer, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return }
        observer(String(path[path.utf8.index(after: slash)...]), code, ContinuousClock.now - start)
    }
}
