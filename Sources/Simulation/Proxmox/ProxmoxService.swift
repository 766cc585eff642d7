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
    let token: TokenCheck
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
        guard token.accepts(request.headers["Authorization"]) else {
            await pause(delays.refusalSeconds)
            return ProxmoxResponse.empty(401)
        }
        await pause(delays.latencySeconds)
        if request.method == "HEAD" || request.method == "OPTIONS" || request.method == "PATCH" { return ProxmoxResponse.empty(501) }
        let name = path.joined(separator: "/")
        let notImplemented = ProxmoxResponse.failure(501, "Method '\(request.method) /\(name)' not implemented")
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
        if case .unknown = route { return notImplemented }
        let unknown = request.query.filter { !route.parameters.contains($0.name) }
        guard unknown.isEmpty else {
            return ProxmoxResponse.badParameters(
                unknown.map { ($0.name, "property is not defined in schema and the schema does not allow additional properties") })
        }
        return data(route, view, request)
    }

    private func data(_ route: ProxmoxRoute, _ view: NodeView?, _ request: HTTPServerRequest) -> HTTPServerResponse {
        let answers = ProxmoxAnswers(world: source.current(), unixSeconds: source.clock.unixSeconds)
        switch (route, view) {
        case (.version, _): return ProxmoxResponse.success(answers.version())
        case (.clusterStatus, _): return ProxmoxResponse.success(answers.clusterStatus())
        case (.clusterTasks, _): return ProxmoxResponse.success(answers.clusterTasks())
        case (.nodes, _): return ProxmoxResponse.success(answers.nodes())
        case (.clusterResources, _):
            guard let wanted = request.parameter("type") else { return ProxmoxResponse.success(answers.clusterResources(type: nil)) }
            guard let type = ProxmoxAnswers.ResourceType(rawValue: wanted) else {
                return ProxmoxResponse.badParameters([
                    ("type", "value '\(wanted)' does not have a value in the enumeration 'vm, storage, node, sdn'")
                ])
            }
            return ProxmoxResponse.success(answers.clusterResources(type: type))
        case (.nodeStatus, let view?): return ProxmoxResponse.success(answers.nodeStatus(view))
        case (.nodeTasks, let view?):
            do {
                return ProxmoxResponse.success(answers.nodeTasks(view, try TaskFilter(request.query)))
            } catch {
                return ProxmoxResponse.badParameters([(error.name, error.text)])
            }
        case (.qemuList, let view?):
            guard let isFull = Self.boolean(request.parameter("full")) else {
                return ProxmoxResponse.badParameters([("full", "type check ('boolean') failed - got '\(request.parameter("full") ?? "")'")])
            }
            return ProxmoxResponse.success(answers.qemuList(view, isFull: isFull))
        case (.lxcList, let view?): return ProxmoxResponse.success(answers.lxcList(view))
        case (.qemuStatus(_, let vmid), let view?): return guest(vmid, .qemu, view) { answers.qemuStatus($0, view) }
        case (.lxcStatus(_, let vmid), let view?): return guest(vmid, .lxc, view) { answers.lxcStatus($0, view) }
        default: return ProxmoxResponse.empty(500)
        }
    }

    private func guest(_ text: String, _ kind: Guest.Kind, _ view: NodeView, _ write: (Guest) -> [UInt8]) -> HTTPServerResponse {
        guard let vmid = Int(text) else {
            return ProxmoxResponse.badParameters([("vmid", "type check ('integer') failed - got '\(text)'")])
        }
        guard (100...999_999_999).contains(vmid) else {
            return ProxmoxResponse.badParameters([("vmid", "invalid format - value does not look like a valid VM ID\n")])
        }
        guard let guest = source.inventory.guest(vmid: vmid), guest.kind == kind, guest.node == view.node.index else {
            let folder = kind == .qemu ? "qemu-server" : "lxc"
            return ProxmoxResponse.failure(500, "Configuration file 'nodes/\(view.node.name)/\(folder)/\(vmid).conf' does not exist\n")
        }
        return ProxmoxResponse.success(write(guest))
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

    /// Absent is false; nil for what is no boolean of the real API.
    private static func boolean(_ value: String?) -> Bool? {
        switch value?.lowercased() {
        case nil, "0", "no", "off", "false": false
        case "1", "yes", "on", "true": true
        default: nil
        }
    }

    private func pause(_ seconds: Double) async {
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
