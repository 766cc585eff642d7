package import Primitives
package import ProviderRPC
package import ProviderTasks

/// A provider that was made, and what a host must know of it.
package struct HostedProvider: Sendable {
    /// What libvirt's metrics tell of a hypervisor.
    package struct LibvirtFacts: Sendable {
        /// As the hypervisor calls itself.
        package let host: String
        /// By the names of their states, as libvirt has them: `running`, `shutoff`; 0 for those that no domain is in.
        package let domains: [String: Int]

        package init(host: String, domains: [String: Int]) {
            self.host = host
            self.domains = domains
        }
    }

    package let provider: any Provider
    package let tasks: TaskEngine
    /// Takes nothing more, and comes back when nothing runs any more, or at the deadline. What is not done is left to the journal.
    package let shutdown: @Sendable (Deadline) async -> Void
    /// Connections that were opened to a libvirt so far; nil for other hypervisors.
    package var libvirtConnections: (@Sendable () -> Int)?
    /// Asks a libvirt; nil for other hypervisors. Gives nil when it does not answer by the deadline.
    package var libvirtFacts: (@Sendable (Deadline) async -> LibvirtFacts?)?

    package init(provider: any Provider, tasks: TaskEngine, shutdown: @escaping @Sendable (Deadline) async -> Void) {
        self.provider = provider
        self.tasks = tasks
        self.shutdown = shutdown
    }
}
