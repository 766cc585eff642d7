import Primitives
import Testing
import Web

@testable import Simulation

/// The service of a world whose clock a test sets, without sockets and waiting.
struct SimulatedAPI {
    let clock = TestClock(epoch + 500)
    let service: ProxmoxService

    init(nodes: Int = 4, guests: Int = 60, release: Release = .current, hasCeph: Bool = false, hangSeconds: Double = 0) throws {
        var options = ProxmoxSimulator.Options()
        options.nodes = nodes
        options.guests = guests
        options.release = release
        options.hasCeph = hasCeph
        options.latencySeconds = 0
        options.offlineDelaySeconds = 0
        options.hangDelaySeconds = hangSeconds
        options.authDelaySeconds = 0
        options.clock = clock.wall
        service = try ProxmoxSimulator.service(options, logger: .silent)
    }

    var inventory: Inventory { service.source.inventory }

    func get(_ path: String, _ query: [(name: String, value: String)] = []) async -> HTTPServerResponse {
        await service.answer(
            HTTPServerRequest(
                method: "GET", path: "/api2/json" + path, query: query,
                headers: HTTPHeaders([("Authorization", "PVEAPIToken=monitor@pve!martlet=SECRET")])))
    }

    /// The answer's `data`, of a call that succeeds.
    func data(_ path: String, _ query: [(name: String, value: String)] = []) async throws -> Tree {
        let response = await get(path, query)
        #expect(response.status == 200, "\(path): \(text(response))")
        return try #require(try Tree(bytes(response))["data"])
    }

    func begin(_ scenario: Scenario, node: String? = nil) async throws {
        _ = try await service.source.scenarios.begin(scenario, node: node)
    }
}
