import Exporting
import Primitives
import Synchronization

@testable import Web

/// How a test asks a router: by a call, or through a socket by our own client.
enum Transport: CaseIterable, Sendable {
    case inProcess, socket

    /// An answer as a scraper sees it.
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    typealias Ask = @Sendable (_ target: String, _ method: String, _ headers: [(String, String)]) async throws -> Answer

    /// Serves the router while `body` runs.
    func serve(_ router: Router, _ body: (Ask) async throws -> Void) async throws {
        switch self {
        case .inProcess: try await body { try await Self.call(router, $0, $1, $2) }
        case .socket:
            let server = try HTTPServer(
                listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", logger: .silent, handler: router.handle)
            let client = try HTTPClient()
            do {
                try await body { target, method, headers in
                    try await client.ask(server.address.url() + target, method, headers)
                }
            } catch {
                await server.stop(withinSeconds: 0)
                throw error
            }
            await server.stop(withinSeconds: 0)
        }
    }

    private static func call(_ router: Router, _ target: String, _ method: String, _ headers: [(String, String)]) async throws -> Answer {
        let halves = target.split(separator: "?", maxSplits: 1)
        let query = halves.dropFirst().first?.split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: unescaped(sides[0]), value: sides.count == 2 ? unescaped(sides[1]) : "")
        }
        let response = await router.handle(
            HTTPServerRequest(
                method: method, path: String(halves[0]), query: query ?? [], headers: HTTPHeaders(headers.map { (name: $0.0, value: $0.1) })
            ))
        // The server sends a HEAD answer without its body.
        return Answer(status: response.status, headers: response.headers, body: method == "HEAD" ? [] : response.body.bytes)
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let escaped = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(escaped)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension HTTPClient {
    func ask(_ url: String, _ method: String = "GET", _ headers: [(String, String)] = []) async throws -> Transport.Answer {
        var request = HTTPRequest(url: url, deadline: .after(seconds: 30))
        request.method = method
        request.headers = headers.map { (name: $0.0, value: $0.1) }
        let response = try await send(request)
        return Transport.Answer(status: response.status, headers: response.headers, body: response.body)
    }
}

extension HTTPServerResponse.Body {
    var bytes: [UInt8] {
        switch self {
        case .bytes(let bytes): return bytes
        case .pieces(let pieces): return pieces.drain()
        case .stream: return []
        case .heap(let heap):
            let (start, count) = heap.release()
            defer { start?.deallocate() }
            return Array(UnsafeRawBufferPointer(start: start, count: count))
        }
    }
}
