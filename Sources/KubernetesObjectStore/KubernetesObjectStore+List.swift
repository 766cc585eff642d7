package import Objects
package import ObjectStore

extension KubernetesObjectStore {
    /// Asked for by pages, all of the same moment; the whole may not be larger than the limits say.
    package func list(
        _ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector
    ) async throws(StoreError) -> ObjectList {
        for attempt in 0... {
            do throws(StoreError) { return try await pages(kind, in: namespace, selector) } catch {
                // The moment of the first page is forgotten after five minutes, and when etcd is compacted.
                guard error.reason == .expired, attempt < Self.listRepeats else { throw error }
            }
        }
        throw StoreError(.unavailable, "\(kind.qualifiedName) cannot be listed: pages expire while they are read")
    }

    private static let listRepeats = 2

    private func pages(_ kind: ResourceKind, in namespace: String?, _ selector: LabelSelector) async throws(StoreError) -> ObjectList {
        let limits = client.limits
        let path = KubePath.collection(kind, in: namespace)
        let labels = selector.requirements.isEmpty ? nil : selector.text
        var list = ObjectList(items: [], resourceVersion: "")
        var (size, next, bytes): (Int, String?, Int) = (limits.pageObjects, nil, 0)
        repeat {
            let query = KubePath.query([("labelSelector", labels), ("limit", String(size)), ("continue", next)])
            let page: ObjectValue
            do throws(StoreError) {
                let answer = try await client.ask("GET", path + query, about: .init(kind))
                page = answer.value
                bytes += answer.bytes
            } catch {
                guard error.reason == .tooLarge, size > 1 else { throw error }
                size = max(1, size / 8)
                continue
            }
            guard let items = page["items"]?.list ?? (page["items"]?.isNull == true ? [] : nil),
                let version = page["metadata"]?["resourceVersion"]?.text
            else { throw StoreError(.unavailable, "\(client.connection.server) answers with what is no list of \(kind.plural)") }
            for item in items { list.items.append(try object(item, kind)) }
            list.resourceVersion = version
            guard list.items.count <= limits.listObjects, bytes <= limits.listBytes else {
                throw StoreError(
                    .tooLarge,
                    "more than \(limits.listObjects) \(kind.plural), or \(limits.listBytes) bytes of them, are not held at once; watch one namespace"
                )
            }
            let following = page["metadata"]?["continue"]?.text ?? ""
            guard following.isEmpty || following != next else {
                throw StoreError(.unavailable, "\(client.connection.server) gives the same page of \(kind.plural) twice")
            }
            next = following.isEmpty ? nil : following
            if next == nil { break }
        } while true
        // etcd's order is that of the whole path, in which "a-b" comes before "a".
        list.items.sort { ($0.metadata.namespace, $0.metadata.name) < ($1.metadata.namespace, $1.metadata.name) }
        return list
    }
}
