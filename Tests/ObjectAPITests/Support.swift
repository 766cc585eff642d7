import ObjectAPI
import ObjectStore
import Objects
import Primitives
import Web

/// The API over objects in memory, asked without a network.
struct Bed {
    let store = MemoryObjectStore(bookmarkSeconds: 3600)
    let api: ObjectAPI

    init(watches: Int = 4) {
        var options = ObjectAPI.Options()
        options.watches = watches
        api = ObjectAPI(store, kinds: KindSchema.all.map { ($0.kind, KindRules($0)) }, options: options, clock: .fixed(1_800_000_000))
    }

    func ask(
        _ method: String, _ path: String, _ query: [(String, String)] = [], body: ObjectValue? = nil, type: String = "application/json",
        accept: String? = nil
    ) async -> HTTPServerResponse {
        var headers = HTTPHeaders([("Content-Type", type)])
        if let accept { headers.add("Accept", accept) }
        return await api.handle(
            HTTPServerRequest(
                method: method, path: path, query: query.map { (name: $0.0, value: $0.1) }, headers: headers, body: body?.json ?? []))
    }

    /// Status and value.
    func answer(
        _ method: String, _ path: String, _ query: [(String, String)] = [], body: ObjectValue? = nil, type: String = "application/json",
        accept: String? = nil
    ) async -> (status: Int, value: ObjectValue) {
        let response = await ask(method, path, query, body: body, type: type, accept: accept)
        guard case .bytes(let bytes) = response.body else { return (response.status, .null) }
        return (response.status, (try? ObjectValue(parsing: bytes, limits: .init(bytes: 64 << 20, values: 1_000_000, depth: 100))) ?? .null)
    }

    static let classes = "/apis/infra.virtrigaud.io/v1beta1/namespaces/default/vmclasses"

    static let machines = "/apis/infra.virtrigaud.io/v1beta1/namespaces/default/virtualmachines"

    static func machine(_ name: String) -> ObjectValue {
        [
            "apiVersion": "infra.virtrigaud.io/v1beta1", "kind": "VirtualMachine", "metadata": ["name": .text(name)],
            "spec": ["providerRef": ["name": "p"], "classRef": ["name": "c"], "imageRef": ["name": "i"]],
        ]
    }

    static func size(_ name: String, cpu: Int64 = 2, labels: ObjectValue? = nil) -> ObjectValue {
        var metadata = ObjectMembers([("name", .text(name))])
        metadata["labels"] = labels
        return [
            "apiVersion": "infra.virtrigaud.io/v1beta1", "kind": "VMClass", "metadata": .members(metadata),
            "spec": ["cpu": .whole(cpu), "memory": "2Gi"],
        ]
    }
}
