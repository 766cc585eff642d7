package import ProxmoxAPI

/// An entry of `proxmox.clusters`, or the cluster of the variables.
package struct ConfiguredCluster: Sendable {
    /// The value of the label `cluster`; nil takes the cluster's own name.
    package let name: String?
    package let endpoint: ProxmoxEndpoint
    /// Other nodes of the same cluster, asked when the first does not answer.
    package let otherEndpoints: [ProxmoxEndpoint]
    package let credential: ProxmoxCredential
    /// The file that the credential was read from, if one was.
    package let credentialFile: String?
    /// Which of its nodes and guests are wanted.
    package let filter: GuestFilter

    package init(
        name: String?, endpoint: ProxmoxEndpoint, others: [ProxmoxEndpoint] = [], credential: ProxmoxCredential,
        credentialFile: String? = nil, filter: GuestFilter = .none
    ) {
        self.filter = filter
        self.name = name
        self.endpoint = endpoint
        otherEndpoints = others
        self.credential = credential
        self.credentialFile = credentialFile
    }

    package var endpoints: [ProxmoxEndpoint] { [endpoint] + otherEndpoints }
}
