import Primitives
import Testing
import Web

@testable import Simulation

@Suite struct ProxmoxServiceTests {
    private let clock = TestClock(epoch + 500)
    private static let good = "PVEAPIToken=monitor@pve!martlet=SECRET"

    private func service(nodes: Int = 4, guests: Int = 60) throws -> ProxmoxService {
        var options = ProxmoxSimulator.Options()
        options.nodes = nodes
        options.guests = guests
        options.latencySeconds = 0
        options.offlineDelaySeconds = 0
        options.authDelaySeconds = 0
        options.clock = clock.wall
        return try ProxmoxSimulator.service(options, logger: .silent)
    }

    private func get(
        _ service: ProxmoxService, _ path: String, query: [(name: String, value: String)] = [], token: String? = good,
        method: String = "GET"
    ) async -> HTTPServerResponse {
        await service.answer(
            HTTPServerRequest(
                method: method, path: path, query: query, headers: HTTPHeaders(token.map { [("Authorization", $0)] } ?? [])))
    }

    @Test(arguments: [
        "PVEAPIToken=monitor@pve!martlet=SECRET", "PVEAPIToken monitor@pve!martlet=SECRET", "PVEAPIToken=monitor%40pve%21martlet%3DSECRET",
        "PVEAPIToken=monitor%40pve!martlet=%53ECRET",
    ])
    func `the right token is let in`(token: String) async throws {
        #expect(await get(try service(), "/api2/json/version", token: token).status == 200)
    }

    @Test(
        arguments: [
            nil, "", "PVEAPIToken", "PVEAPIToken=", "PVEAPIToken=monitor@pve!martlet=", "PVEAPIToken=monitor@pve!martlet=SECREt",
            "PVEAPIToken=monitor@pve!martlet=SECRETSECRET", "PVEAPIToken=monitor@pve!martlet=SECRET%",
            "pveapitoken=monitor@pve!martlet=SECRET",
            "PBSAPIToken=monitor@pve!martlet=SECRET", "Bearer SECRET", "PVEAPIToken:monitor@pve!martlet=SECRET",
        ] as [String?])
    func `any other is not`(token: String?) async throws {
        let response = await get(try service(), "/api2/json/version", token: token)
        #expect(response.status == 401 && bytes(response).isEmpty && response.headers["Content-Type"] == nil)
        // The credential comes first: a stranger does not learn what exists.
        #expect(await get(try service(), "/api2/json/nosuch", token: token).status == 401)
    }

    @Test func `headers`() async throws {
        let response = await get(try service(), "/api2/json/version")
        #expect(response.headers["Content-Type"] == "application/json;charset=UTF-8")
        #expect(response.headers["Server"] == "pve-api-daemon/3.0")
    }

    @Test(arguments: [
        "/api2/json/version", "/api2/json//version", "/api2/json/version/", "/api2/json/cluster/status", "/api2/json/cluster/resources",
        "/api2/json/cluster/tasks", "/api2/json/nodes", "/api2/json/nodes/pve1/status", "/api2/json/nodes/pve1/qemu",
        "/api2/json/nodes/pve4/lxc", "/api2/json/nodes/pve1/tasks", "/api2/json/nodes/pve1/replication",
        "/api2/json/nodes/pve1/subscription", "/api2/json/cluster/backup-info/not-backed-up", "/api2/json/cluster/config/qdevice",
    ])
    func `what there is`(path: String) async throws {
        let response = await get(try service(), path)
        #expect(response.status == 200)
        #expect(try Tree(bytes(response)).keys.isSubset(of: ["data", "total"]))
    }

    @Test(arguments: [
        ("/api2/json/nosuch/thing", 501, #"{"data":null,"message":"Method 'GET /nosuch/thing' not implemented"}"#),
        ("/api2/json/nodes/pve1/nosuch", 501, #"{"data":null,"message":"Method 'GET /nodes/pve1/nosuch' not implemented"}"#),
        ("/api2/json/nodes/pve1/qemu/100", 501, #"{"data":null,"message":"Method 'GET /nodes/pve1/qemu/100' not implemented"}"#),
        (
            "/api2/json/nodes/nosuch/status", 500,
            #"{"data":null,"message":"hostname lookup 'nosuch' failed - failed to get address info for: nosuch: Temporary failure in name "#
                + #"resolution\n"}"#
        ),
        (
            "/api2/json/nodes/pve1/qemu/999/status/current", 500,
            #"{"data":null,"message":"Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist\n"}"#
        ),
        (
            "/api2/json/nodes/pve1/qemu/999/config", 500,
            #"{"data":null,"message":"Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist\n"}"#
        ),
        (
            "/api2/json/nodes/pve1/replication/999-0/status", 500,
            #"{"data":null,"message":"no such replication job '999-0'\n"}"#
        ),
        (
            "/api2/json/nodes/pve1/replication/99-0/status", 400,
            #"{"data":null,"message":"Parameter verification failed.\n","errors":{"id":"value does not match the regex pattern"}}"#
        ),
        (
            "/api2/json/nodes/pve1/lxc/999/status/current", 500,
            #"{"data":null,"message":"Configuration file 'nodes/pve1/lxc/999.conf' does not exist\n"}"#
        ),
        (
            "/api2/json/nodes/pve1/qemu/abc/status/current", 400,
            #"{"data":null,"message":"Parameter verification failed.\n","errors":{"vmid":"type check ('integer') failed - got 'abc'"}}"#
        ),
        (
            "/api2/json/nodes/pve1/qemu/1/status/current", 400,
            #"{"data":null,"message":"Parameter verification failed.\n","errors":{"vmid":"invalid format - value does not look "#
                + #"like a valid VM ID\n"}}"#
        ),
    ])
    func `what there is not, in the words of the real one`(path: String, status: Int, body: String) async throws {
        let response = await get(try service(), path)
        #expect(response.status == status && text(response) == body)
        #expect(response.headers["Connection"] == "close")
    }

    @Test(arguments: [
        ("/api2/json/version", "bogus", "1", "bogus"), ("/api2/json/cluster/resources", "bogus", "1", "bogus"),
        ("/api2/json/cluster/resources", "type", "pool", "type"), ("/api2/json/nodes/pve1/qemu", "ful", "1", "ful"),
        ("/api2/json/nodes/pve1/qemu", "full", "maybe", "full"), ("/api2/json/nodes/pve1/lxc", "full", "1", "full"),
        ("/api2/json/nodes/pve1/tasks", "limit", "x", "limit"), ("/api2/json/nodes/pve1/tasks", "source", "old", "source"),
        ("/api2/json/nodes/pve1/tasks", "start", "-1", "start"), ("/api2/json/cluster/config/qdevice", "x", "1", "x"),
        ("/api2/json/nodes/pve1/replication", "guest", "x", "guest"), ("/api2/json/nodes/pve1/replication", "guest", "5", "guest"),
        ("/api2/json/nodes/pve1/replication", "vmid", "100", "vmid"), ("/api2/json/nodes/pve1/subscription", "x", "1", "x"),
        ("/api2/json/nodes/pve1/qemu/100/config", "current", "maybe", "current"),
        ("/api2/json/nodes/pve1/qemu/100/config", "full", "1", "full"),
    ])
    func `parameters are checked`(path: String, name: String, value: String, blamed: String) async throws {
        let response = await get(try service(), path, query: [(name, value)])
        #expect(response.status == 400)
        #expect(try Tree(bytes(response))["errors"]?.keys == [blamed])
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "HEAD", "PATCH"]) func `nothing can be written`(method: String) async throws {
        #expect(await get(try service(), "/api2/json/version", method: method).status == 501)
    }

    @Test func `a guest is found on its node only`() async throws {
        let service = try service()
        let guest = try #require(service.source.inventory.guests.first { $0.kind == .qemu && $0.node == 1 })
        #expect(await get(service, "/api2/json/nodes/pve2/qemu/\(guest.vmid)/status/current").status == 200)
        #expect(await get(service, "/api2/json/nodes/pve1/qemu/\(guest.vmid)/status/current").status == 500)
        #expect(await get(service, "/api2/json/nodes/pve2/lxc/\(guest.vmid)/status/current").status == 500)
        #expect(await get(service, "/api2/json/nodes/pve2/qemu/\(guest.vmid)/config", query: [("current", "1")]).status == 200)
        #expect(await get(service, "/api2/json/nodes/pve1/qemu/\(guest.vmid)/config").status == 500)
        let snapshot = await get(service, "/api2/json/nodes/pve2/qemu/\(guest.vmid)/config", query: [("snapshot", "before")])
        #expect(snapshot.status == 500 && text(snapshot) == #"{"data":null,"message":"snapshot 'before' does not exist\n"}"#)
    }

    @Test func `a node that is off answers 595 without a body`() async throws {
        let service = try service()
        _ = try await service.source.scenarios.begin(.nodeDown, node: "pve2")
        for path in [
            "status", "qemu", "lxc", "tasks", "qemu/100/status/current", "replication", "subscription", "qemu/101/config", "nosuch",
        ] {
            let response = await get(service, "/api2/json/nodes/pve2/\(path)")
            #expect(response.status == 595 && bytes(response).isEmpty && response.headers["Content-Type"] == nil)
        }
        #expect(await get(service, "/api2/json/nodes/pve1/qemu").status == 200)
        _ = try await service.source.scenarios.begin(.normal, node: nil)
        #expect(await get(service, "/api2/json/nodes/pve2/qemu").status == 200)
    }

    @Test func `the asked node is one that is on, and none answers for a dead cluster`() async throws {
        let service = try service()
        _ = try await service.source.scenarios.begin(.nodeDown, node: "pve1")
        let status = try rows(bytes(await get(service, "/api2/json/cluster/status")))
        #expect(status.filter { $0["local"]?.integer == 1 }.map { $0["name"]?.string } == ["pve2"])
        let single = try self.service(nodes: 1, guests: 3)
        _ = try await single.source.scenarios.begin(.nodeDown, node: nil)
        #expect(await get(single, "/api2/json/version").isDropped)
        #expect(await get(single, ScenarioEndpoint.path).status == 200)
    }

    @Test func `calls are counted by path`() async throws {
        let service = try service()
        for node in ["pve1", "pve2", "pve3"] { _ = await get(service, "/api2/json/nodes/\(node)/qemu", query: [("full", "1")]) }
        _ = await get(service, "/api2/json/version", token: nil)
        _ = await get(service, "/api2/json/nodes/pve1/qemu/100/status/current")
        _ = await get(service, "/api2/json/made/up")
        let counted = try Tree(bytes(await get(service, "/api/v1/stats")))
        #expect(counted["calls"]?.integer == 6)
        #expect(counted["by_path"]?["/nodes/*/qemu"]?.integer == 3 && counted["by_path"]?["/version"]?.integer == 1)
        #expect(counted["by_path"]?["/nodes/*/qemu/*/status/current"]?.integer == 1 && counted["by_path"]?["other"]?.integer == 1)
        #expect(counted["max_in_flight_per_node"]?.integer == 1)
        #expect(counted["bytes"]?.integer ?? 0 > 10_000)
        let cleared = try Tree(bytes(await get(service, "/api/v1/stats", method: "DELETE")))
        #expect(cleared["calls"]?.integer == 0 && cleared["by_path"] == .object([:]))
    }

    @Test(arguments: [
        ("/nodes/pve1/qemu/100/config", "/nodes/*/qemu/*/config"), ("/nodes/pve2/lxc/100/config", "/nodes/*/lxc/*/config"),
        ("/nodes/pve1/replication", "/nodes/*/replication"), ("/nodes/pve1/replication/100-0/status", "/nodes/*/replication/*/status"),
        ("/nodes/pve1/subscription", "/nodes/*/subscription"), ("/access/ticket", "/access/ticket"),
        ("/cluster/config/qdevice", "/cluster/config/qdevice"), ("/nodes/pve1/qemu/100/status/stop", "/nodes/*/qemu/*/status/stop"),
        ("/cluster/backup-info/not-backed-up", "/cluster/backup-info/not-backed-up"), ("/nodes/pve1/qemu/100/status/dance", "other"),
        ("/cluster/backup-info", "other"), ("/nodes/pve1/subscription/x", "other"), ("/access", "other"), ("/cluster", "other"),
        ("/", "other"),
    ])
    func `patterns`(path: String, pattern: String) throws {
        #expect(ProxmoxRoute(try #require(ProxmoxRoute.apiPath("/api2/json" + path))).pattern == pattern)
    }

    @Test func `calls in flight are counted by node`() {
        let statistics = CallStatistics()
        let route = ProxmoxRoute.guests(.qemu, node: "pve1")
        statistics.begin(route)
        statistics.begin(.guests(.lxc, node: "pve1"))
        statistics.begin(.guests(.qemu, node: "pve2"))
        statistics.end(route, bytes: 10)
        statistics.begin(route)
        #expect((try? Tree(statistics.json()))?["max_in_flight_per_node"]?.integer == 2)
        statistics.reset()
        #expect((try? Tree(statistics.json()))?["max_in_flight_per_node"]?.integer == 2)
    }

    @Test func `a clock that stands still shows one moment`() async throws {
        let service = try service()
        let first = await get(service, "/api2/json/cluster/resources")
        #expect(bytes(await get(service, "/api2/json/cluster/resources")) == bytes(first))
        clock.now += 60
        #expect(bytes(await get(service, "/api2/json/cluster/resources")) != bytes(first))
    }

    @Test func `it compresses when asked to`() async throws {
        let service = try service()
        let request = { (path: String) in
            HTTPServerRequest(
                method: "GET", path: path, headers: HTTPHeaders([("Authorization", Self.good), ("Accept-Encoding", "gzip, deflate")]))
        }
        #expect(await service.answer(request("/api2/json/cluster/resources")).headers["Content-Encoding"] == "gzip")
        #expect(await service.answer(request("/api2/json/version")).headers["Content-Encoding"] == nil)
    }

    @Test(arguments: [
        (0, 10, "lab"), (5000, 10, "lab"), (4, -1, "lab"), (4, 100_001, "lab"), (4, 10, "../lab"), (4, 10, ""), (4, 10, "-x"),
    ])
    func `impossible worlds`(nodes: Int, guests: Int, cluster: String) {
        var options = ProxmoxSimulator.Options()
        options.nodes = nodes
        options.guests = guests
        options.cluster = cluster
        let failure = #expect(throws: Failure.self) { try ProxmoxSimulator.service(options, logger: .silent) }
        #expect(failure?.code == .usage)
    }
}
