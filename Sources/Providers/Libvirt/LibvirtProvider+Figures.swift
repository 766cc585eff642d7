import LibvirtAPI
package import RPC

/// Figures of the way to the hypervisor, for metrics.
package struct LibvirtFigures: Sendable, Equatable {
    /// Of the hypervisor: the host of the URI, or `localhost`.
    package let host: String
    /// Since the provider was started; one that broke and was opened anew counts again.
    package let connectionsOpened: Int
    /// Calls that were given up, as libvirt did not answer in time, and are at work still.
    package let callsHanging: Int
    /// Machines by state, by libvirt's names: `running`, `shutoff`.
    package let domains: [String: Int]
}

extension LibvirtProvider {
    /// One call, which asks no QEMU. Errors: `unavailable` and what else a connection cannot be opened for.
    package func figures() async throws(RPCError) -> LibvirtFigures {
        let states = try await hypervisor.look("count machines") { connection throws(LibvirtError) in try connection.states() }
        return LibvirtFigures(
            host: hypervisor.remoteHost ?? "localhost", connectionsOpened: hypervisor.connectionsOpened,
            callsHanging: hypervisor.givenUp.now,
            domains: Dictionary(states.values.map { ($0.name, 1) }, uniquingKeysWith: +))
    }
}
