import Primitives
import Web

/// Answers requests as the API server of a cluster would, and those to the simulator itself.
struct ProxmoxService: Sendable {
    /// How long answers take that the real server or its network would not give at once.
    struct Delays: Sendable {
        /// Before each answer of the API.
        var latencySeconds: Double
        /// Before an offline node is given up.
        var offlineSeconds: Double
        /// Before a wrong credential is refused.
        var refusalSeconds: Double
    }

    let source: WorldSource
    let authentication: Authentication
    let passwordLogin: PasswordLogin
    /// By which tickets grow old; the world may stand still.
    let serverClock: WallClock
    let delays: Delays
    let scenarios: ScenarioEndpoint
    let statistics = CallStatistics()

    /// Where the counted calls are read, and cleared by DELETE.
    static let statisticsPath = "/api/v1/stats"

    /// Answers for the API below `/api2`, and for the simulator elsewhere.
    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        switch request.path {
        case ScenarioEndpoint.path: return await scenarios.answer(request)
        case Self.statisticsPath: return statistics(request)
        case "/health", "/-/healthy", "/ready", "/-/ready": return HTTPServerResponse(text: "OK\n")
        case "/": return HTTPServerResponse(text: landing)
        default: break
        }
        guard let path = ProxmoxRoute.apiPath(request.path) else {
            var response = HTTPServerResponse(status: 500, text: "no such file '\(HostileText.oneLine(request.path, limit: 200))'\n")
            response.headers.add("Connection", "close")
            return response
        }
        let route = ProxmoxRoute(path)
        statistics.begin(route)
        let response = await apiAnswer(request, path, route)
        statistics.end(route, bytes: response.bodySize)
        return response.gzipped(for: request)
    }

    private func apiAnswer(_ request: HTTPServerRequest, _ path: [Substring], _ route: ProxmoxRoute) async -> HTTPServerResponse {
        // A cluster of which no node is on has nobody to answer.
        guard source.current().isAnyNodeUp(at: now.moment) else { return .dropped }
        if route == .ticket, request.method == "GET" || request.method == "POST" {
            await pause(delays.latencySeconds)
            return request.method == "POST" ? await login(request) : ProxmoxResponse.success(Array(#"{"data":null}"#.utf8))
        }
        guard authentication.accepts(request, at: serverClock.unixSeconds) else {
            await pause(delays.refusalSeconds)
            return ProxmoxResponse.empty(401)
        }
        await pause(delays.latencySeconds)
        if request.method == "HEAD" || request.method == "OPTIONS" || request.method == "PATCH" { return ProxmoxResponse.empty(501) }
        let name = path.joined(separator: "/")
        let notImplemented = ProxmoxResponse.failure(501, "Method '\(request.method) /\(name)' not implemented")
        if case .guestPower(_, _, let vmid, _) = route, request.method == "POST" {
            // Rights are looked at before the guest is looked for, and an auditor has none here.
            return ProxmoxResponse.failure(403, "Permission check failed (/vms/\(vmid), VM.PowerMgmt)\n")
        }
        guard request.method == "GET" else { return notImplemented }
        if case .unknown(nil) = route { return notImplemented }

        var view: NodeView?
        if let node = route.node {
            let (world, moment) = (source.current(), now.moment)
            guard let index = world.inventory.node(named: node) else {
                return ProxmoxResponse.failure(
                    500,
                    "hostname lookup '\(node)' failed - failed to get address info for: \(node): Temporary failure in name resolution\n")
            }
            let found = world.view(of: index, at: moment)
            guard found.isOnline else {
                await pause(max(0, delays.offlineSeconds - delays.latencySeconds))
                return ProxmoxResponse.empty(595)
            }
            view = found
        }
        let unknown = request.query.filter { !route.parameters.contains($0.name) }
        let answers = ProxmoxAnswers(world: source.current(), unixSeconds: source.clock.unixSeconds)
        switch (route, view) {
        case (.unknown, _), (.guestPower, _): return notImplemented
        case _ where !unknown.isEmpty: return ProxmoxResponse.badParameters(unknown.map { ($0.name, ProxmoxResponse.notInSchema) })
        case (_, let view?): return nodeAnswer(route, view, answers, request)
        case (_, nil): return clusterAnswer(route, answers, request)
        }
    }

    private func statistics(_ request: HTTPServerRequest) -> HTTPServerResponse {
        if request.method == "DELETE" { statistics.reset() }
        return HTTPServerResponse(json: statistics.json())
    }

    private var now: (unixSeconds: Double, moment: Double) {
        let unixSeconds = source.clock.unixSeconds
        return (unixSeconds, source.current().moment(of: unixSeconds))
    }

    private var landing: String {
        """
        Simulated Proxmox VE cluster "\(source.inventory.cluster)": \(source.inventory.nodes.count) nodes, \
        \(source.inventory.guests.count) guests.
        API: \(ProxmoxRoute.base)/  Scenario: \(ScenarioEndpoint.path)  Calls counted: \(Self.statisticsPath)

        """
    }

    func pause(_ seconds: Double) async {
        if seconds > 0 { try? await Task.sleep(for: .seconds(seconds)) }
    }
}

extension HTTPServerResponse {
    fileprivate var bodySize: Int {
        switch body {
        case .bytes(let bytes): bytes.count
        case .heap(let heap): heap.count
        }
    }
}
