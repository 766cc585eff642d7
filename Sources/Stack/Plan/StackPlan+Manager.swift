import Primitives
import Web

extension StackPlan {
    /// The manager of virtual machines and its providers: further processes of `martlet-manager`. Machines are what the manifests of a folder say.
    package struct Manager: Sendable {
        /// A provider on this machine.
        package struct Provider: Sendable {
            /// As `martlet-manager provider` calls it: `libvirt` or `simulated`.
            package var kind: String
            /// Where its metrics are.
            package var metrics: Place
            /// Where it takes calls.
            package var socket: SocketPlace
            /// Flags that only this kind has.
            package var flags: [String]

            package init(kind: String, metrics: Place, stateDirectory: String, flags: [String] = []) {
                (self.kind, self.metrics, self.flags) = (kind, metrics, flags)
                socket = SocketPlace(stateDirectory: stateDirectory, StatePaths.providerSocket(kind))
            }

            /// Where the shipped manifests say that it takes calls.
            var shippedEndpoint: String { "unix:///run/martlet-manager/\(kind)/provider.sock" }
            var endpoint: String { "unix://\(socket.path)" }
        }

        /// `martlet-manager`, by its absolute path.
        package var program: String
        /// Where its metrics are.
        package var metrics: Place
        /// Where kubectl comes in, over TLS.
        package var api: Place
        /// The folder of manifests; nil for that of the state directory, which gets examples when it is made.
        package var manifests: String?
        /// In the order of their start.
        package var providers: [Provider]

        package init(program: String, metrics: Place, api: Place, manifests: String?, providers: [Provider]) {
            (self.program, self.metrics, self.api, self.manifests, self.providers) = (program, metrics, api, manifests, providers)
        }

        /// All places that listen.
        var places: [Place] { [metrics, api] + providers.map(\.metrics) }

        /// The manifests that a new folder gets: a provider's own, and for simulated ones some machines.
        var examples: [(name: String, text: String)] {
            let book = AddressBook(pairs: providers.map { ($0.shippedEndpoint, $0.endpoint) })
            return EmbeddedFiles.manifests.compactMap { path, text in
                let words = path.split(separator: "/")
                guard let name = words.last, let kind = words.dropLast().last, providers.contains(where: { $0.kind == kind }) else {
                    return nil
                }
                return ("\(kind)-\(name)", book.replaced(in: text))
            }
        }
    }

    /// Where the manager reads manifests, by its absolute path; nil without one.
    package var manifestsDirectory: String? {
        manager.map { Files.absolute($0.manifests ?? StatePaths(root: Files.absolute(stateDirectory)).manifests) }
    }

    /// What kubectl and `martlet-manager get` want to know where objects are, by its path; nil without a manager.
    package var kubeconfig: String? { manager.map { _ in StatePaths(root: stateDirectory).kubeconfig } }
}
