import LibvirtAPI
package import Primitives
import RPC

/// What metrics tell of the hypervisor.
extension LibvirtProvider {
    package struct Census: Sendable {
        /// As the hypervisor calls itself.
        package let host: String
        /// By the names of their states; those of others' making too.
        package let domains: [String: Int]
    }

    /// Nil when the hypervisor does not answer by the deadline.
    package func census(by deadline: Deadline) async -> Census? {
        try? await hypervisor.look("count machines", seconds: deadline.remainingSeconds) { connection throws(LibvirtError) in
            var domains: [String: Int] = [:]
            for state in try connection.states().values { domains[state.name, default: 0] += 1 }
            return Census(host: try connection.hostName(), domains: domains)
        }
    }

    /// Connections that were opened since the start, each thread's own.
    package var connectionsOpened: Int { hypervisor.connectionsOpened.count }
}
