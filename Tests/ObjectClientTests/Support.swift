import KubernetesObjectStore
import ObjectAPI
import ObjectClient
import ObjectStore
import Objects
import Primitives
import Web

/// The API over objects in memory, within the process or on loopback.
struct Bed {
    let store = MemoryObjectStore(bookmarkSeconds: 3600)
    let api: ObjectAPI
    let client: ObjectClient

    init(watches: Int = 4) {
        var options = ObjectAPI.Options()
        options.watches = watches
        api = ObjectAPI(store, kinds: KindSchema.all.map { ($0.kind, KindRules($0)) }, options: options)
        client = ObjectClient(HandlerTransport(api.handle))
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
