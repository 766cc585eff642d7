import Objects
import ObjectStore
import Web

extension ObjectAPI {
    func create(_ request: HTTPServerRequest, _ place: ResourcePlace, _ options: RequestOptions) async throws(StoreError)
        -> HTTPServerResponse
    {
        guard let namespace = place.kind.isNamespaced ? place.namespace : "" else {
            throw StoreError(.methodNotAllowed, "an object is made in a namespace: POST to /namespaces/NAMESPACE/\(place.kind.plural)")
        }
        var object = try object(try RequestBody.value(request), of: place.kind, namespace: namespace)
        object = rules.named(object)
        guard !object.metadata.name.isEmpty else {
            throw .invalid(object.key, [FieldProblem("metadata.name", .required, "name or generateName is required")])
        }
        let (checked, warnings) = try checked(object, nil, options)
        if options.isDryRun {
            let created = try rules.created(checked)
            do {
                _ = try await store.get(checked.key)
            } catch {
                guard error.reason == .notFound else { throw error }
                return try self.object(created, request, options, status: 201, warnings: warnings)
            }
            throw .alreadyExists(checked.key)
        }
        return try self.object(try await store.create(checked), request, options, status: 201, warnings: warnings)
    }

    func replace(
        _ request: HTTPServerRequest, _ key: ObjectKey, _ part: ObjectPart, _ options: RequestOptions
    ) async throws(StoreError) -> HTTPServerResponse {
        let object = try object(try RequestBody.value(request), of: key.kind, namespace: key.namespace, name: key.name)
        // As kube-apiserver of kinds that it does not know: whoever has not read an object cannot know what he puts away.
        guard !object.metadata.resourceVersion.isEmpty || key.kind == .secret else {
            throw .invalid(key, [FieldProblem("metadata.resourceVersion", .required, "must be specified for an update")])
        }
        let (updated, warnings) = try await write(object, over: try await store.get(key), part, options)
        return try self.object(updated, request, options, warnings: warnings)
    }

    func patch(
        _ request: HTTPServerRequest, _ key: ObjectKey, _ part: ObjectPart, _ options: RequestOptions
    ) async throws(StoreError) -> HTTPServerResponse {
        let patch = try AnyPatch(request, of: key.kind)
        var attempts = 5
        while true {
            let current = try await store.get(key)
            let value = try patch.apply(to: current.value, of: key)
            let object = try object(value, of: key.kind, namespace: key.namespace, name: key.name)
            do {
                let (updated, warnings) = try await write(object, over: current, part, options)
                return try self.object(updated, request, options, warnings: warnings)
            } catch {
                attempts -= 1
                // Whoever names the state that he means does not mean another one.
                let namesState = object.metadata.resourceVersion != current.metadata.resourceVersion || patch.namesVersion
                guard error.reason == .conflict, !namesState, attempts > 0 else { throw error }
            }
        }
    }

    // MARK: deleting

    func delete(_ request: HTTPServerRequest, _ key: ObjectKey, _ options: RequestOptions) async throws(StoreError) -> HTTPServerResponse {
        var options = options
        let precondition = try deleteOptions(request, &options)
        let (object, isGone) = try await delete(key, precondition, options)
        return try isGone ? form(StatusAnswer.gone(object), request) : self.object(object, request, options)
    }

    func deleteCollection(
        _ request: HTTPServerRequest, _ place: ResourcePlace, _ options: RequestOptions
    ) async throws(StoreError) -> HTTPServerResponse {
        guard !place.kind.isNamespaced || place.namespace != nil else {
            throw StoreError(.methodNotAllowed, "objects are deleted in one namespace: DELETE /namespaces/NAMESPACE/\(place.kind.plural)")
        }
        var options = options
        let precondition = try deleteOptions(request, &options)
        for object in try await store.list(place.kind, in: place.namespace, options.labels).items
        where options.fields.matches(object.metadata) {
            do { _ = try await delete(object.key, precondition, options) } catch {
                guard error.reason == .notFound else { throw error }
            }
        }
        return try form(StatusAnswer.success, request)
    }

    /// - Returns: the object as it is kept, or its last state when it is gone.
    private func delete(
        _ key: ObjectKey, _ precondition: DeletePrecondition, _ options: RequestOptions
    ) async throws(StoreError) -> (APIObject, isGone: Bool) {
        var attempts = 5
        while true {
            let current = try await store.get(key)
            if options.isDryRun {
                switch try rules.deleted(current, precondition) {
                case .gone(let object): return (object, true)
                case .changed(let object): return (object, false)
                case .unchanged: return (current, false)
                }
            }
            // Whoever deletes what belongs to it looks for that; of other kinds nothing goes with an object.
            if options.propagation == .orphan, key.kind == .vmSet, !current.metadata.isDeleting,
                !current.metadata.finalizers.contains("orphan")
            {
                var kept = current
                kept.metadata.finalizers.append("orphan")
                do { _ = try await store.update(kept) } catch { guard error.reason == .conflict else { throw error } }
                continue
            }
            var exact = precondition
            // The answer names the uid that is gone: it must be this one.
            exact.uid = precondition.uid ?? current.metadata.uid
            do {
                let left = try await store.delete(key, exact)
                return (left ?? current, left == nil)
            } catch {
                attempts -= 1
                guard error.reason == .conflict, precondition == DeletePrecondition(), attempts > 0 else { throw error }
            }
        }
    }

    /// Of the body, where one is.
    private func deleteOptions(_ request: HTTPServerRequest, _ options: inout RequestOptions) throws(StoreError) -> DeletePrecondition {
        guard !request.body.isEmpty else { return DeletePrecondition() }
        let value = try RequestBody.value(request)
        if let kind = value["kind"]?.text, kind != "DeleteOptions" {
            throw StoreError(.badRequest, "the body of a DELETE may be DeleteOptions, and this is \(kind)")
        }
        if let dryRun = value["dryRun"]?.list, !dryRun.isEmpty {
            guard dryRun == ["All"] else { throw StoreError(.badRequest, "dryRun must be All") }
            options.isDryRun = true
        }
        // A body counts alone, as at kube-apiserver.
        options.propagation = try value["propagationPolicy"]?.text.map(RequestOptions.Propagation.init)
        let preconditions = value["preconditions"]
        return DeletePrecondition(uid: preconditions?["uid"]?.text, resourceVersion: preconditions?["resourceVersion"]?.text)
    }

    // MARK: what all share

    /// Reads an object and holds it against the place that it is sent to.
    func object(
        _ value: ObjectValue, of kind: ResourceKind, namespace: String, name: String? = nil
    ) throws(StoreError) -> APIObject {
        guard value.members != nil else { throw StoreError(.badRequest, "the body must be an object, and is \(value.kindText)") }
        for (field, expected) in [("apiVersion", kind.apiVersion), ("kind", kind.kind)] {
            let said = value[field]?.text
            guard said == expected else {
                throw StoreError(
                    .badRequest, "the object's \(field) is \(said.map { "\"\($0)\"" } ?? "missing"), and here it must be \"\(expected)\"")
            }
        }
        var problems: [FieldProblem] = []
        var object = APIObject(kind, value, &problems)
        if !object.metadata.namespace.isEmpty, object.metadata.namespace != namespace {
            throw StoreError(
                .badRequest, "the namespace of the object (\(object.metadata.namespace)) is not the one of the request (\(namespace))")
        }
        object.metadata.namespace = namespace
        if let name {
            guard object.metadata.name == name else {
                throw StoreError(.badRequest, "the name of the object (\(object.metadata.name)) is not the one of the request (\(name))")
            }
        }
        guard problems.isEmpty else { throw .invalid(object.key, problems) }
        return object
    }

    /// The object with its defaults, once nothing is wrong with it, and what is to be said of fields that nobody knows.
    func checked(
        _ object: APIObject, _ old: APIObject?, _ options: RequestOptions
    ) throws(StoreError) -> (APIObject, warnings: [FieldProblem]) {
        let kindRules = rules(of: object.kind)
        let found = kindRules.problems(object, old)
        let unknown = found.filter { $0.reason == .unknown }
        let problems = found.filter { $0.reason != .unknown }
        guard problems.isEmpty else { throw .invalid(object.key, options.fieldValidation == .strict ? found : problems) }
        if options.fieldValidation == .strict, !unknown.isEmpty {
            let text = unknown.map(\.description).joined(separator: "; ")
            throw StoreError(.badRequest, "strict decoding error: \(text)", key: object.key, problems: unknown)
        }
        return (kindRules.completed(object), options.fieldValidation == .warn ? unknown : [])
    }

    private func checkedStatus(_ object: APIObject) throws(StoreError) -> (APIObject, warnings: [FieldProblem]) {
        let problems = rules(of: object.kind).statusProblems(object).filter { $0.reason != .unknown }
        guard problems.isEmpty else { throw .invalid(object.key, problems) }
        return (object, [])
    }

    func write(
        _ object: APIObject, over current: APIObject, _ part: ObjectPart, _ options: RequestOptions
    ) async throws(StoreError) -> (APIObject, warnings: [FieldProblem]) {
        var object = object
        switch part {
        // What is not written is not looked at either.
        case .main where object.kind.hasStatus: object.content["status"] = current.content["status"]
        case .main: break
        case .status:
            var written = current
            written.content["status"] = object.content["status"]
            written.metadata.uid = object.metadata.uid
            written.metadata.resourceVersion = object.metadata.resourceVersion
            object = written
        }
        let (checked, warnings) = try part == .status ? checkedStatus(object) : checked(object, current, options)
        guard options.isDryRun else { return (try await store.update(checked, part), warnings) }
        switch try rules.updated(current, to: checked, part) {
        case .unchanged: return (current, warnings)
        case .changed(let updated), .gone(let updated): return (updated, warnings)
        }
    }
}
