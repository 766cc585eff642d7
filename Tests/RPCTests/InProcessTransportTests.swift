import Primitives
import RPC
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct InProcessTransportTests {
    private static func transport(_ method: @escaping RPCService.Method) -> InProcessTransport {
        InProcessTransport([RPCService(name: "a.v1.Other", methods: [:]), RPCService(name: "a.v1.Service", methods: ["One": method])])
    }

    /// What comes of a call of `/a.v1.Service/One`.
    private static func outcome(
        _ transport: InProcessTransport, _ message: [UInt8] = [], path: String = "/a.v1.Service/One", seconds: Double = 30,
        metadata: RPCMetadata = RPCMetadata()
    ) async -> Result<[UInt8], RPCError> {
        do throws(RPCError) {
            return .success(try await transport.call(path, message, by: .after(seconds: seconds), metadata: metadata))
        } catch {
            return .failure(error)
        }
    }

    private static func code(_ outcome: Result<[UInt8], RPCError>) -> RPCCode {
        switch outcome {
        case .success: .ok
        case .failure(let error): error.code
        }
    }

    @Test func `The method gets the message and what stands beside it, and its answer comes back`() async throws {
        let deadline = Deadline.after(seconds: 30)
        let metadata = RPCMetadata([("martlet-idempotency-key", "k")])
        let transport = Self.transport { (message, call) throws(RPCError) in
            guard call.path == "/a.v1.Service/One", call.deadline == deadline, call.metadata == metadata, call.peer == "in-process" else {
                throw RPCError(.internal, "\(call)")
            }
            return message.reversed()
        }
        #expect(try await transport.call("/a.v1.Service/One", [1, 2, 3], by: deadline, metadata: metadata) == [3, 2, 1])
    }

    @Test(arguments: RPCCode.allCases.dropFirst()) func `The method's error comes as it is`(_ code: RPCCode) async {
        let outcome = await Self.outcome(Self.transport { (_, _) throws(RPCError) in throw RPCError(code, "it was so") })
        guard case .failure(let error) = outcome else {
            Issue.record("no error")
            return
        }
        #expect(error.code == code)
        #expect(error.message == "it was so")
    }

    @Test(arguments: ["/a.v1.Service/Two", "/b.v1.Service/One", "/a.v1.Service", "", "nothing"])
    func `What is not there is not implemented`(_ path: String) async {
        #expect(Self.code(await Self.outcome(Self.transport { (message, _) throws(RPCError) in message }, path: path)) == .unimplemented)
    }

    @Test(arguments: [(4 << 20, RPCCode.ok), ((4 << 20) + 1, .resourceExhausted)])
    func `A request has four mebibytes at most, and one that has more reaches nobody`(_ size: Int, _ code: RPCCode) async {
        let door = Turnstile()
        door.open()
        let transport = Self.transport { (_, _) throws(RPCError) in
            await door.pass()
            return []
        }
        #expect(Self.code(await Self.outcome(transport, [UInt8](repeating: 0, count: size))) == code)
        #expect(door.total == (code == .ok ? 1 : 0))
    }

    @Test(arguments: [(4 << 20, RPCCode.ok), ((4 << 20) + 1, .resourceExhausted)])
    func `An answer has four mebibytes at most`(_ size: Int, _ code: RPCCode) async {
        let transport = Self.transport { (_, _) throws(RPCError) in [UInt8](repeating: 0, count: size) }
        #expect(Self.code(await Self.outcome(transport)) == code)
    }

    @Test func `A method that does not heed its cancellation is left when time is up`() async {
        let door = Turnstile()
        let ended = OneAnswer<Bool>()
        let transport = Self.transport { (_, _) throws(RPCError) in
            await door.pass()
            ended.give(Task.isCancelled)
            return []
        }
        #expect(Self.code(await Self.outcome(transport, seconds: 0.05)) == .deadlineExceeded)
        door.open()
        #expect(await ended.value, "it was told")
    }

    @Test func `A method is not begun when time is up already`() async {
        let door = Turnstile()
        door.open()
        let transport = Self.transport { (_, _) throws(RPCError) in
            await door.pass()
            return []
        }
        #expect(Self.code(await Self.outcome(transport, seconds: 0)) == .deadlineExceeded)
        #expect(door.total == 0)
    }

    @Test func `Who cancels a call is not kept, and the method is cancelled`() async {
        let door = Turnstile()
        let ended = OneAnswer<Bool>()
        let transport = Self.transport { (_, _) throws(RPCError) in
            await door.pass()
            ended.give(Task.isCancelled)
            return []
        }
        let caller = Task { await Self.outcome(transport) }
        await door.arrivals(1)
        caller.cancel()
        #expect(Self.code(await caller.value) == .cancelled)
        door.open()
        #expect(await ended.value, "it was told")
    }

    @Test func `A caller that is cancelled already calls nobody`() async {
        let door = Turnstile()
        let gate = Turnstile()
        door.open()
        let transport = Self.transport { (_, _) throws(RPCError) in
            await door.pass()
            return []
        }
        let caller = Task {
            await gate.pass()
            return await Self.outcome(transport)
        }
        caller.cancel()
        gate.open()
        #expect(Self.code(await caller.value) == .cancelled)
        #expect(door.total == 0)
    }

    @Test func `A method that is left late does no harm to calls after it`() async {
        let door = Turnstile()
        let transport = Self.transport { (message, _) throws(RPCError) in
            if message.isEmpty { await door.pass() }
            return message
        }
        await withTaskGroup(of: RPCCode.self) { group in
            for _ in 0..<200 { group.addTask { Self.code(await Self.outcome(transport, seconds: 0.02)) } }
            for await code in group { #expect(code == .deadlineExceeded) }
        }
        #expect(Self.code(await Self.outcome(transport, [1])) == .ok)
        door.open()
    }
}
