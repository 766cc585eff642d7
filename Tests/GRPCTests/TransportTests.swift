import GRPC
import Primitives
import RPC
import Synchronization
import TestSupport
import Testing

/// What holds within one process holds over a socket too: the same bodies for both.
@Suite(.timeLimit(.minutes(1))) struct TransportTests {
    enum Way: CaseIterable { case inProcess, socket }

    /// Runs the body with a transport to the service, and ends the server behind it.
    private static func with(
        _ way: Way, _ method: @escaping RPCService.Method, _ body: (any RPCTransport) async throws -> Void
    ) async throws {
        let service = RPCService(name: "a.v1.Service", methods: ["One": method])
        guard way == .socket else { return try await body(InProcessTransport([service])) }
        let folder = ScratchFolder()
        let settings = GRPCServerSettings(files: [GRPCServerSettings.File(path: "\(folder.path)/s")], origin: "test")
        let server = try GRPCServer(settings, services: [service], logger: .silent)
        let transport = try GRPCTransport(.file("\(folder.path)/s"), logger: .silent)
        try await body(transport)
        transport.close()
        await server.stop(within: 1)
    }

    private static func outcome(
        _ transport: any RPCTransport, _ message: [UInt8] = [], path: String = "/a.v1.Service/One", seconds: Double = 30,
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

    @Test(arguments: Way.allCases) func `The method gets message, path and metadata, and its answer comes back`(_ way: Way) async throws {
        let reversing: RPCService.Method = { (message, call) throws(RPCError) in
            guard call.path == "/a.v1.Service/One", call.metadata["key"] == "value", call.deadline != nil else {
                throw RPCError(.internal, "\(call)")
            }
            return message.reversed()
        }
        try await Self.with(way, reversing) { transport in
            let metadata = RPCMetadata([("key", "value")])
            for message: [UInt8] in [[1, 2, 3], []] {
                let answer = try await Self.outcome(transport, message, metadata: metadata).get()
                #expect(answer == message.reversed())
            }
        }
    }

    @Test(arguments: Way.allCases) func `Each code comes with its message`(_ way: Way) async throws {
        let failing: RPCService.Method = { (message, _) throws(RPCError) in
            throw RPCError(RPCCode(rawValue: Int32(message.first ?? 2)) ?? .unknown, "it was so: grüße")
        }
        try await Self.with(way, failing) { transport in
            for code in RPCCode.allCases.dropFirst() {
                guard case .failure(let error) = await Self.outcome(transport, [UInt8(code.rawValue)]) else {
                    Issue.record("no error for \(code)")
                    continue
                }
                #expect(error.code == code)
                #expect(error.message == "it was so: grüße")
            }
        }
    }

    @Test(arguments: Way.allCases) func `What is not there is not implemented, and says its name`(_ way: Way) async throws {
        try await Self.with(way, { (message, _) throws(RPCError) in message }) { transport in
            for path in ["/a.v1.Service/Two", "/b.v1.Service/One", "/a.v1.Service"] {
                guard case .failure(let error) = await Self.outcome(transport, path: path) else {
                    Issue.record("no error for \(path)")
                    continue
                }
                #expect(error.code == .unimplemented)
                #expect(error.message == "there is no method \(path)")
            }
        }
    }

    @Test(arguments: Way.allCases) func `A message has four mebibytes at most, either way`(_ way: Way) async throws {
        let growing: RPCService.Method = { (message, _) throws(RPCError) in message.first == 1 ? message + [0] : message }
        try await Self.with(way, growing) { transport in
            let most = [UInt8](repeating: 0, count: 4 << 20)
            #expect(Self.code(await Self.outcome(transport, most)) == .ok)
            #expect(Self.code(await Self.outcome(transport, most + [0])) == .resourceExhausted)
            #expect(Self.code(await Self.outcome(transport, [1] + most.dropFirst())) == .resourceExhausted)
        }
    }

    @Test(arguments: Way.allCases) func `At the deadline the caller goes on and the method is cancelled`(_ way: Way) async throws {
        let cancelled = OneAnswer<Bool>()
        let waiting: RPCService.Method = { (message, _) throws(RPCError) in
            await OneAnswer<Void>().value(by: .after(seconds: 60), late: ())
            cancelled.give(Task.isCancelled)
            return message
        }
        try await Self.with(way, waiting) { transport in
            guard case .failure(let late) = await Self.outcome(transport, seconds: 0.2) else {
                Issue.record("there was an answer")
                return
            }
            #expect(
                late.code == .deadlineExceeded && late.message.contains("did not answer") && late.message.contains("/a.v1.Service/One"),
                "\(late.message)")
            #expect(await cancelled.value)
            #expect(Self.code(await Self.outcome(transport, seconds: 0)) == .deadlineExceeded)
        }
    }

    @Test(arguments: Way.allCases) func `A caller that is cancelled goes on and the method is cancelled`(_ way: Way) async throws {
        let (began, cancelled) = (OneAnswer<Void>(), OneAnswer<Bool>())
        let waiting: RPCService.Method = { (message, _) throws(RPCError) in
            began.give(())
            await OneAnswer<Void>().value(by: .after(seconds: 60), late: ())
            cancelled.give(Task.isCancelled)
            return message
        }
        try await Self.with(way, waiting) { transport in
            let task = Task { Self.code(await Self.outcome(transport)) }
            await began.value
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(await cancelled.value)
            let early = Task {
                while !Task.isCancelled { await Task.yield() }
                return Self.code(await Self.outcome(transport))
            }
            early.cancel()
            #expect(await early.value == .cancelled)
        }
    }

    @Test func `Many calls at once are all answered`() async throws {
        try await Self.with(.socket, { (message, _) throws(RPCError) in message }) { transport in
            let wrong = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        for round in 0..<20 {
                            let message = Array("\(number) \(round)".utf8)
                            guard case .success(message) = await Self.outcome(transport, message) else { return false }
                        }
                        return true
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 0 : 1) }
            }
            #expect(wrong == 0)
        }
    }

    @Test func `Each call that is finished is reported once, and methods that there are not have no name`() async throws {
        let folder = ScratchFolder()
        let reports = Reports()
        let service = RPCService(
            name: "a.v1.Service",
            methods: [
                "Good": { (message, _) throws(RPCError) in message },
                "Bad": { (_, _) throws(RPCError) in throw RPCError(.aborted, "no") },
            ])
        let settings = GRPCServerSettings(files: [GRPCServerSettings.File(path: "\(folder.path)/s")], origin: "test")
        let server = try GRPCServer(settings, services: [service], logger: .silent) { reports.add($0) }
        let transport = try GRPCTransport(.file("\(folder.path)/s"), logger: .silent)
        for path in ["/a.v1.Service/Good", "/a.v1.Service/Bad", "/a.v1.Service/Made-up"] { _ = await Self.outcome(transport, path: path) }
        // Who was answered finds it counted.
        #expect(reports.all == ["/a.v1.Service/Good OK", "/a.v1.Service/Bad ABORTED", "? UNIMPLEMENTED"])
        transport.close()
        await server.stop(within: 1)
        #expect(!Files.exists("\(folder.path)/s"))
    }
}

private final class Reports: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ report: GRPCCallReport) { lines.withLock { $0.append("\(report.path ?? "?") \(report.code.name)") } }

    var all: [String] { lines.withLock { $0 } }
}
