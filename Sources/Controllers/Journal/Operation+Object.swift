package import Objects
import Primitives
import ProviderRPC

extension Operation {
    /// Reads a VMOperation; nil for one that says nothing that can be used, which somebody else has written.
    package init?(_ object: APIObject) {
        let (spec, status) = (object.spec, object.status)
        guard let method = spec["operation"]?.text.flatMap(ProviderMethod.init(rawValue:)), let targetUID = spec["targetRef"]?["uid"]?.text,
            let providerName = spec["providerRef"]?["name"]?.text
        else { return nil }
        let namespace = object.metadata.namespace
        func target(_ name: String) -> String { spec["targetRef"]?[name]?.text ?? "" }
        self.init(
            method, of: Target(kind: target("kind"), namespace: target("namespace"), name: target("name"), uid: targetUID),
            provider: (spec["providerRef"]?["namespace"]?.text ?? namespace) + "/" + providerName, type: spec["providerType"]?.text ?? "")
        (self.namespace, name, uid) = (namespace, object.metadata.name, object.metadata.uid)
        resourceVersion = object.metadata.resourceVersion
        parameters = spec["parameters"] ?? parameters
        requestDigest = spec["requestDigest"]?.text
        startedAt = (spec["startedAt"]?.text ?? object.metadata.creationTimestamp).flatMap(Timestamp.unixSeconds) ?? 0
        taskID = status["taskID"]?.text
        resultID = status["result"]?["id"]?.text
        resultPath = status["result"]?["path"]?.text
        isLinked = status["result"]?["linked"]?.flag ?? spec["linked"]?.flag
        if let outcome = status["outcome"]?.text.flatMap(Outcome.init(rawValue:)) {
            end = End(
                outcome: outcome, code: status["code"]?.text ?? "", message: status["message"]?.text ?? "",
                at: status["completedAt"]?.text.flatMap(Timestamp.unixSeconds) ?? startedAt)
        }
    }

    package var object: APIObject {
        var metadata = ObjectMetadata(name: name, namespace: namespace)
        (metadata.uid, metadata.resourceVersion) = (uid, resourceVersion)
        // So that who asks for those of one object is not sent all of them.
        metadata.labels[ResourceKind.operationTargetLabel] = target.uid
        let (providerNamespace, providerName) = Self.parts(provider)
        var spec: ObjectMembers = [
            "operation": .text(method.rawValue), "providerType": .text(providerType), "startedAt": .text(Timestamp.preciseText(startedAt)),
            "providerRef": ["namespace": .text(providerNamespace), "name": .text(providerName)],
            "targetRef": [
                "kind": .text(target.kind), "namespace": .text(target.namespace), "name": .text(target.name), "uid": .text(target.uid),
            ],
        ]
        if parameters.members?.isEmpty == false { spec["parameters"] = parameters }
        if let requestDigest { spec["requestDigest"] = .text(requestDigest) }
        if let isLinked { spec["linked"] = .flag(isLinked) }
        var status = ["phase": .text(phase)] as ObjectMembers
        if let taskID { status["taskID"] = .text(taskID) }
        var result = ObjectMembers()
        if let resultID { result["id"] = .text(resultID) }
        if let resultPath { result["path"] = .text(resultPath) }
        if let isLinked, end != nil { result["linked"] = .flag(isLinked) }
        if !result.isEmpty { status["result"] = .members(result) }
        if let end {
            status["outcome"] = .text(end.outcome.rawValue)
            if !end.code.isEmpty { status["code"] = .text(end.code) }
            if !end.message.isEmpty { status["message"] = .text(end.message) }
            status["completedAt"] = .text(Timestamp.preciseText(end.at))
        }
        return APIObject(.vmOperation, metadata, ["spec": .members(spec), "status": .members(status)])
    }

    package var phase: String {
        switch end?.outcome {
        case nil: taskID == nil ? "Pending" : "Running"
        case .success: "Succeeded"
        case .failure: "Failed"
        case .error: "Abandoned"
        }
    }

    /// Of `namespace/name`.
    static func parts(_ provider: String) -> (namespace: String, name: String) {
        guard let slash = provider.firstIndex(of: "/") else { return ("", provider) }
        return (String(provider[..<slash]), String(provider[provider.index(after: slash)...]))
    }
}
