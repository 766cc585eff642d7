import JSON
import Primitives

/// What goes wrong with one server, or all, because a test wants it. It is this process's alone, and not of the world's story.
struct LLMFault: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable {
        /// Nobody listens any more.
        case refuse
        /// The model is still being read: 503.
        case loading
        /// It was started without metrics.
        case metricsDisabled = "metrics-disabled"
        /// The headers of an answer come late.
        case slow
        /// An answer never ends.
        case endless
        /// An answer is what nobody expects.
        case garbage
        /// Ollama: part of each model is in the memory of the host.
        case spilled
        /// Counters begin anew; it happens once.
        case reset
    }

    let kind: Kind
    /// nil for all servers.
    var server: String?
    /// Of slow ones.
    var seconds = 5.0
    /// Where it is so; nil for everywhere, with `endless` and `garbage` for `/metrics`.
    var path: String?

    /// Reads `{"fault": "slow", "server": "vllm-llama-70b", "seconds": 10, "path": "/health"}`.
    init(_ value: JSONValue, servers: [String]) throws(Failure) {
        let known = Kind.allCases.map(\.rawValue)
        guard let name = value["fault"]?.text else {
            throw Failure(.malformed, "the JSON has no text \"fault\"; there are \(known.joined(separator: ", "))")
        }
        guard let kind = Kind(rawValue: name) else {
            let hint = nearest(to: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ";"
            throw Failure(
                .malformed, "unknown fault \"\(HostileText.oneLine(name, limit: 40))\"\(hint) there are \(known.joined(separator: ", "))")
        }
        self.kind = kind
        if let server = value["server"]?.text {
            guard servers.contains(server) else {
                throw Failure(
                    .malformed, "unknown server \"\(HostileText.oneLine(server, limit: 60))\"; there are \(servers.joined(separator: ", "))"
                )
            }
            self.server = server
        }
        if let number = value["seconds"] {
            guard let seconds = number.number, (0...3600).contains(seconds) else {
                throw Failure(.malformed, "\"seconds\" is no number from 0 to 3600")
            }
            self.seconds = seconds
        }
        path = value["path"]?.text
    }

    /// Whether it is about a request.
    func isAbout(_ path: String) -> Bool {
        if let own = self.path { return own == path }
        return switch kind {
        case .endless, .garbage, .metricsDisabled: path == "/metrics"
        default: true
        }
    }

    func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("fault", kind.rawValue)
            if let server { json.member("server", server) }
            if kind == .slow { json.member("seconds", seconds) }
            if let path { json.member("path", path) }
        }
    }
}
