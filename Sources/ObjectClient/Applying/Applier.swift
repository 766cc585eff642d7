package import ObjectStore
package import Objects

/// Applies manifests as kubectl does: what a manifest said the last time stands in an annotation of the object, so that what it says no more is taken away, and what
/// others have said stays. kubectl's own annotation, so that both may be used on the same objects.
package struct Applier: Sendable {
    package enum Outcome: String, Sendable {
        case created, configured, unchanged
    }

    package static let annotation = "kubectl.kubernetes.io/last-applied-configuration"

    private let client: ObjectClient
    private let isDryRun: Bool

    package init(_ client: ObjectClient, isDryRun: Bool = false) {
        self.client = client
        self.isDryRun = isDryRun
    }

    /// - Parameters:
    ///   - labels: that a new object gets beside its own; an object that is there keeps its own.
    ///   - mayChange: asked of an object that is there.
    /// - Returns: what was done, and the object as it is kept.
    package func apply(
        _ manifest: Manifest, labels: [String: String] = [:], mayChange: (ObjectValue) throws(StoreError) -> Void = { _ in }
    ) async throws(StoreError) -> (Outcome, ObjectValue) {
        let said = Self.annotated(manifest.value)
        for _ in 0..<5 {
            guard let present = try await client.find(manifest.key) else {
                do {
                    return (.created, try await client.create(Self.labelled(said, labels), manifest.key, isDryRun: isDryRun))
                } catch {
                    // Somebody was quicker.
                    guard error.reason == .alreadyExists else { throw error }
                    continue
                }
            }
            try mayChange(present)
            let last = present["metadata"]?["annotations"]?[Self.annotation]?.text.flatMap { try? ObjectValue(parsing: Array($0.utf8)) }
            guard let patch = ThreeWayPatch.patch(last: last, wanted: said, present: present) else { return (.unchanged, present) }
            let patched = try await client.patch(manifest.key, patch, isDryRun: isDryRun)
            let isSame = patched["metadata"]?["resourceVersion"] == present["metadata"]?["resourceVersion"]
            return (isSame && !isDryRun ? .unchanged : .configured, patched)
        }
        throw .conflict(manifest.key, "others make and delete it all the time; try again")
    }

    /// Deletes what was applied with these labels and is not among the manifests any more.
    ///
    /// - Parameters:
    ///   - labels: a selector's text.
    ///   - namespaces: where to look; nil for everywhere.
    /// - Returns: what was deleted.
    package func prune(keeping keys: Set<ObjectKey>, labels: String, namespaces: Set<String>?) async throws(StoreError) -> [ObjectKey] {
        var pruned: [ObjectKey] = []
        // In reverse, so that what names another goes before it.
        for kind in ResourceKind.all.reversed() where kind != .vmOperation {
            let places: [String?] = namespaces.map { Array($0.sorted()) } ?? [nil]
            for place in places {
                for item in try await client.list(kind, in: place, labels: labels)["items"]?.list ?? [] {
                    let metadata = item["metadata"]
                    let key = ObjectKey(kind, metadata?["namespace"]?.text ?? "", metadata?["name"]?.text ?? "")
                    guard metadata?["annotations"]?[Self.annotation] != nil, !keys.contains(key), metadata?["deletionTimestamp"] == nil
                    else { continue }
                    if !isDryRun {
                        do { _ = try await client.delete(key, uid: metadata?["uid"]?.text) } catch {
                            guard error.reason == .notFound || error.reason == .conflict else { throw error }
                            continue
                        }
                    }
                    pruned.append(key)
                }
            }
        }
        return pruned
    }

    private static func annotated(_ value: ObjectValue) -> ObjectValue {
        guard case .members(var object) = value, case .members(var metadata)? = object["metadata"] else { return value }
        var annotations = metadata["annotations"]?.members ?? ObjectMembers()
        annotations[annotation] = nil
        metadata["annotations"] = .members(annotations)
        object["metadata"] = .members(metadata)
        let text = String(decoding: ObjectValue.members(object).json, as: UTF8.self) + "\n"
        annotations[annotation] = .text(text)
        metadata["annotations"] = .members(annotations)
        object["metadata"] = .members(metadata)
        return .members(object)
    }

    private static func labelled(_ value: ObjectValue, _ labels: [String: String]) -> ObjectValue {
        guard !labels.isEmpty, case .members(var object) = value, case .members(var metadata)? = object["metadata"] else { return value }
        var all = metadata["labels"]?.members ?? ObjectMembers()
        for (name, text) in labels { all[name] = .text(text) }
        metadata["labels"] = .members(all)
        object["metadata"] = .members(metadata)
        return .members(object)
    }
}
