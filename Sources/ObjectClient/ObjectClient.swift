package import ObjectStore
package import Objects
import Primitives

/// Asks an API of Kubernetes' shape for objects, as values: what it does not know of them stays in them.
package struct ObjectClient: Sendable {
    package let transport: any APITransport

    package init(_ transport: any APITransport) { self.transport = transport }

    /// - Throws: `notFound`, and all else that the API says.
    package func get(_ key: ObjectKey) async throws(StoreError) -> ObjectValue { try await ask(APIRequest("GET", Self.path(key)), key) }

    /// Nil when there is none.
    package func find(_ key: ObjectKey) async throws(StoreError) -> ObjectValue? {
        do { return try await get(key) } catch {
            guard error.reason == .notFound else { throw error }
            return nil
        }
    }

    /// - Parameter labels: a selector's text; empty for all.
    package func list(_ kind: ResourceKind, in namespace: String?, labels: String = "") async throws(StoreError) -> ObjectValue {
        try await ask(APIRequest("GET", Self.path(kind, namespace, labels: labels)), nil)
    }

    /// As the API shows it to people.
    package func table(_ kind: ResourceKind, in namespace: String?, name: String?, labels: String) async throws(StoreError) -> ObjectValue {
        var request = APIRequest(
            "GET", name.map { Self.path(ObjectKey(kind, namespace ?? "", $0)) } ?? Self.path(kind, namespace, labels: labels))
        request.accept = Self.tableForm
        return try await ask(request, name.map { ObjectKey(kind, namespace ?? "", $0) })
    }

    package func create(_ object: ObjectValue, _ key: ObjectKey, isDryRun: Bool = false) async throws(StoreError) -> ObjectValue {
        var request = APIRequest("POST", Self.path(key.kind, key.namespace) + "?fieldValidation=Strict" + (isDryRun ? "&dryRun=All" : ""))
        request.body = object.json
        return try await ask(request, key)
    }

    /// A JSON merge patch.
    package func patch(_ key: ObjectKey, _ patch: ObjectValue, isDryRun: Bool = false) async throws(StoreError) -> ObjectValue {
        var request = APIRequest("PATCH", Self.path(key) + "?fieldValidation=Strict" + (isDryRun ? "&dryRun=All" : ""))
        request.contentType = "application/merge-patch+json"
        request.body = patch.json
        return try await ask(request, key)
    }

    /// - Parameter uid: of the object that is meant; nil for whichever has the name.
    /// - Returns: what the API says: a Status when it is gone, the object while it waits for its finalizers.
    package func delete(_ key: ObjectKey, uid: String? = nil) async throws(StoreError) -> ObjectValue {
        var request = APIRequest("DELETE", Self.path(key))
        if let uid {
            request.body = (["kind": "DeleteOptions", "apiVersion": "v1", "preconditions": ["uid": .text(uid)]] as ObjectValue).json
        }
        return try await ask(request, key)
    }

    /// Changes after a version, each with its word (`ADDED`, `MODIFIED`, `DELETED`); returns when the API has ended the watch. `onChange` ends it with false.
    package func watch(
        _ kind: ResourceKind, in namespace: String?, name: String?, labels: String, from version: String, asTable: Bool,
        onChange: @escaping @Sendable (_ word: String, _ object: ObjectValue) -> Bool
    ) async throws(StoreError) {
        var path = Self.path(kind, namespace, labels: labels)
        path += (labels.isEmpty ? "?" : "&") + "watch=1&resourceVersion=\(Self.encoded(version))"
        if let name { path += "&fieldSelector=\(Self.encoded("metadata.name=\(name)"))" }
        var request = APIRequest("GET", path)
        if asTable { request.accept = Self.tableForm }
        let answer = try await transport.lines(request) { line in
            guard let event = try? ObjectValue(parsing: line, limits: Self.readLimits), let word = event["type"]?.text else { return false }
            return onChange(word, event["object"] ?? .null)
        }
        guard answer.status == 200 else { throw Self.refusal(answer, nil) }
    }

    private func ask(_ request: APIRequest, _ key: ObjectKey?) async throws(StoreError) -> ObjectValue {
        let answer = try await transport.send(request)
        guard (200..<300).contains(answer.status) else { throw Self.refusal(answer, key) }
        do { return try ObjectValue(parsing: answer.body, limits: Self.readLimits) } catch {
            throw StoreError(.unavailable, "the server answers with what is no object: \(error.message)", key: key)
        }
    }

    private static let tableForm = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    private static let readLimits = ObjectValue.Limits(bytes: 64 << 20, values: 4_000_000, depth: 120)

    /// The Status in an answer, as an error.
    private static func refusal(_ answer: APIAnswer, _ key: ObjectKey?) -> StoreError {
        let status = try? ObjectValue(parsing: answer.body, limits: readLimits)
        let byStatus = StoreError.Reason.allCases.first { $0.status == answer.status } ?? .internalError
        let reason = status?["reason"]?.text.flatMap(StoreError.Reason.init(rawValue:)) ?? byStatus
        let text = status?["message"]?.text ?? "the server answers with status \(answer.status)"
        let problems = (status?["details"]?["causes"]?.list ?? []).map { cause in
            FieldProblem(
                cause["field"]?.text ?? "", cause["reason"]?.text.flatMap(FieldProblem.Reason.init(rawValue:)) ?? .invalid,
                cause["message"]?.text ?? "")
        }
        return StoreError(reason, text, key: key, problems: problems)
    }

    // MARK: paths

    static func path(_ kind: ResourceKind, _ namespace: String?, labels: String = "") -> String {
        let root = kind.group.isEmpty ? "/api/\(kind.version)" : "/apis/\(kind.group)/\(kind.version)"
        let place = namespace.map { kind.isNamespaced && !$0.isEmpty ? "/namespaces/\(encoded($0))" : "" } ?? ""
        return "\(root)\(place)/\(kind.plural)\(labels.isEmpty ? "" : "?labelSelector=\(encoded(labels))")"
    }

    static func path(_ key: ObjectKey) -> String { "\(path(key.kind, key.namespace))/\(encoded(key.name))" }

    /// Percent-encoded, all but letters, digits and `-._~`.
    static func encoded(_ text: String) -> String {
        var encoded = ""
        let digits = Array("0123456789ABCDEF")
        for byte in text.utf8 {
            if (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || "-._~".utf8.contains(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 0xF)])"
            }
        }
        return encoded
    }
}
