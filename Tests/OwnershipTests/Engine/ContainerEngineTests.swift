import CollectorConformance
import Primitives
import Testing
import Web

@testable import Ownership

@Suite(.serialized) struct ContainerEngineTests {
    private static let id = CgroupPlaceTests.id
    private static let other = CgroupPlaceTests.other
    private static let pace = ContainerEngine.Pace(
        listSeconds: 60, retrySeconds: 0.05, retryLimitSeconds: 0.1, absentSeconds: 0.05, answerSeconds: 5, streamSeconds: 60)

    /// Its version last, which is what is asked for first: an engine that looks already finds everything or nothing.
    private static func fill(_ double: EngineDouble, list: String = #"[{"Id":"\#(id)","State":"running"}]"#) {
        double.answer("/containers/\(id)/json", inspection())
        double.answer("/containers/json", list)
        double.answer("/version", #"{"Version":"28.1.1","Components":[{"Name":"Engine"}]}"#)
    }

    /// Runs an engine beside `body`, which waits for what it wants to see.
    private static func running(
        _ socket: String, pace: ContainerEngine.Pace = pace, _ body: (ContainerEngine) async throws -> Void
    ) async throws {
        let http = try HTTPClient()
        let engine = ContainerEngine(sockets: [socket + "-none", socket], labels: [], pace: pace, clock: .system)
        let life = Task.detached { await engine.run(http, .silent) }
        do { try await body(engine) } catch {
            life.cancel()
            http.close()
            throw error
        }
        life.cancel()
        await life.value
        http.close()
    }

    /// Waits up to half a minute.
    private static func comes(_ condition: () -> Bool) async -> Bool {
        for _ in 0..<3000 {
            if condition() { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    @Test func `lists, inspects and hears`() async throws {
        let folder = try TemporaryFolder()
        let double = try EngineDouble(folder.path + "/s")
        Self.fill(double)
        try await Self.running(double.path) { engine in
            #expect(await Self.comes { engine.view.state == .answering && double.streamCount == 1 })
            #expect(engine.view.version == "28.1.1" && engine.view.product == "docker")
            #expect(engine.container(id: Self.id)?.name == "web")
            #expect(engine.container(id: String(Self.id.prefix(12)))?.name == "web")
            #expect(engine.container(id: "f45") == nil)
            double.answer("/containers/\(Self.id)/json", inspection(started: "2026-11-22T16:25:00Z"))
            double.answer("/containers/\(Self.other)/json", inspection(id: Self.other, name: "db"))
            for id in [Self.id, Self.other] { double.tell(#"{"Type":"container","Action":"start","Actor":{"ID":"\#(id)"}}"#) }
            #expect(await Self.comes { engine.container(id: Self.other) != nil && engine.container(id: Self.id)?.restarts == 1 })
            double.tell(#"{"Type":"container","Action":"destroy","Actor":{"ID":"\#(Self.other)"}}"#)
            #expect(await Self.comes { engine.container(id: Self.other) == nil })
        }
        // Nothing but reading, and nothing but these.
        let paths = Set(double.asked)
        let known = ["/version", "/containers/json", "/events", "/containers/\(Self.id)/json", "/containers/\(Self.other)/json"]
        #expect(paths == Set(known.map { "GET \($0)" }))
    }

    @Test func `a socket that goes and comes back`() async throws {
        let folder = try TemporaryFolder()
        let place = folder.path + "/s"
        try await Self.running(place) { engine in
            #expect(engine.view.state == .absent)
            let first = try EngineDouble(place)
            Self.fill(first)
            #expect(await Self.comes { engine.view.state == .answering && first.streamCount == 1 })
            first.close()
            #expect(await Self.comes { engine.view.state == .absent })
            // What was known stays.
            #expect(engine.container(id: Self.id)?.name == "web")
            let second = try EngineDouble(place)
            Self.fill(second, list: "[]")
            #expect(await Self.comes { engine.view.state == .answering && engine.container(id: Self.id) == nil })
            #expect(engine.view.failures >= 0)
        }
    }

    @Test func `a socket that the settings name and nobody made`() async throws {
        let folder = try TemporaryFolder()
        let http = try HTTPClient()
        let engine = ContainerEngine(sockets: [folder.path + "/typo"], labels: [], isNamed: true, pace: Self.pace, clock: .system)
        let life = Task.detached { await engine.run(http, .silent) }
        #expect(await Self.comes { engine.view.state == engine.missing })
        #expect(engine.missing == .unreachable("\(folder.path)/typo: there is no such socket; containers.engine_socket names it"))
        #expect(engine.view.failures == 0)
        life.cancel()
        await life.value
        http.close()
        #expect(ContainerEngine(sockets: [], isNamed: true).missing == .absent)
    }

    static let bad: [(path: String, status: Int, body: String)] = [
        ("/version", 500, "{}"), ("/version", 200, "no JSON"), ("/containers/json", 200, "{}"), ("/containers/json", 403, "[]"),
        ("/containers/json", 200, "["), ("/containers/\(id)/json", 500, "{}"),
    ]

    @Test(arguments: bad) func `an engine that does not answer as one`(_ example: (path: String, status: Int, body: String)) async throws {
        let folder = try TemporaryFolder()
        let double = try EngineDouble(folder.path + "/s")
        Self.fill(double)
        double.answer(example.path, example.body, status: example.status)
        try await Self.running(double.path) { engine in
            #expect(await Self.comes { engine.view.failures > 1 })
            if case .unreachable = engine.view.state {} else { Issue.record("\(engine.view.state)") }
        }
    }

    @Test func `one that is removed while it is asked for ends nothing`() async throws {
        let folder = try TemporaryFolder()
        let double = try EngineDouble(folder.path + "/s")
        Self.fill(double)
        // Podman's word about it; the list has it no more.
        double.answer("/containers/\(Self.other)/json", #"{"cause":"no such container"}"#, status: 500)
        try await Self.running(double.path) { engine in
            #expect(await Self.comes { engine.view.state == .answering && double.streamCount == 1 })
            for _ in 0..<5 { double.tell(#"{"Type":"container","Action":"cleanup","Actor":{"ID":"\#(Self.other)"}}"#) }
            #expect(await Self.comes { double.asked.contains("GET /containers/\(Self.other)/json") })
            double.answer("/containers/\(Self.id)/json", inspection(started: "2026-11-22T16:25:00Z"))
            double.tell(#"{"Type":"container","Action":"start","Actor":{"ID":"\#(Self.id)"}}"#)
            #expect(await Self.comes { engine.container(id: Self.id)?.restarts == 1 })
            #expect(engine.view.state == .answering && engine.view.failures == 0)
        }
        #expect(double.asked.filter { $0 == "GET /events" }.count == 1)
    }

    static let untold: [(status: Int, body: String)] = [
        (500, "{}"), (200, "no JSON"), (200, "{}"), (200, #"{"Id":""# + String(repeating: "a", count: 3 << 20) + #""}"#),
    ]

    @Test(arguments: untold) func `one that cannot be told of does not take the others along`(
        _ example: (status: Int, body: String)
    ) async throws {
        let folder = try TemporaryFolder()
        let double = try EngineDouble(folder.path + "/s")
        Self.fill(double)
        double.answer("/containers/json", #"[{"Id":"\#(Self.id)","State":"running"},{"Id":"\#(Self.other)","State":"running"}]"#)
        double.answer("/containers/\(Self.other)/json", example.body, status: example.status)
        try await Self.running(double.path) { engine in
            #expect(await Self.comes { engine.view.state == .answering && engine.view.failures == 1 })
            #expect(engine.container(id: Self.id)?.name == "web" && engine.container(id: Self.other) == nil)
            // It is asked for again along with the next.
            double.answer("/containers/\(Self.other)/json", inspection(id: Self.other, name: "db"))
            double.tell(#"{"Type":"container","Action":"pause","Actor":{"ID":"\#(Self.id)"}}"#)
            #expect(await Self.comes { engine.container(id: Self.other)?.name == "db" })
        }
        #expect(double.asked.filter { $0 == "GET /events" }.count == 1)
    }

    @Test func `an engine that falls silent is found out`() async throws {
        let folder = try TemporaryFolder()
        let double = try EngineDouble(folder.path + "/s")
        Self.fill(double)
        var pace = Self.pace
        (pace.listSeconds, pace.answerSeconds) = (0.1, 0.2)
        try await Self.running(double.path, pace: pace) { engine in
            #expect(await Self.comes { engine.view.state == .answering })
            double.fallSilent()
            #expect(await Self.comes { if case .unreachable = engine.view.state { true } else { false } })
            #expect(engine.container(id: Self.id)?.name == "web")
        }
    }

    @Test func `of two who run it the second takes over`() async throws {
        let folder = try TemporaryFolder()
        let double = try EngineDouble(folder.path + "/s")
        Self.fill(double)
        let http = try HTTPClient()
        let engine = ContainerEngine(sockets: [double.path], labels: [], pace: Self.pace, clock: .system)
        let lives = (0..<2).map { _ in Task.detached { await engine.run(http, .silent) } }
        #expect(await Self.comes { double.streamCount == 1 })
        lives[0].cancel()
        await lives[0].value
        #expect(await Self.comes { double.streamCount == 1 && engine.view.state == .answering })
        lives[1].cancel()
        await lives[1].value
        http.close()
    }
}
