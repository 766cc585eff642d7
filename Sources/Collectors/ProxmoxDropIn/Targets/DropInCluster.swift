package import ProxmoxAPI

/// A configured cluster, as far as `/pve` needs to know it.
package struct DropInCluster: Sendable {
    package let name: String?
    package let endpoints: [ProxmoxEndpoint]
    let account: ProxmoxAccount

    package init(name: String?, endpoints: [ProxmoxEndpoint], credential: ProxmoxCredential) {
        self.name = name
        self.endpoints = endpoints
        account = ProxmoxAccount(credential)
    }
}
