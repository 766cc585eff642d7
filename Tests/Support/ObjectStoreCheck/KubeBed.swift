import KubernetesObjectStore
import ObjectStore
import ObjectStoreConformance
import Objects
import Primitives
import Synchronization

/// A kube-apiserver as the suite needs it: with namespaces of our own.
final class KubeBed: ObjectStoreBed {
    private static let namespaceKind = ResourceKind(group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)

    private let kube: KubernetesObjectStore
    private let namespaces = Mutex<[String]>([])

    init(_ connection: KubeConnection) throws(Failure) { kube = try KubernetesObjectStore(connection) }

    var store: any ObjectStore { kube }

    func namespace() async throws -> String {
        var object = APIObject(Self.namespaceKind, ObjectMetadata())
        object.metadata.generateName = "object-store-check-"
        let name = try await kube.create(object).metadata.name
        namespaces.withLock { $0.append(name) }
        return name
    }

    /// A kube-apiserver alone deletes no namespace, and nothing in it: that takes a controller. Objects are deleted one by one.
    func close() async {
        for namespace in namespaces.withLock({ $0 }) {
            for kind in ResourceKind.all {
                guard let list = try? await kube.list(kind, in: namespace, .everything) else { continue }
                for object in list.items {
                    var object = object
                    if !object.metadata.finalizers.isEmpty {
                        (object.metadata.finalizers, object.metadata.resourceVersion) = ([], "")
                        _ = try? await kube.update(object, .main)
                    }
                    _ = try? await kube.delete(object.key, DeletePrecondition())
                }
            }
            _ = try? await kube.delete(ObjectKey(Self.namespaceKind, "", namespace), DeletePrecondition())
        }
    }
}
