import Objects
import ObjectStore
import Web

/// The `scale` subresource of sets, as autoscaling/v1 says it.
extension ObjectAPI {
    func scale(_ request: HTTPServerRequest, _ place: ResourcePlace, _ options: RequestOptions) async throws(StoreError)
        -> HTTPServerResponse
    {
        guard let key = place.key else { throw Self.notAllowed(request.method) }
        if request.method == "GET" || request.method == "HEAD" { return try form(Self.scale(of: try await store.get(key)), request) }
        let patch = request.method == "PATCH" ? try AnyPatch(request, of: key.kind) : nil
        let sent = request.method == "PUT" ? try RequestBody.value(request) : nil
        guard patch != nil || sent != nil else { throw Self.notAllowed(request.method) }
        var attempts = 5
        while true {
            let current = try await store.get(key)
            let scale = Self.scale(of: current)
            var wanted = sent ?? scale
            if let patch { wanted = try patch.apply(to: scale, of: key) }
            guard let replicas = wanted["spec"]?["replicas"]?.whole, (0...Int64(Int32.max)).contains(replicas) else {
                throw .invalid(key, [FieldProblem("spec.replicas", .invalid, "must be a whole number from 0 on")])
            }
            let version = wanted["metadata"]?["resourceVersion"]?.text ?? ""
            var object = current
            if case .members(var spec) = object.spec {
                spec["replicas"] = .whole(replicas)
                object.spec = .members(spec)
            }
            let namesState = sent != nil ? !version.isEmpty : patch?.namesVersion == true
            if namesState { object.metadata.resourceVersion = version }
            do {
                return try form(Self.scale(of: try await write(object, over: current, .main, options).0), request)
            } catch {
                attempts -= 1
                guard error.reason == .conflict, !namesState, attempts > 0 else { throw error }
            }
        }
    }

    private static func scale(of object: APIObject) -> ObjectValue {
        var metadata = ObjectMembers([
            ("name", .text(object.metadata.name)), ("namespace", .text(object.metadata.namespace)), ("uid", .text(object.metadata.uid)),
            ("resourceVersion", .text(object.metadata.resourceVersion)),
        ])
        metadata["creationTimestamp"] = .text(object.metadata.creationTimestamp)
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": .members(metadata),
            "spec": ["replicas": object.spec["replicas"] ?? 1],
            "status": ["replicas": object.status["replicas"] ?? 0, "selector": .text(selectorText(object.spec["selector"]))],
        ]
    }

    /// A selector as one writes it behind `-l`.
    private static func selectorText(_ selector: ObjectValue?) -> String {
        var terms = (selector?["matchLabels"]?.members ?? ObjectMembers()).map { "\($0.name)=\($0.value.text ?? "")" }
        for expression in selector?["matchExpressions"]?.list ?? [] {
            let name = expression["key"]?.text ?? ""
            let values = (expression["values"]?.list ?? []).compactMap(\.text).joined(separator: ",")
            switch expression["operator"]?.text {
            case "In"?: terms.append("\(name) in (\(values))")
            case "NotIn"?: terms.append("\(name) notin (\(values))")
            case "Exists"?: terms.append(name)
            case "DoesNotExist"?: terms.append("!\(name)")
            default: break
            }
        }
        return terms.joined(separator: ",")
    }
}
