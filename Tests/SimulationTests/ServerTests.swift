import Primitives
import Testing
import Web

@testable import Simulation

/// The simulators over their sockets.
@Suite struct ServerTests {
    private func get(_ client: HTTPClient, _ url: String, trust: HTTPRequest.Trust = .system, method: String = "GET") async throws
        -> HTTPResponse
    {
        var request = HTTPRequest(url: url, deadline: .after(seconds: 20))
        request.method = method
        request.headers = [("Authorization", "PVEAPIToken=monitor@pve!martlet=SECRET")]
        request.trust = trust
        return try await client.send(request)
    }

    @Test func `the API over TLS, with the certificate that it leaves`() async throws {
        let folder = try TemporaryFolder()
        var options = ProxmoxSimulator.Options()
        options.listen = ListenAddress(host: "127.0.0.1", port: 0)
        options.worldDirectory = folder.path
        options.latencySeconds = 0
        options.guests = 40
        let simulator = try ProxmoxSimulator.start(options, logger: .silent)
        let client = try HTTPClient()
        let trust = HTTPRequest.Trust.authority(file: folder.path + "/lab.pem")
        let answer = try await get(client, simulator.address.url(scheme: "https") + "/api2/json/nodes/pve1/qemu?full=1", trust: trust)
        #expect(answer.status == 200 && answer.headers["Server"] == "pve-api-daemon/3.0")
        #expect(try !rows(answer.body).isEmpty)
        await #expect(throws: HTTPClientError.self) { try await get(client, simulator.address.url(scheme: "https") + "/api2/json/version") }

        var second = options
        second.listen = simulator.address
        second.listenOrigin = "--web.listen-address"
        let failure = #expect(throws: Failure.self) { try ProxmoxSimulator.start(second, logger: .silent) }
        #expect(failure?.message.contains("--web.listen-address") == true && failure?.message.contains("\(simulator.address.port)") == true)

        await simulator.stop(withinSeconds: 1)
        let again = try ProxmoxSimulator.start(second, logger: .silent)
        await again.stop(withinSeconds: 0)
    }

    @Test func `a broken world directory starts nothing`() throws {
        let folder = try TemporaryFolder()
        try Files.write(Array("{".utf8), to: folder.path + "/scenario.json")
        var options = ProxmoxSimulator.Options()
        options.listen = ListenAddress(host: "127.0.0.1", port: 0)
        options.worldDirectory = folder.path
        #expect(throws: Failure.self) { try ProxmoxSimulator.start(options, logger: .silent) }
        var hosts = HostSimulator.Options()
        hosts.worldDirectory = folder.path
        #expect(throws: Failure.self) { try HostSimulator.start(hosts, logger: .silent) }
        hosts.worldDirectory = nil
        hosts.firstAddress = "localhost"
        #expect(throws: Failure.self) { try HostSimulator.start(hosts, logger: .silent) }
    }

    @Test func `hosts, each on its address, and one of them off`() async throws {
        let folder = try TemporaryFolder()
        var options = HostSimulator.Options()
        options.port = 0
        options.nodes = 3
        options.guests = 12
        options.worldDirectory = folder.path
        options.scenarioListen = ListenAddress(host: "127.0.0.1", port: 0)
        let simulator = try HostSimulator.start(options, logger: .silent)
        #expect(simulator.addresses.map(\.host) == ["127.0.0.2", "127.0.0.3", "127.0.0.4"])
        let client = try HTTPClient()
        for address in simulator.addresses {
            let answer = try await get(client, address.url() + "/metrics")
            #expect(answer.status == 200 && answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        }
        var request = HTTPRequest(url: simulator.address.url() + "/api/v1/scenario", deadline: .after(seconds: 20))
        request.method = "PUT"
        request.body = Array("failure".utf8)
        #expect(try await client.send(request).status == 200)
        await #expect(throws: HTTPClientError.self) { try await get(client, simulator.addresses[2].url() + "/metrics") }
        #expect(try await get(client, simulator.addresses[0].url() + "/metrics").status == 200)

        var taken = options
        taken.firstAddress = "127.0.0.3"
        taken.port = simulator.addresses[1].port
        taken.portOrigin = "--hosts.port"
        let failure = #expect(throws: Failure.self) { try HostSimulator.start(taken, logger: .silent) }
        #expect(failure?.message.contains("--hosts.port") == true)
        await simulator.stop(withinSeconds: 1)
    }

    @Test func `webhook`() async throws {
        var options = WebhookSimulator.Options()
        options.listen = ListenAddress(host: "127.0.0.1", port: 0)
        options.print = { _ in }
        let simulator = try WebhookSimulator.start(options, logger: .silent)
        let client = try HTTPClient()
        var request = HTTPRequest(url: simulator.address.url() + "/alerts", deadline: .after(seconds: 20))
        request.method = "POST"
        request.body = Array(#"{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"A"}}]}"#.utf8)
        #expect(try await client.send(request).status == 200)
        let kept = try Tree(try await get(client, simulator.address.url() + "/api/v1/notifications").body)
        #expect(kept["firing"]?.integer == 1)
        await simulator.stop(withinSeconds: 1)
    }
}
