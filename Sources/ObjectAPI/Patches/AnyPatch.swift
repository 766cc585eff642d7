import Objects
import ObjectStore
import Web

/// A patch of one of the kinds that are taken.
struct AnyPatch: Sendable {
    private enum Change: Sendable {
        case merge(ObjectValue)
        case operations(JSONPatch)
        case strategic(ObjectValue)
    }

    private let change: Change
    /// Whether it says which state it is a change of.
    let namesVersion: Bool

    /// - Throws: `unsupportedMediaType` for what kube-apiserver takes and this does not.
    init(_ request: HTTPServerRequest, of kind: ResourceKind) throws(StoreError) {
        switch RequestBody.mediaType(request) {
        case "application/merge-patch+json":
            let value = try RequestBody.json(request.body)
            guard value.members != nil else {
                throw StoreError(.badRequest, "a merge patch of an object is an object, and this is \(value.kindText)")
            }
            change = .merge(value)
            namesVersion = value["metadata"]?["resourceVersion"] != nil
        case "application/json-patch+json":
            let value = try RequestBody.json(request.body)
            change = .operations(try JSONPatch(value))
            namesVersion = (value.list ?? []).contains { $0["path"]?.text?.hasPrefix("/metadata/resourceVersion") == true }
        case "application/strategic-merge-patch+json" where kind == .secret:
            let value = try RequestBody.json(request.body)
            guard value.members != nil else {
                throw StoreError(.badRequest, "a patch of an object is an object, and this is \(value.kindText)")
            }
            change = .strategic(value)
            namesVersion = value["metadata"]?["resourceVersion"] != nil
        case "application/strategic-merge-patch+json":
            throw StoreError(
                .unsupportedMediaType,
                "strategic merge patches are not for \(kind.plural): send application/merge-patch+json (kubectl patch --type=merge)")
        case "application/apply-patch+yaml":
            throw StoreError(.unsupportedMediaType, "server-side apply is not supported here: use kubectl apply without --server-side")
        case let other:
            throw StoreError(
                .unsupportedMediaType,
                "the patch is \(other.isEmpty ? "of no media type" : other); application/merge-patch+json or application/json-patch+json is needed"
            )
        }
    }

    /// - Throws: `tooLarge` for what is more than an object may be, before anybody looks at what it says.
    func apply(to value: ObjectValue, of key: ObjectKey) throws(StoreError) -> ObjectValue {
        let patched = try changed(value, key)
        if let problem = ContentLimits.excess(patched) { throw StoreError(.tooLarge, "\(key) with the patch \(problem)", key: key) }
        return patched
    }

    private func changed(_ value: ObjectValue, _ key: ObjectKey) throws(StoreError) -> ObjectValue {
        switch change {
        case .merge(let patch): return MergePatch.apply(patch, to: value)
        case .strategic(let patch): return try StrategicPatch.apply(patch, to: value)
        case .operations(let patch):
            do { return try patch.apply(to: value) } catch {
                guard error.reason == .invalid else { throw error }
                // kubectl shows causes, and of the message nothing.
                throw .invalid(key, [FieldProblem("patch", .invalid, error.message)])
            }
        }
    }
}
