import Exporting
import Primitives
import Synchronization
import Web

/// `GET /targets`: what the watches know, as Prometheus' HTTP service discovery wants it. It makes no call of the API.
///
/// Nothing known is no empty list, which would make Prometheus drop all targets, but 503, on which it keeps those that it has.
final class TargetsHandler: Sendable {
    /// An answer for one query, as long as nothing changes.
    private struct Cached: Sendable {
        /// Of each watch: its generation and how far it is believed.
        let version: [WatchVersion]
        let plain: [UInt8]
        let gzip: [UInt8]?
    }

    private struct WatchVersion: Sendable, Equatable {
        let generation: Int
        let name: String?
        let condition: ClusterWatch.Condition
        let keepsNodes: Bool
    }

    private struct State {
        var cache: [TargetQuery: Cached] = [:]
        var answers: [Int: Int] = [:]
        /// Before a reload there was an answer: no cluster that is new since then holds it back.
        var wasAnswering = false
    }

    /// Different queries whose answers are kept: a Prometheus asks a handful.
    private static let cacheLimit = 16
    /// Bytes of all of them.
    private static let cacheBytes = 64 << 20

    private static let longestWaitSeconds = 10.0

    private let watches: [ClusterWatch]
    private let state = Mutex(State())

    init(_ watches: [ClusterWatch]) { self.watches = watches }

    /// Answers by status, for metrics.
    var answers: [Int: Int] { state.withLock { $0.answers } }

    /// Goes on from where a handler was before a reload.
    func follow(_ other: TargetsHandler) {
        let (answers, wasAnswering) = (other.answers, other.missing().isEmpty)
        state.withLock { state in (state.answers, state.wasAnswering) = (answers, wasAnswering) }
    }

    /// Whoever asks while a cluster is being read for the first time waits for that as long as it has patience: a Prometheus that begins
    /// at the same time would otherwise know nothing until it asks again.
    func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let response: HTTPServerResponse
        do throws(Failure) {
            let query = try TargetQuery(request.query)
            let patience = Deadline(request.arrival.advanced(by: .seconds(Self.patience(of: request))))
            while !missing(for: query).isEmpty, !patience.hasPassed, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(50)) }
            response = answer(query, request)
        } catch {
            response = HTTPServerResponse(status: 400, text: "\(error.message)\n")
        }
        state.withLock { $0.answers[response.status, default: 0] += 1 }
        return response
    }

    /// Prometheus gives up after the time between two of its questions, which it sends along; somebody else is not kept waiting.
    private static func patience(of request: HTTPServerRequest) -> Double {
        let seconds = request.headers["X-Prometheus-Refresh-Interval-Seconds"].flatMap(Double.init) ?? 0
        return (seconds * 0.8).clamped(to: 0...longestWaitSeconds)
    }

    /// Which clusters keep an answer from being given; none when there is one.
    ///
    /// While a cluster is cold, nobody knows which targets would be missing. After a while the others are answered without it; but never
    /// nothing at all.
    func missing(for query: TargetQuery? = nil) -> [ClusterWatch] {
        let names = Set(watches.compactMap(\.name))
        // Who asks for clusters that are known by name does not ask for one whose name nobody knows yet.
        let knows = query.map { !$0.clusters.isEmpty && $0.clusters.allSatisfy(names.contains) } ?? false
        let asked = watches.filter { watch in query.map { query in watch.name.map { query.takes(cluster: $0) } ?? !knows } ?? true }
        let cold = asked.filter { $0.condition == .cold }
        let isPatienceOver = state.withLock { $0.wasAnswering } || cold.allSatisfy(\.isColdForLong)
        return cold.count == asked.count || !isPatienceOver ? cold : []
    }

    private func answer(_ query: TargetQuery, _ request: HTTPServerRequest) -> HTTPServerResponse {
        let missing = missing(for: query)
        guard missing.isEmpty else {
            return HTTPServerResponse(status: 503, text: missing.map { $0.reasonOfColdness + "\n" }.joined())
        }
        let names = watches.compactMap(\.name)
        if let unknown = query.clusters.first(where: { pattern in !names.contains { Wildcard.matches($0, pattern) } }) {
            return HTTPServerResponse(
                status: 404,
                text:
                    "There is no cluster \(unknown.utf8.count <= 64 ? unknown : "of that name"); there are: \(names.joined(separator: ", "))\n"
            )
        }
        let body = body(for: query)
        var response = HTTPServerResponse(json: body.plain)
        response.headers.add("Vary", "Accept-Encoding")
        if let gzip = body.gzip, ContentCoding.acceptsGzip(request.headers["Accept-Encoding"]) {
            response.body = .bytes(gzip)
            response.headers.add("Content-Encoding", "gzip")
        }
        return response
    }

    private func body(for query: TargetQuery) -> Cached {
        let version = watches.map {
            WatchVersion(generation: $0.generation, name: $0.name, condition: $0.condition, keepsNodes: $0.keepsNodes)
        }
        if let cached = state.withLock({ $0.cache[query] }), cached.version == version { return cached }
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        // By name, so that the order is the same whatever the order of the settings.
        for watch in watches.sorted(by: { ($0.name ?? "") < ($1.name ?? "") }) {
            let (condition, keepsNodes) = (watch.condition, watch.keepsNodes)
            guard condition != .cold, condition != .expired || keepsNodes else { continue }
            for entry in watch.entries where query.takes(entry) && (entry.kind == .node ? keepsNodes : condition != .expired) {
                guard let target = entry.target else { continue }
                if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(utf8: "\n{\"targets\":[" as StaticString)
                bytes.append(quoted: target.text(port: query.port ?? entry.port))
                bytes.append(utf8: "],\"labels\":" as StaticString)
                bytes += entry.labels
                bytes.append(UInt8(ascii: "}"))
            }
        }
        bytes.append(utf8: "\n]\n" as StaticString)
        let made = Cached(version: version, plain: bytes, gzip: bytes.count > 1024 ? Self.gzipped(bytes) : nil)
        state.withLock { state in
            state.cache = state.cache.filter { $0.value.version == version }
            let room = state.cache.values.reduce(0) { $0 + $1.plain.count + ($1.gzip?.count ?? 0) } + bytes.count
            if state.cache.count < Self.cacheLimit, room < Self.cacheBytes { state.cache[query] = made }
        }
        return made
    }

    private static func gzipped(_ bytes: [UInt8]) -> [UInt8]? {
        guard let stream = try? GzipStream() else { return nil }
        stream.write(bytes)
        stream.finish()
        return stream.output.bytes
    }
}
