import KubernetesObjectStore
import ObjectAPI
import ObjectClient
import ObjectStore
import Objects
import Primitives
import Web

/// Within the process, without a network.
struct DirectTransport: APITransport {
    let api: ObjectAPI

    func send(_ request: APIRequest) async throws(StoreError) -> APIAnswer {
        let parts = request.path.split(separator: "?", maxSplits: 1).map(String.init)
        let query = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { pair -> (name: String, value: String) in
            let sides = pair.split(separator: "=", maxSplits: 1).map { Self.decoded(String($0)) }
            return (sides[0], sides.count > 1 ? sides[1] : "")
        }
        let headers = HTTPHeaders([("Content-Type", request.contentType), ("Accept", request.accept)])
        let response = await api.handle(
            HTTPServerRequest(
                method: request.method, path: Self.decoded(parts[0]), query: query, headers: headers, body: request.body ?? []))
        guard case .bytes(let bytes) = response.body else { return APIAnswer(status: response.status, body: []) }
        return APIAnswer(status: response.status, body: bytes)
    }

    func lines(_ request: APIRequest, onLine: @escaping @Sendable ([UInt8]) -> Bool) async throws(StoreError) -> APIAnswer {
        try await send(request)
    }

    private static func decoded(_ text: String) -> String {
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

/// The API over objects in memory, within the process or on loopback.
struct Bed {
    let store = MemoryObjectStore(bookmarkSeconds: 3600)
    let api: ObjectAPI
    let client: ObjectClient

    init(watches: Int = 4) {
        var options = ObjectAPI.Options()
        options.watches = watches
        api = ObjectAPI(store, kinds: KindSchema.all.map { ($0.kind, KindRules($0)) }, options: options)
        client = ObjectClient(DirectTransport(api: api))
    }

    /// Runs something with a client over the network.
    func served<Value: Sendable>(_ body: (ObjectClient) async throws -> Value) async throws -> Value {
        let server = try HTTPServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), origin: "test", limits: ObjectAPI.serverLimits, logger: .silent,
            handler: api.handle)
        let connection = try KubeConnection(server: "http://127.0.0.1:\(server.address.port)")
        let result: Result<Value, any Error>
        do { result = .success(try await body(ObjectClient(KubeTransport(connection, http: try HTTPClient())))) } catch {
            result = .failure(error)
        }
        await server.stop(withinSeconds: 0)
        return try result.get()
    }

    static func key(_ name: String) -> ObjectKey { ObjectKey(.vmClass, "default", name) }

    static func manifest(_ name: String, cpu: Int = 2, more: String = "") -> String {
        "apiVersion: infra.virtrigaud.io/v1beta1\nkind: VMClass\nmetadata:\n  name: \(name)\n\(more)spec:\n  cpu: \(cpu)\n  memory: 2Gi\n"
    }
}
