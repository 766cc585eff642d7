import Glibc
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

    /// Where a socket lies: below the state directory, or, where that has a path that is too long for a socket or wants escapes in a URI, in a
    /// folder of its own that is there as long as the stack runs.
    package struct SocketPlace: Sendable, Equatable {
        /// Absolute.
        package let path: String
        /// What is to be made and removed; nil below the state directory.
        let ownFolder: String?

        /// - Parameter temporaryDirectory: where the folder would be, with a short path.
        package init(stateDirectory: String, temporaryDirectory: String = "/tmp") {
            let state = Files.absolute(stateDirectory)
            let below = StatePaths(root: state).hypervisorSocket
            let canStand = below.utf8.count <= StackPlan.socketPathLimit && below.utf8.allSatisfy(Self.standsInURI)
            // The same at each start: whatever a stack that was killed has left is found by the next.
            let folder = canStand ? nil : "\(temporaryDirectory)/martlet-\(geteuid())-\(Self.fingerprint(of: state))"
            ownFolder = folder
            path = folder.map { "\($0)/\(Self.name)" } ?? below
        }

        static let name = "libvirt-sock"

        /// Whether a byte needs no escape in what follows the question mark of a URI.
        private static func standsInURI(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
            default: false
            }
        }

        /// FNV-1a in 16 digits: two state directories of a user are to have two folders.
        private static func fingerprint(of text: String) -> String {
            let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0100_0000_01b3 }
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
    }
}
