package import Primitives
package import Settings
import Web

/// The section `manager`.
package struct ManagerSettings: Sendable {
    package static let standardStateDirectory = "/var/lib/martlet-manager/manager"
    package static let standardAPIAddress = "127.0.0.1:8070"
    package static let standardAddress = "127.0.0.1:8080"

    package static let keys = [
        SettingsKey(
            "state_dir", .text, "Where objects, keys and the kubeconfig are; it must survive restarts.", standard: standardStateDirectory),
        SettingsKey(
            "store", .choice(["embedded", "kubernetes"]),
            "Where objects are kept: in a file of the state directory, or by the kube-apiserver of a kubeconfig or of the pod.",
            standard: "embedded; kubernetes where kubeconfig is set, and in a pod"),
        SettingsKey("kubeconfig", .text, "The kubeconfig of the kube-apiserver that keeps the objects."),
        SettingsKey("context", .text, "Its context, where it is not the current one."),
        SettingsKey(
            "lease_namespace", .text, "Where the Lease is by which one of several managers leads.",
            standard: "the namespace of the kubeconfig or of the pod"),
        SettingsKey("manifests", .text, "A folder of manifests that is kept applied; what leaves it is deleted."),
        SettingsKey(
            "api",
            .section([
                SettingsKey("listen_address", .texts, "Where kubectl comes in, HOST:PORT, over TLS.", standard: standardAPIAddress),
                SettingsKey("names", .texts, "Names and addresses by which it is called, for its certificate; localhost is always one."),
            ]), "The objects over HTTPS, of the embedded store."),
        SettingsKey("workers", .integer(1...1000), "Machines that are looked at at a time.", standard: "64"),
        SettingsKey(
            "kept_operations", .integer(0...100_000), "VMOperations that are over and kept, at most; older ones are counted and deleted.",
            standard: "2000"),
    ]

    package static let flags = [
        Flag(
            "manager.state-dir", "DIR", "Where objects, keys and the kubeconfig are", standard: standardStateDirectory,
            setting: ["manager", "state_dir"]),
        Flag("manager.store", "STORE", "embedded or kubernetes", setting: ["manager", "store"]),
        Flag("kubeconfig", "FILE", "The kube-apiserver that keeps the objects", setting: ["manager", "kubeconfig"]),
        Flag("context", "NAME", "Context of the kubeconfig", setting: ["manager", "context"]),
        Flag("manager.manifests", "DIR", "A folder of manifests that is kept applied", setting: ["manager", "manifests"]),
        Flag(
            "api.listen-address", "ADDRESS", "Where kubectl comes in", standard: standardAPIAddress, isRepeatable: true,
            setting: ["manager", "api", "listen_address"]),
    ]

    package let stateDirectory: String
    package let isEmbedded: Bool
    package let kubeconfig: String?
    package let context: String?
    package let leaseNamespace: String?
    package let manifests: String?
    let apiAddresses: [ListenAddress]
    let apiNames: [String]
    let workers: Int
    let keptOperations: Int

    /// Errors: an address that is none.
    package init(_ section: SettingsTree, environment: [String: String] = ProcessEnvironment.all) throws(Failure) {
        stateDirectory = section.word("state_dir") ?? Self.standardStateDirectory
        kubeconfig = section.word("kubeconfig")
        context = section.word("context")
        leaseNamespace = section.word("lease_namespace")
        manifests = section.word("manifests")
        isEmbedded =
            switch section.word("store") {
            case "embedded": true
            case "kubernetes": false
            default: kubeconfig == nil && environment["KUBERNETES_SERVICE_HOST"] == nil
            }
        if isEmbedded, kubeconfig != nil {
            throw section["kubeconfig"].failure("a kubeconfig is given, and manager.store is embedded; leave one out")
        }
        var addresses: [ListenAddress] = []
        let setting = section["api"]["listen_address"]
        for text in setting.texts ?? [Self.standardAPIAddress] {
            do { addresses.append(try ListenAddress(parsing: text)) } catch { throw setting.failure(error.message) }
        }
        guard !addresses.isEmpty else {
            throw setting.failure("manager.api.listen_address is an empty list; name an address, or leave the key out")
        }
        apiAddresses = addresses
        apiNames = section["api"]["names"].texts ?? []
        workers = section["workers"].integer ?? 64
        keptOperations = section["kept_operations"].integer ?? 2000
    }

    package var kubeconfigPath: String { "\(stateDirectory)/kubeconfig" }
    var databasePath: String { "\(stateDirectory)/objects.db" }
    /// Keys for providers, as gRPC wants them.
    var tlsDirectory: String { "\(stateDirectory)/tls" }
}
