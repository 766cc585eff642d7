import Primitives
import ProviderRPC
import RPC
import TestSupport
import Testing

@testable import ProviderTasks

@Suite(.timeLimit(.minutes(1))) struct AskerTests {
    private static func asked(by identity: String) -> RPCCall { RPCCall(path: "/test", identity: identity) }

    private static func code(_ body: () async throws(RPCError) -> Void) async -> RPCCode {
        do throws(RPCError) {
            try await body()
            return .ok
        } catch {
            return error.code
        }
    }

    @Test(arguments: [false, true]) func `the same words of another client are another token, also after a restart`(restarts: Bool)
        async throws
    {
        let world = World()
        var engine = try await world.engine()
        let first = try await engine.make("web", key: "k", asker: "tls:a").id
        _ = await engine.ended(first)
        if restarts {
            await engine.abandon()
            engine = try await world.engine()
        }
        let second = try await engine.make("db", key: "k", asker: "tls:b").id
        #expect(second != first)
        #expect(try await engine.make("web", key: "k", asker: "tls:a").id == first)
        #expect(try await engine.make("db", key: "k", asker: "tls:b").id == second)
    }

    @Test func `over a network each sees and stops its own, over the socket all`() async throws {
        let world = World(gated: true)
        let engine = try await world.engine()
        let id = try await engine.make("web", asker: "tls:a").id
        for (identity, mayPass) in [
            ("tls:a", true), ("tls:b", false), ("tls:" + String(repeating: "ä", count: 300), false), ("unix:uid=0", true),
        ] {
            let call = Self.asked(by: identity)
            #expect(try await engine.listTasks(ListTasksRequest(), call).tasks.map(\.id) == (mayPass ? [id] : []))
            let expected = mayPass ? RPCCode.ok : .notFound
            #expect(await Self.code { () throws(RPCError) in _ = try await engine.getTask(GetTaskRequest(id: id), call) } == expected)
            #expect(
                await Self.code { () throws(RPCError) in _ = try engine.status(TaskStatusRequest(task: TaskRef(id: id)), call) } == expected
            )
            if !mayPass {
                #expect(
                    await Self.code { () throws(RPCError) in _ = try await engine.cancelTask(CancelTaskRequest(id: id), call) } == .notFound
                )
            }
        }
        #expect(engine.operation(id)?.isCancelRequested == false)
        world.gate?.open()
    }

    @Test func `long names of a certificate stay names of a network`() {
        let asker = Asker(Self.asked(by: "tls:" + String(repeating: "ä", count: 300)))
        #expect(asker.text.hasPrefix("tls:sha256:") && asker.text.isVisibleASCII(upTo: 128))
        #expect(!asker.maySee(Asker(text: "tls:a")) && asker.maySee(Asker(text: "")))
    }

    @Test(arguments: ["k:unix:uid=0 word", "o:tls:a word"]) func `tokens come back from the journal as they were`(text: String) {
        #expect(OperationToken(text: text)?.text == text && OperationToken(text: text)?.word == "word")
    }

    @Test(arguments: [String(repeating: "a", count: 254), "ü", "a b", "a\n"]) func `an owner that is none is refused`(owner: String) async {
        #expect(await Self.code { () throws(RPCError) in _ = try OperationToken(Self.asked(by: "x"), owner: owner) } == .invalidArgument)
    }

    @Test func `what could not be a task is not looked up, and filters are bounded`() async throws {
        let engine = try await World().engine()
        let marks = "e" + String(repeating: "\u{301}\u{323}", count: 32 << 10)
        for id in [marks, "op-" + String(repeating: "g", count: 26), "op-" + String(repeating: "0", count: 27)] {
            #expect(engine.operation(id) == nil)
            #expect(await Self.code { () throws(RPCError) in _ = try await engine.getTask(GetTaskRequest(id: id), call) } == .notFound)
        }
        for request in [
            ListTasksRequest(states: Array(repeating: .failed, count: 33)), ListTasksRequest(kinds: Array(repeating: "Create", count: 33)),
            ListTasksRequest(kinds: [marks]), ListTasksRequest(target: marks),
        ] {
            #expect(await Self.code { () throws(RPCError) in _ = try await engine.listTasks(request, call) } == .invalidArgument)
        }
    }

    @Test func `names that a client chose are no keys as they are`() async throws {
        let world = World(gated: true)
        let engine = try await world.engine()
        let name = String(repeating: "ä", count: 600)
        let operation = try await engine.make(name)
        #expect((operation.locks + operation.claims).allSatisfy { $0.isVisibleASCII(upTo: 512) })
        #expect(await Self.code { () throws(RPCError) in _ = try await engine.make(name) } == .alreadyExists)
        world.gate?.open()
    }
}
