import JSON
import Primitives
import Web

/// `GET /api/v1/guests`: all guests as the world has them now. `PUT` and `DELETE /api/v1/guests/VMID`: what shall become of one.
struct GuestEndpoint: Sendable {
    /// The same on every simulated service that knows guests.
    static let path = "/api/v1/guests"

    let source: WorldSource
    /// Where exporters inside guests answer.
    var ports = GuestPorts()

    /// Whether a path is this endpoint's.
    static func answers(_ path: String) -> Bool { path == Self.path || path.hasPrefix(Self.path + "/") }

    /// 404 for an unknown guest, 400 for what makes no sense, 409 for a full history, 500 for a file that fails.
    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        if let refusal = request.refusalOfOtherSites { return refusal }
        if request.path == Self.path {
            guard request.method == "GET" || request.method == "HEAD" else { return Self.notAllowed("GET, HEAD") }
            return list()
        }
        let text = String(request.path.dropFirst(Self.path.utf8.count + 1))
        guard let vmid = Int(text), String(vmid) == text, source.current().inventory.guest(vmid: vmid) != nil else {
            return Self.refusal(404, Failure(.malformed, "there is no guest \"\(HostileText.oneLine(text, limit: 40))\""))
        }
        switch request.method {
        case "GET", "HEAD": return shown(vmid)
        case "PUT": return await put(request.body, of: vmid)
        case "DELETE":
            var order = GuestOrder()
            order.isDeletion = true
            return await change(vmid) { (_, _) throws(Failure) in order }
        default: return Self.notAllowed("GET, HEAD, PUT, DELETE")
        }
    }

    private func put(_ body: [UInt8], of vmid: Int) async -> HTTPServerResponse {
        let order: GuestOrder
        do throws(Failure) { order = try Self.order(body) } catch { return Self.refusal(400, error) }
        return await change(vmid) { guest, world throws(Failure) in
            try Self.check(order, guest, world)
            return Self.news(order, guest, world)
        }
    }

    private static func order(_ body: [UInt8]) throws(Failure) -> GuestOrder {
        let result: Result<GuestOrder, Failure> = try JSONDocument(parsing: body).withRoot { root in
            do throws(Failure) { return .success(try GuestOrder(root)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Errors: what cannot be done with this guest, by its key.
    private static func check(_ order: GuestOrder, _ guest: Guest, _ world: World) throws(Failure) {
        if let node = order.node, world.inventory.node(named: node) == nil {
            let nodes = world.inventory.nodes
            throw Failure(
                .malformed,
                "node: unknown node \"\(HostileText.oneLine(node, limit: 40))\"; there are \(nodes.count), from \(Inventory.nodeName(0)) to "
                    + Inventory.nodeName(nodes.count - 1))
        }
        if order.isRunning == true, guest.role == .template {
            throw Failure(.malformed, "status: guest \(guest.vmid) is a template, which does not run")
        }
        if order.hasAgent != nil, guest.kind == .lxc {
            throw Failure(.malformed, "agent: guest \(guest.vmid) is a container, which has none")
        }
    }

    /// What of an order is not so already.
    private static func news(_ order: GuestOrder, _ guest: Guest, _ world: World) -> GuestOrder {
        var news = order
        if let isRunning = order.isRunning, isRunning ? guest.role == .running : !guest.isLive { news.isRunning = nil }
        if order.node == world.inventory.nodes[guest.node].name { news.node = nil }
        if order.name == guest.name { news.name = nil }
        if order.tags == guest.tags ?? "" { news.tags = nil }
        if order.hasExporter == guest.hasExporter { news.hasExporter = nil }
        if let hasAgent = order.hasAgent {
            var running = guest
            running.role = .running
            if world.hasAnsweringAgent(running) == hasAgent { news.hasAgent = nil }
        }
        return news
    }

    /// Does to the guest, as all processes have left it, what `order` says, and shows it.
    private func change(_ vmid: Int, _ order: (Guest, World) throws(Failure) -> GuestOrder) async -> HTTPServerResponse {
        var isKnown = true
        var isSensible = true
        do throws(Failure) {
            _ = try await source.scenarios.change { timeline, now throws(Failure) in
                let world = World(inventory: source.inventory, timeline: timeline)
                guard let guest = world.inventory.guest(vmid: vmid) else {
                    isKnown = false
                    throw Failure(.malformed, "there is no guest \(vmid) any more")
                }
                let wanted: GuestOrder
                do throws(Failure) {
                    wanted = try order(guest, world)
                } catch {
                    isSensible = false
                    throw error
                }
                if !wanted.isEmpty { try timeline.add(wanted, of: vmid, at: now) }
            }
        } catch {
            return Self.refusal(!isKnown ? 404 : !isSensible ? 400 : error.code == .limit ? 409 : 500, error)
        }
        return shown(vmid)
    }

    // MARK: what is shown

    private func shown(_ vmid: Int) -> HTTPServerResponse {
        let world = source.current()
        let moment = world.moment(of: source.clock.unixSeconds)
        var json = JSONWriter()
        json.object { json in
            if let guest = world.inventory.guest(vmid: vmid) {
                write(guest, world, moment, into: &json)
            } else {
                json.member("vmid", vmid)
                json.member("deleted", true)
            }
        }
        return HTTPServerResponse(json: json.bytes)
    }

    private func list() -> HTTPServerResponse {
        let world = source.current()
        let moment = world.moment(of: source.clock.unixSeconds)
        let guests = world.inventory.presentGuests
        var json = JSONWriter(reservingBytes: 64 + guests.count * 256)
        json.object { json in
            json.key("guests")
            json.array { json in
                for guest in guests { json.object { write(guest, world, moment, into: &$0) } }
            }
        }
        return HTTPServerResponse(json: json.bytes)
    }

    private func write(_ guest: Guest, _ world: World, _ moment: Double, into json: inout JSONWriter) {
        json.member("vmid", guest.vmid)
        json.member("kind", guest.kind.rawValue)
        json.member("name", guest.name)
        json.member("node", world.inventory.nodes[guest.node].name)
        json.member("status", guest.role == .running ? "running" : guest.role == .paused ? "paused" : "stopped")
        json.member("template", guest.role == .template)
        json.member("tags", guest.tags ?? "")
        json.member("ostype", GuestIdentity(guest, in: world).systemType)
        json.member("address", world.address(of: guest).description)
        json.key("exporter")
        if world.hasAnsweringExporter(guest, at: moment) {
            json.integer(Int(ports.port(of: guest, in: world)))
        } else {
            json.null()
        }
        json.member("agent", world.hasAnsweringAgent(guest) && world.isSettled(guest, at: moment))
    }

    private static func refusal(_ status: Int, _ failure: Failure) -> HTTPServerResponse {
        var json = JSONWriter()
        json.object { $0.member("error", failure.description) }
        return HTTPServerResponse(status: status, json: json.bytes)
    }

    private static func notAllowed(_ methods: String) -> HTTPServerResponse {
        var response = HTTPServerResponse(status: 405, text: "Method not allowed.\n")
        response.headers.add("Allow", methods)
        return response
    }
}
