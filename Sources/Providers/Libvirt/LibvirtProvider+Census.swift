import LibvirtAPI
package import Primitives
import RPC

/// What metrics tell of the hypervisor.
extension LibvirtProvider {
    package struct Census: Sendable {
        /// As the hypervisor calls itself.
        package let host: String
        /// By the names of their states, 0 for those that no domain is in; those of others' making too.
        package let domains: [String: Int]

        init(host: String, _ states: some Sequence<DomainState>) {
            self.host = host
            var domains = Dictionary(uniqueKeysWithValues: DomainState.State.allCases.map { ($0.name, 0) })
            for state in states { domains[state.name, default: 0] += 1 }
            self.domains = domains
        }
    }

    /// Nil when the hypervisor does not answer by the deadline.
    package func census(by deadline: Deadline) async -> Census? {
        try? await hypervisor.count("count machines", seconds: deadline.remainingSeconds) { connection throws(LibvirtError) in
            Census(host: try connection.hostName(), try connection.states().values)
        }
    }

    /// Connections that were opened since the start, each thread's own.
    package var connectionsOpened: Int { hypervisor.connectionsOpened.count }
}
