import JSON
import Primitives

/// What was done to a guest, and when.
struct GuestChange: Sendable, Equatable {
    /// Unix time.
    let at: Double
    let vmid: Int
    let order: GuestOrder

    init(at: Double, vmid: Int, order: GuestOrder) {
        self.at = at
        self.vmid = vmid
        self.order = order
    }

    /// Reads an element of a scenario file.
    init(_ value: JSONValue) throws(Failure) {
        guard let at = value["at"]?.number, (0...4.1e9).contains(at) else { throw Failure(.malformed, "\"at\" is no unix time") }
        guard let vmid = value["vmid"]?.integer else { throw Failure(.malformed, "\"vmid\" is no number") }
        self.init(at: at, vmid: vmid, order: try GuestOrder(value, besides: ["at", "vmid", "deleted"]))
    }

    /// Writes the members that `init` reads.
    func write(into json: inout JSONWriter) {
        json.member("at", at)
        json.member("vmid", vmid)
        if let isRunning = order.isRunning { json.member("status", isRunning ? "running" : "stopped") }
        if let node = order.node { json.member("node", node) }
        if let name = order.name { json.member("name", name) }
        if let tags = order.tags { json.member("tags", tags) }
        if let hasExporter = order.hasExporter { json.member("exporter", hasExporter) }
        if let hasAgent = order.hasAgent { json.member("agent", hasAgent) }
        if order.isDeletion { json.member("deleted", true) }
    }
}
