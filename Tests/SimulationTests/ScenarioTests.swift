import Glibc
import JSON
import Primitives
import Testing
import Web

@testable import Simulation

@Suite struct ScenarioTests {
    @Test(arguments: [
        ("normal", Scenario.normal), ("node-down", .nodeDown), ("cpu-saturation", .cpuSaturation), ("high-load", .cpuSaturation),
        ("degraded", .nodeDown), ("failure", .nodeDown),
    ])
    func `names and aliases`(name: String, scenario: Scenario) throws { #expect(try Scenario(named: name) == scenario) }

    @Test func `an unknown name is answered with the nearest and all others`() {
        let failure = #expect(throws: Failure.self) { try Scenario(named: "nod-down") }
        #expect(failure?.message.contains("did you mean \"node-down\"?") == true)
        #expect(failure?.message.contains("normal, node-down, cpu-saturation, statistics-dead, ") == true)
        #expect(throws: Failure.self) { try Scenario(named: "Normal\n") }
    }

    @Test func `a timeline reads what it wrote`() throws {
        let written = try timeline([Step(after: 1.25, scenario: .nodeDown, node: "pve2"), Step(after: 3, scenario: .normal)])
        #expect(try Timeline(parsing: written.json(), path: "x") == written)
        #expect(
            written.change(at: epoch) == nil && written.change(at: epoch + 2)?.node == "pve2"
                && written.change(at: epoch + 3)?.scenario == .normal)
    }

    @Test func `asking for what is in force changes nothing`() throws {
        var timeline = Timeline(epoch: epoch)
        try timeline.add(.normal, node: nil, at: epoch + 1)
        #expect(timeline.changes.isEmpty)
        try timeline.add(.nodeDown, node: nil, at: epoch + 2)
        try timeline.add(.nodeDown, node: nil, at: epoch + 3)
        #expect(timeline.changes.count == 1)
        // A clock that was set back does not turn the order round.
        try timeline.add(.normal, node: nil, at: epoch + 1)
        #expect(timeline.changes.last?.at == epoch + 2)
    }

    @Test func `a history has an end`() throws {
        var timeline = Timeline(epoch: epoch)
        for index in 0..<Timeline.changeLimit {
            try timeline.add(index % 2 == 0 ? .nodeDown : .normal, node: nil, at: epoch + Double(index))
        }
        let failure = #expect(throws: Failure.self) { try timeline.add(.nodeDown, node: nil, at: epoch + 1e6) }
        #expect(failure?.code == .limit && timeline.changes.count == Timeline.changeLimit)
        #expect(try Timeline(parsing: timeline.json(), path: "x") == timeline)
    }

    @Test func `changes out of order are put in order`() throws {
        let text =
            #"{"version":1,"epoch":1790000000,"changes":[{"at":1790000020,"scenario":"normal"},{"at":1790000010,"scenario":"failure"}]}"#
        #expect(try Timeline(parsing: Array(text.utf8), path: "x").changes.map(\.scenario) == [.nodeDown, .normal])
    }

    @Test(arguments: [
        ("", "not JSON"), ("{", "not JSON"), ("[]", "no version"), (#"{"version":"x"}"#, "no version"), (#"{"version":1}"#, "no epoch"),
        (#"{"version":1,"epoch":-5,"changes":[]}"#, "no epoch"), (#"{"version":1,"epoch":1e300,"changes":[]}"#, "no epoch"),
        (#"{"version":1,"epoch":5}"#, "no list of changes"), (#"{"version":1,"epoch":5,"changes":{}}"#, "no list of changes"),
        (#"{"version":1,"epoch":5,"changes":[7]}"#, "change 1: \"at\""),
        (#"{"version":1,"epoch":5,"changes":[{"at":6}]}"#, "change 1: \"scenario\""),
        (#"{"version":1,"epoch":5,"changes":[{"at":6,"scenario":"fire"}]}"#, "unknown scenario \"fire\""),
        (#"{"version":3,"epoch":5,"changes":[]}"#, "version 3 and this program knows 2"),
        (#"{"version":2,"epoch":5,"changes":[]}"#, "no list of guests"),
        (#"{"version":2,"epoch":5,"changes":[],"guests":[{"at":6}]}"#, "guest 1: \"vmid\""),
        (#"{"version":2,"epoch":5,"changes":[],"guests":[{"vmid":100}]}"#, "guest 1: \"at\""),
        (#"{"version":2,"epoch":5,"changes":[],"guests":[{"at":6,"vmid":100,"status":"on"}]}"#, "guest 1: status"),
        (#"{"version":2,"epoch":5,"changes":[],"guests":[{"at":6,"vmid":100,"state":"on"}]}"#, "guest 1: \"state\" is unknown"),
    ])
    func `broken and newer files`(text: String, reason: String) {
        let failure = #expect(throws: Failure.self) { try Timeline(parsing: Array(text.utf8), path: "/w/scenario.json") }
        #expect(
            failure?.message.contains("/w/scenario.json") == true && failure?.message.contains(reason) == true, "\(failure?.message ?? "")")
    }
}

@Suite struct ScenarioStoreTests {
    @Test func `two stores of one directory tell one story`() async throws {
        let folder = try TemporaryFolder()
        let clock = TestClock(epoch + 0.75)
        let one = try ScenarioStore(directory: folder.path + "/new", clock: clock.wall, logger: .silent)
        defer {
            for name in ["scenario.json", "scenario.json.lock"] { unlink("\(folder.path)/new/\(name)") }
            rmdir(folder.path + "/new")
        }
        let two = try ScenarioStore(directory: folder.path + "/new", clock: clock.wall, logger: .silent)
        #expect(one.current().timeline == Timeline(epoch: epoch) && two.current().timeline.epoch == epoch)
        clock.now = epoch + 100
        _ = try await one.begin(.nodeDown, node: "pve2")
        #expect(two.current().timeline.changes == [Timeline.Change(at: epoch + 100, scenario: .nodeDown, node: "pve2")])
        #expect(two.current().generation == 1)
        clock.now = epoch + 200
        _ = try await two.begin(.normal, node: nil)
        #expect(one.current().timeline == two.current().timeline && one.current().timeline.changes.count == 2)
        var status = stat()
        #expect(stat(folder.path + "/new/scenario.json", &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func `a file that breaks leaves the last good story`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/scenario.json"
        let lines = LogLines()
        let clock = TestClock(epoch)
        let store = try ScenarioStore(directory: folder.path, clock: clock.wall, logger: lines.logger)
        let good = try await store.begin(.cpuSaturation, node: nil)
        try Files.write(Array("no".utf8), to: path)
        #expect(store.current().timeline == good && store.current().timeline == good)
        #expect(lines.all.count == 1 && lines.all[0].contains("scenario.json"))
        await #expect(throws: Failure.self) { try await store.begin(.normal, node: nil) }
        #expect(try Files.read(path) == Array("no".utf8))
        try Files.write(Timeline(epoch: epoch + 5).json(), to: path)
        #expect(store.current().timeline == Timeline(epoch: epoch + 5))
    }

    @Test func `nothing starts on a broken file`() throws {
        let folder = try TemporaryFolder()
        try Files.write(Array(#"{"version":9}"#.utf8), to: folder.path + "/scenario.json")
        let failure = #expect(throws: Failure.self) { try ScenarioStore(directory: folder.path, clock: .system, logger: .silent) }
        #expect(failure?.message.contains("version 9") == true)
        #expect(throws: Failure.self) { try ScenarioStore(directory: "/proc/none", clock: .system, logger: .silent) }
    }

    @Test func `worlds in memory share their beginning`() throws {
        let one = try ScenarioStore(directory: nil, clock: .fixed(1_800_000_000), logger: .silent)
        let two = try ScenarioStore(directory: nil, clock: .fixed(1_900_000_000), logger: .silent)
        #expect(one.current().timeline == two.current().timeline)
    }
}

@Suite struct ScenarioEndpointTests {
    private func endpoint(_ clock: TestClock) throws -> ScenarioEndpoint {
        ScenarioEndpoint(
            store: try ScenarioStore(directory: nil, clock: clock.wall, logger: .silent), nodeCount: 4, clock: clock.wall)
    }

    private func put(_ endpoint: ScenarioEndpoint, _ body: String) async -> HTTPServerResponse {
        await endpoint.answer(HTTPServerRequest(method: "PUT", path: ScenarioEndpoint.path, body: Array(body.utf8)))
    }

    @Test func `what is played can be read and set`() async throws {
        let clock = TestClock(epoch + 1000)
        let endpoint = try endpoint(clock)
        let before = try Tree(bytes(await endpoint.answer(HTTPServerRequest(method: "GET", path: ScenarioEndpoint.path))))
        #expect(before["scenario"] == .string("normal") && before["node"] == nil && before["since"]?.number == epoch)
        #expect(before["scenarios"]?.elements.count == Scenario.allCases.count)
        let set = await put(endpoint, #"{"scenario":"degraded","node":"pve2"}"#)
        let after = try Tree(bytes(set))
        #expect(set.status == 200 && after["scenario"] == .string("node-down") && after["node"] == .string("pve2"))
        #expect(after["since"]?.integer == Int(epoch) + 1000)
        clock.now = epoch + 1100
        let plain = try Tree(bytes(await put(endpoint, " node-down\n")))
        #expect(plain["node"] == .string("pve4") && plain["since"]?.integer == Int(epoch) + 1100)
        #expect(try Tree(bytes(await put(endpoint, #"{"scenario":"normal","node":"pve2"}"#)))["node"] == nil)
    }

    @Test(arguments: [
        ("", "empty"), ("  ", "empty"), ("{", "JSON"), ("{}", "no text"), ("fire", "known are"), (#"{"scenario":"fire"}"#, "known are"),
        (#"{"scenario":"node-down","node":"pve5"}"#, "there are 4, from pve1 to pve4"), (#"{"scenario":7}"#, "known are"),
    ])
    func `what makes no sense is refused`(body: String, reason: String) async throws {
        let response = await put(try endpoint(TestClock(epoch)), body)
        #expect(response.status == 400)
        #expect(try Tree(bytes(response))["error"]?.string?.contains(reason) == true, "\(text(response))")
    }

    @Test func `a full history answers 409`() async throws {
        let folder = try TemporaryFolder()
        var full = Timeline(epoch: epoch)
        for index in 0..<Timeline.changeLimit { try full.add(index % 2 == 0 ? .nodeDown : .normal, node: nil, at: epoch) }
        try Files.write(full.json(), to: folder.path + "/scenario.json")
        let endpoint = ScenarioEndpoint(
            store: try ScenarioStore(directory: folder.path, clock: .fixed(epoch), logger: .silent), nodeCount: 4, clock: .fixed(epoch))
        #expect(await put(endpoint, "node-down").status == 409)
        #expect(await endpoint.answer(HTTPServerRequest(method: "DELETE", path: "/")).status == 405)
    }
}
