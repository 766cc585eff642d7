import Primitives
import Web

extension StackPlan {
    /// A simulated KVM host: two further processes of ours, its libvirtd and an exporter that asks it, as one asks a real one from afar.
    package struct Hypervisor: Sendable {
        /// The host's name. It is no node of the cluster: as one that stands alone, it is a cluster of its own.
        package var host: String
        /// Virtual machines, 1 to 1000.
        package var domains: Int
        /// Where the simulator takes scenarios.
        package var control: Place
        /// Where the exporter listens.
        package var exporter: Place
        /// Of libvirtd.
        package var socket: SocketPlace

        package init(host: String, domains: Int, control: Place, exporter: Place, socket: SocketPlace) {
            (self.host, self.domains, self.control, self.exporter, self.socket) = (host, domains, control, exporter, socket)
        }

        /// What libvirt's clients open.
        var uri: String { "qemu+unix:///system?socket=\(socket.path)" }

        /// The settings of the exporter that asks it.
        func settings(_ yaml: (String) -> String) -> String {
            // What is simulated may be asked often, so that what happens there is seen at once.
            "# Written by martlet at each start where it simulates a KVM host.\nlibvirt:\n  uris: [\(yaml(uri))]\n"
                + "  interval: 5s\n  timeout: 3s\n  definition_interval: 30s\n"
        }
    }
}
