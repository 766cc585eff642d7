import CollectorConformance
@testable import Discovery
import Exporting
import Primitives
import ProxmoxAPI
import ProxmoxConfiguration
import Testing
import Web

/// The collector in front of an API that is made of a few fixed answers.
@Suite struct DiscoveryCollectorTests {
    private static let answers = [
        "/access/permissions": #"{"/":{"VM.Audit":1,"Sys.Audit":1},"/vms":{"VM.Audit":1}}"#,
        "/cluster/status": #"[{"type":"cluster","name":"lab","quorate":1},{"type":"node","name":"pve1","online":1,"ip":"192.0.2.1"}]"#,
        "/cluster/resources":
            #"[{"type":"node","node":"pve1","status":"online"},{"type":"qemu","vmid":100,"node":"pve1","name":"web","status":"running","maxcpu":2,"maxmem":1073741824},{"type":"qemu","vmid":101,"node":"pve1","name":"mute","status":"running"}]"#,
        "/nodes/pve1/qemu/100/config": #"{"agent":"1","ostype":"l26","net0":"virtio=BC:24:11:00:00:01,bridge=vmbr0"}"#,
        "/nodes/pve1/qemu/101/config": #"{"ostype":"win11","net0":"virtio=BC:24:11:00:00:02,bridge=vmbr0"}"#,
        "/nodes/pve1/qemu/100/agent/network-get-interfaces":
            #"{"result":[{"name":"ens18","hardware-address":"bc:24:11:00:00:01","ip-addresses":[{"ip-address":"192.0.2.7","ip-address-type":"ipv4"}]}]}"#,
    ]

    /// Lets the collector live in front of the API until it is ready, or says why it is not.
    private static func whileLive(
        _ body: (DiscoveryCollector, HTTPClient) async throws -> Void
    ) async throws {
        let server = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", logger: Logger(level: .error, format: .logfmt)
        ) { request in
            guard let data = answers[String(request.path.dropFirst("/api2/json".count))] else {
                return HTTPServerResponse(status: 500, text: "no\n")
            }
            return HTTPServerResponse(json: Array("{\"data\":\(data)}".utf8))
        }
        let endpoint = try ProxmoxEndpoint(address: server.address.url(), trust: .insecure)
        let credential = try ProxmoxCredential.token(parsing: "monitor@pve!martlet=SECRET")
        let collector = DiscoveryCollector(
            DiscoverySettings(clusters: [ConfiguredCluster(name: nil, endpoint: endpoint, credential: credential)]))
        let http = try HTTPClient()
        let context = CollectionContext(deadline: .after(seconds: 60), http: http, logger: Logger(level: .error, format: .logfmt))
        let life = Task.detached { await collector.run(context) }
        let patience = Deadline.after(seconds: 20)
        while collector.unreadiness != nil, !patience.hasPassed { try await Task.sleep(for: .milliseconds(10)) }
        #expect(collector.unreadiness == nil)
        try await body(collector, http)
        life.cancel()
        http.close()
        await server.stop(withinSeconds: 1)
    }

    @Test func `it is a collector as all are`() async throws {
        try await Self.whileLive { collector, _ in
            let violations = await CollectorConformance(
                prefixes: ["martlet_discovery_"], unseen: [], healthy: Scene("a small cluster", .healthy), broken: []
            ) { collector }.violations()
            #expect(violations.isEmpty)
        }
    }

    @Test func `an answer is a list of groups`() async throws {
        try await Self.whileLive { collector, _ in
            let response = await collector.targets(HTTPServerRequest(method: "GET", path: "/targets"))
            guard case .bytes(let bytes) = response.body else {
                Issue.record("no bytes")
                return
            }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(response.status == 200)
            #expect(text.hasPrefix("[\n{\"targets\":[\"192.0.2.7:9100\"],\"labels\":{\"__meta_proxmox_cluster\":\"lab\","))
            #expect(text.hasSuffix("}}\n]\n"))
            #expect(!text.contains("mute"))
        }
    }
}
