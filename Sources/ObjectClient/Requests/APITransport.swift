import Objects
package import ObjectStore
import KubernetesObjectStore
import Primitives
import Web

/// A request to an API of Kubernetes' shape.
package struct APIRequest: Sendable {
    package var method: String
    /// With the query, every part of it percent-encoded.
    package var path: String
    package var contentType = "application/json"
    package var accept = "application/json"
    package var body: [UInt8]?

    package init(_ method: String, _ path: String) {
        self.method = method
        self.path = path
    }
}

package struct APIAnswer: Sendable {
    package let status: Int
    package let body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// The way to an API.
package protocol APITransport: Sendable {
    /// - Throws: `unavailable` and `timeout`, when there is no answer.
    func send(_ request: APIRequest) async throws(StoreError) -> APIAnswer

    /// Hears an answer that has no end, line by line; returns when it has ended. `onLine` ends it with false.
    /// - Returns: the answer, where it is one that says why there are no lines.
    func lines(_ request: APIRequest, onLine: @escaping @Sendable ([UInt8]) -> Bool) async throws(StoreError) -> APIAnswer
}
