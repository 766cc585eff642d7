package import Objects
package import ObjectStore
package import Primitives

/// The objects of a cluster, kept by its kube-apiserver.
///
/// What a kube-apiserver has beside what is asked for (`managedFields`, kinds of others) is neither kept nor changed. It is asked by HTTP/1.1 with keep-alive,
/// within `KubeLimits`; what it says of a refusal is the error's message.
package final class KubernetesObjectStore: ObjectStore {
    let client: KubeClient

    /// Asks nobody yet.
    package init(_ connection: KubeConnection, limits: KubeLimits = KubeLimits()) throws(Failure) {
        client = try KubeClient(connection, limits)
    }

    package var connection: KubeConnection { client.connection }

    package func get(_ key: ObjectKey) async throws(StoreError) -> APIObject {
        try self.object(try await client.ask("GET", KubePath.object(key), about: .init(key)).value, key.kind)
    }

    package func create(_ object: APIObject) async throws(StoreError) -> APIObject {
        var object = object
        // Not taken from a client by any store; this one refuses an object that has it.
        object.metadata.resourceVersion = ""
        let key = object.key
        guard !object.kind.isNamespaced || !key.namespace.isEmpty else {
            throw StoreError.invalid(key, [FieldProblem("metadata.namespace", .required, "must name a namespace")])
        }
        var question = KubeClient.Question(object.kind)
        question.key = key
        let path = KubePath.collection(object.kind, in: object.kind.isNamespaced ? key.namespace : nil)
        return try self.object(try await client.ask("POST", path, body: object.json, about: question).value, object.kind)
    }

    package func update(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        guard object.metadata.resourceVersion.isEmpty else { return try await put(object, part) }
        // Of its own kinds a kube-apiserver changes no object without a version.
        for attempt in 0... {
            let present = try await get(object.key)
            guard object.metadata.uid.isEmpty || object.metadata.uid == present.metadata.uid else {
                throw StoreError.conflict(object.key, "it is another object of that name")
            }
            var versioned = object
            versioned.metadata.resourceVersion = present.metadata.resourceVersion
            do throws(StoreError) { return try await put(versioned, part) } catch {
                guard error.reason == .conflict, attempt < Self.conflictRepeats else { throw error }
            }
        }
        throw StoreError.conflict(object.key, "others change it all the time")
    }

    private static let conflictRepeats = 8

    private func put(_ object: APIObject, _ part: ObjectPart) async throws(StoreError) -> APIObject {
        let key = object.key
        let path = KubePath.object(key, part == .status && key.kind.hasStatus ? .status : .main)
        do throws(StoreError) {
            return try self.object(try await client.ask("PUT", path, body: object.json, about: .init(key)).value, key.kind)
        } catch {
            // Of an object that is gone it says that its uid is another one.
            if error.reason == .conflict, !object.metadata.uid.isEmpty, error.message.contains("UID in precondition") {
                _ = try await get(key)
            }
            throw error
        }
    }

    package func delete(_ key: ObjectKey, _ precondition: DeletePrecondition) async throws(StoreError) -> APIObject? {
        var options = ObjectMembers([("kind", "DeleteOptions"), ("apiVersion", "v1"), ("propagationPolicy", "Background")])
        var required = ObjectMembers()
        required["uid"] = precondition.uid.map { .text($0) }
        required["resourceVersion"] = precondition.resourceVersion.map { .text($0) }
        if !required.isEmpty { options["preconditions"] = .members(required) }
        let answer = try await client.ask("DELETE", KubePath.object(key), body: ObjectValue.members(options).json, about: .init(key)).value
        guard answer["kind"]?.text != "Status" else { return nil }
        let object = try self.object(answer, key.kind)
        return object.metadata.isDeleting && !object.metadata.finalizers.isEmpty ? object : nil
    }

    package func watch(_ kind: ResourceKind, in namespace: String?, from version: String) async throws(StoreError) -> any ObjectWatch {
        try await KubeWatch(client, kind, in: namespace, from: version)
    }

    /// Which of these kinds the kube-apiserver does not know; their CRDs are to be installed.
    package func unknown(of kinds: [ResourceKind]) async throws(StoreError) -> [ResourceKind] {
        var known: [String: Set<String>] = [:]
        for kind in kinds where known[kind.apiVersion] == nil {
            known[kind.apiVersion] = []
            do throws(StoreError) {
                let resources = try await client.ask("GET", KubePath.version(kind), about: .init()).value["resources"]?.list ?? []
                known[kind.apiVersion] = Set(resources.compactMap { $0["name"]?.text })
            } catch {
                // A group is unknown until the first of its kinds is there.
                guard error.reason == .notFound else { throw error }
            }
        }
        return kinds.filter { known[$0.apiVersion]?.contains($0.plural) != true }
    }

    func object(_ value: ObjectValue, _ kind: ResourceKind) throws(StoreError) -> APIObject {
        var problems: [FieldProblem] = []
        let object = APIObject(kind, value, &problems)
        guard problems.isEmpty, !object.metadata.name.isEmpty else {
            let why = problems.first?.description ?? "it has no name"
            throw StoreError(.unavailable, "\(client.connection.server) answers with what is no \(kind.kind): \(why)")
        }
        return object
    }
}
