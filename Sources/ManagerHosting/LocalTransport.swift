import ObjectAPI
import ObjectClient
import ObjectStore
import Web

/// The manager's own API, without a network between.
struct LocalTransport: APITransport {
    let api: ObjectAPI

    func send(_ request: APIRequest) async throws(StoreError) -> APIAnswer {
        let parts = request.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query =
            parts.count > 1
            ? FormText.pairs(parts[1].utf8).map { (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self)) }
            : []
        let answer = await api.handle(
            HTTPServerRequest(
                method: request.method, path: String(parts.first ?? ""), query: query,
                headers: HTTPHeaders([("Content-Type", request.contentType), ("Accept", request.accept)]), body: request.body ?? []))
        guard case .bytes(let body) = answer.body else { throw StoreError(.internalError, "the API answered with a stream") }
        return APIAnswer(status: answer.status, body: body)
    }

    func lines(_ request: APIRequest, onLine: @escaping @Sendable ([UInt8]) -> Bool) async throws(StoreError) -> APIAnswer {
        throw StoreError(.methodNotAllowed, "watches are for those who come over the network")
    }
}
