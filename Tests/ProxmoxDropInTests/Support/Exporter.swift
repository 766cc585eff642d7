import CollectorConformance
import Exporting
import Primitives
import Synchronization
import Web

@testable import ProxmoxDropIn

/// `/pve` behind a server, asked as Prometheus asks it.
final class Exporter: Sendable {
    struct Answer: Sendable {
        let response: HTTPResponse
        var status: Int { response.status }
        var text: String { String(decoding: response.body, as: UTF8.self) }
        var exposition: ExpositionText { ExpositionText(text) }
    }

    let handler: DropInHandler
    private let server: HTTPServer
    private let http: HTTPClient
    private let lines: Lines

    private final class Lines: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    /// All that was logged.
    var log: String { String(decoding: lines.bytes.withLock { $0 }, as: UTF8.self) }

    init(_ settings: DropInSettings = DropInSettings(), clusters: [DropInCluster], timeoutSeconds: Double = 30) throws {
        let lines = Lines()
        let http = try HTTPClient()
        let context = CollectionContext(
            deadline: .after(seconds: 60), http: http, logger: Logger(level: .debug) { line in lines.bytes.withLock { $0 += line } })
        let handler = try DropInHandler(settings, clusters: clusters, scrapeTimeoutSeconds: timeoutSeconds, context: context)
        self.http = http
        self.handler = handler
        self.lines = lines
        server = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", logger: .silent, handler: handler.handle)
    }

    func stop() async {
        http.close()
        await server.stop(withinSeconds: 0)
    }

    /// - Parameter query: as it stands in the URL, percent-encoded.
    func ask(_ query: String = "", _ headers: [(name: String, value: String)] = []) async throws -> Answer {
        var request = HTTPRequest(url: server.address.url() + "/pve" + (query.isEmpty ? "" : "?\(query)"), deadline: .after(seconds: 60))
        request.headers = headers
        return Answer(response: try await http.send(request))
    }
}
