package import ObjectStore
package import Web

/// Within the process, to the handler of the API, without its door: for a folder of manifests that the manager keeps applied itself.
///
/// It has no answers without an end.
package struct HandlerTransport: APITransport {
    private let handler: HTTPHandler

    package init(_ handler: @escaping HTTPHandler) { self.handler = handler }

    package func send(_ request: APIRequest) async throws(StoreError) -> APIAnswer {
        let parts = request.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { pair -> (name: String, value: String) in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(sides[0]), sides.count > 1 ? Self.decoded(sides[1]) : "")
        }
        let headers = HTTPHeaders([("Content-Type", request.contentType), ("Accept", request.accept)])
        let response = await handler(
            HTTPServerRequest(
                method: request.method, path: Self.decoded(parts[0]), query: query, headers: headers, body: request.body ?? [],
                reach: .loopback))
        guard case .bytes(let bytes) = response.body else {
            if case .stream(let stream) = response.body { stream.finish() }
            throw StoreError(.unavailable, "the answer has no end, which cannot be had within the process")
        }
        return APIAnswer(status: response.status, body: bytes)
    }

    package func lines(_ request: APIRequest, onLine: @escaping @Sendable ([UInt8]) -> Bool) async throws(StoreError) -> APIAnswer {
        try await send(request)
    }

    private static func decoded(_ text: Substring) -> String {
        var (bytes, rest) = ([UInt8](), Array(text.utf8)[...])
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
