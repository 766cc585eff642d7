import Primitives

extension StackPlan {
    /// The graphics cards of a simulated host: two further processes of ours, the simulator and an exporter of the role gpu that watches it,
    /// as one watches a real host.
    package struct Cards: Sendable {
        /// How many there are, 1 to 16.
        package var count: Int
        /// Where the simulator takes scenarios and faults.
        package var control: Place
        /// Where the exporter listens.
        package var exporter: Place
        /// The simulated libnvidia-ml.so.1, by its absolute path.
        package var library: String

        package init(count: Int, control: Place, exporter: Place, library: String) {
            self.count = count
            self.control = control
            self.exporter = exporter
            self.library = library
        }

        /// What the exporter, and no other child, finds in its environment.
        func environment(_ state: StatePaths) -> [String: String] {
            ["MARTLET_SIMULATED_GPU": state.cardsFile, "MARTLET_GPU__LIBRARY": library]
        }
    }

    /// Why no cards can be simulated below a state directory; nil where they can.
    ///
    /// - Parameter library: where the simulated library is, nil for nowhere.
    package static func obstacleToCards(library: String?, stateDirectory: String) -> String? {
        guard library != nil else { return "the simulated libnvidia-ml.so.1 is not beside this program; make build puts it there" }
        let socket = StatePaths(root: Files.absolute(stateDirectory)).cardsRoot + "/run/docker.sock"
        return socket.utf8.count <= socketPathLimit
            ? nil : "the state directory has too long a path: \(socket) is to be a socket, which takes \(socketPathLimit) bytes"
    }

    /// Of the kernel, without the zero behind it.
    static let socketPathLimit = 107
}
