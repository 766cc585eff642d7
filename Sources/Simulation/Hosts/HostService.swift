import Primitives
import Web

/// Answers for the hosts of a world and for the simulator that runs them.
struct HostService: Sendable {
    let source: WorldSource
    let scenarios: ScenarioEndpoint
    let guests: GuestEndpoint

    /// What the exporter of one host says; nothing at all when the host is off.
    func hostAnswer(_ request: HTTPServerRequest, node: Int) -> HTTPServerResponse {
        let world = source.current()
        let moment = world.moment(of: source.clock.unixSeconds)
        let view = world.ownView(of: node, at: moment)
        guard view.isOnline, !world.has(.exportersDead, view.node, at: moment) else { return .dropped }
        return Self.exporterAnswer(request, "node exporter", of: view.node.name) {
            HostExposition(world: world, view: view, moment: moment).text()
        }
    }

    /// What the exporter inside a guest says; nothing at all when none answers.
    ///
    /// - Parameter guest: its position.
    func guestAnswer(_ request: HTTPServerRequest, guest: Int) -> HTTPServerResponse {
        let world = source.current()
        let moment = world.moment(of: source.clock.unixSeconds)
        let guest = world.inventory.guests[guest]
        guard world.hasAnsweringExporter(guest, at: moment), case .up(let bootedAt) = world.presence(of: guest.node, at: moment) else {
            return .dropped
        }
        let isWindows = world.isWindows(guest)
        return Self.exporterAnswer(request, isWindows ? "windows_exporter" : "node exporter", of: guest.name) {
            let state = GuestState(guest, in: world, at: moment, nodeBootedAt: bootedAt)
            return isWindows ? WindowsExposition(state: state).text() : GuestExposition(state: state).text()
        }
    }

    private static func exporterAnswer(
        _ request: HTTPServerRequest, _ exporter: String, of name: String, _ exposition: () -> [UInt8]
    ) -> HTTPServerResponse {
        guard request.method == "GET" || request.method == "HEAD" else {
            return HTTPServerResponse(status: 405, text: "Method not allowed.\n")
        }
        switch request.path {
        case "/metrics":
            return HTTPServerResponse(
                status: 200, headers: HTTPHeaders([("Content-Type", "text/plain; version=0.0.4; charset=utf-8")]),
                body: .bytes(exposition())
            ).gzipped(for: request)
        case "/": return HTTPServerResponse(text: "Simulated \(exporter) of \(name): /metrics\n")
        default: return HTTPServerResponse(status: 404, text: "Not found.\n")
        }
    }

    /// What the simulator itself says.
    func controlAnswer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        switch request.path {
        case ScenarioEndpoint.path: await scenarios.answer(request)
        case let path where GuestEndpoint.answers(path): await guests.answer(request)
        case "/health", "/-/healthy", "/ready", "/-/ready": HTTPServerResponse(text: "OK\n")
        case "/":
            HTTPServerResponse(
                text:
                    "Node exporters of \(source.inventory.nodes.count) simulated hosts. Scenario: \(ScenarioEndpoint.path)  Guests: \(GuestEndpoint.path)\n"
            )
        default: HTTPServerResponse(status: 404, text: "Not found.\n")
        }
    }
}
