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
        /// Before a node is given up that takes calls and does not answer.
        var hangSeconds: Double
        /// Before a wrong credential is refused.
        var refusalSeconds: Double
    }

    let source: WorldSource
    /// Who there is, and who may what.
    let directory: AccessDirectory
    let authentication: Authentication
    let passwordLogin: PasswordLogin
    /// By which tickets grow old; the world may stand still.
    let serverClock: WallClock
    let delays: Delays
    let scenarios: ScenarioEndpoint
    let guests: GuestEndpoint
    let statistics = CallStatistics()

    /// Where the counted calls are read, and cleared by DELETE.
    static let statisticsPath = "/api/v1/stats"

    /// Answers for the API below `/api2`, and for the simulator elsewhere.
    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        switch request.path {
        case ScenarioEndpoint.path: return await scenarios.answer(request)
        case let path where GuestEndpoint.answers(path): return await guests.answer(request)
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
        let world = source.current()
        let moment = world.moment(of: source.clock.unixSeconds)
        // A cluster of which no node is on has nobody to answer.
        guard let asked = world.askedNode(at: moment) else { return .dropped }
        // Without its configuration a node knows neither users nor rights.
        if world.trouble(.pmxcfsDead, at: moment) != nil {
            await pause(delays.offlineSeconds)
            return ProxmoxResponse.empty(500)
        }
        if route == .ticket, request.method == "GET" || request.method == "POST" {
            await pause(delays.latencySeconds)
            guard request.method == "POST" else { return ProxmoxResponse.success(Array(#"{"data":null}"#.utf8)) }
            return world.trouble(.daemonDead, node: asked, at: moment) == nil ? await login(request) : ProxmoxResponse.empty(595)
        }
        guard let asker = authentication.identity(of: request, at: serverClock.unixSeconds) else {
            await pause(delays.refusalSeconds)
            return ProxmoxResponse.empty(401)
        }
        await pause(delays.latencySeconds)
        if request.method == "HEAD" || request.method == "OPTIONS" || request.method == "PATCH" { return ProxmoxResponse.empty(501) }
        let name = path.joined(separator: "/")
        let notImplemented = ProxmoxResponse.failure(501, "Method '\(request.method) /\(name)' not implemented")
        let rights = rights(of: asker, world, moment)
        if case .access(let place) = route {
            guard place.methods.contains(request.method) else { return notImplemented }
            return administration(place, request, asker, rights, world, moment)
        }
        // Rights are looked at before anything is looked for.
        if let need = route.need(of: world.inventory.release), !need.isMet(by: rights, in: world.inventory) {
            let isAsked = if case .guestPower = route { request.method == "POST" } else { request.method == "GET" }
            if isAsked { return ProxmoxResponse.failure(403, need.refusal) }
        }
        if case .guestPower = route, request.method == "POST" {
            return ProxmoxResponse.failure(500, "nothing is started or stopped in a simulated cluster\n")
        }
        guard request.method == "GET" else { return notImplemented }
        if case .unknown(nil) = route { return notImplemented }

        var view: NodeView?
        if let node = route.node {
            guard let index = world.inventory.node(named: node) else {
                return ProxmoxResponse.failure(
                    500,
                    "hostname lookup '\(node)' failed - failed to get address info for: \(node): Temporary failure in name resolution\n")
            }
            view = world.view(of: index, at: moment)
            if route.isPassedOn, let obstacle = obstacle(before: index, from: asked, world, moment) {
                await pause(max(0, obstacle.seconds - delays.latencySeconds))
                return ProxmoxResponse.empty(obstacle.status)
            }
        }
        if route.isProtected, world.trouble(.daemonDead, node: route.isPassedOn ? view?.node.index : asked, at: moment) != nil {
            return ProxmoxResponse.empty(595)
        }
        let answers = ProxmoxAnswers(world: source.current(), unixSeconds: source.clock.unixSeconds, rights: rights)
        if case .unknown = route { return notImplemented }
        if case .guestPower = route { return notImplemented }
        let errors = parameterErrors(route, request)
        guard errors.isEmpty else { return ProxmoxResponse.badParameters(errors) }
        if let view { return nodeAnswer(route, view, answers, request) }
        if case .cluster(.permissions) = route { return permissions(asker, answers, request) }
        if case .cluster(let place) = route { return answer(place, answers, request) ?? notImplemented }
        return clusterAnswer(route, answers, request)
    }

    /// What comes between one node and another: what is said then, and after how long; nil when nothing does.
    private func obstacle(before node: Int, from asked: Int, _ world: World, _ moment: Double) -> (status: Int, seconds: Double)? {
        if world.trouble(.nodeHangs, node: node, at: moment) != nil { return (596, delays.hangSeconds) }
        let isCut = node != asked && world.trouble(.linkCut, node: node, at: moment) != nil
        return isCut || !world.view(of: node, at: moment).isOnline ? (595, delays.offlineSeconds) : nil
    }

    /// Parameters that the schema does not have, and those that it wants and that are not there.
    private func parameterErrors(_ route: ProxmoxRoute, _ request: HTTPServerRequest) -> [(name: String, text: String)] {
        let unknown = request.query.filter { !route.parameters.contains($0.name) }.map { ($0.name, ProxmoxResponse.notInSchema) }
        let missing = route.requiredParameters.filter { request.parameter($0) == nil }
        return unknown + missing.map { ($0, "property is missing and it is not optional") }
    }

    private func statistics(_ request: HTTPServerRequest) -> HTTPServerResponse {
        if request.method == "DELETE" { statistics.reset() }
        return HTTPServerResponse(json: statistics.json())
    }

    private var landing: String {
        """
        Simulated Proxmox VE cluster "\(source.inventory.cluster)": \(source.inventory.nodes.count) nodes, \
        \(source.current().inventory.presentGuests.count) guests.
        API: \(ProxmoxRoute.base)/  Scenario: \(ScenarioEndpoint.path)  Guests: \(GuestEndpoint.path)  Calls counted: \(Self.statisticsPath)

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
        case .pieces, .stream: 0
        }
    }
}
