import Glibc
import Primitives

extension StackPlan {
    /// Where a socket lies: below the state directory, or, where that has a path that is too long for a socket or wants escapes in a URI, in a
    /// folder of the stack's sockets that is there as long as it runs.
    package struct SocketPlace: Sendable, Equatable {
        /// Absolute.
        package let path: String
        /// What is to be made and removed; nil below the state directory.
        let ownFolder: String?

        /// - Parameters:
        ///   - below: its path below the state directory, of whose parts the last is its name.
        ///   - temporaryDirectory: where the folder would be, with a short path.
        init(stateDirectory: String, _ below: String, temporaryDirectory: String = "/tmp") {
            let state = Files.absolute(stateDirectory)
            let whole = StatePaths(root: state).path(below)
            let canStand = whole.utf8.count <= StackPlan.socketPathLimit && whole.utf8.allSatisfy(Self.standsInURI)
            // The same at each start: whatever a stack that was killed has left is found by the next.
            let folder = canStand ? nil : "\(temporaryDirectory)/martlet-\(geteuid())-\(Self.fingerprint(of: state))"
            ownFolder = folder
            path = folder.map { "\($0)/\(below.split(separator: "/").last ?? "")" } ?? whole
        }

        /// Of the simulated libvirtd.
        package static func hypervisor(stateDirectory: String) -> SocketPlace {
            SocketPlace(stateDirectory: stateDirectory, StatePaths.hypervisorSocket)
        }

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
