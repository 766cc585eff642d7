import Primitives
package import ProxmoxAPI
package import Web

/// A module of `pve.yml`: how to be let in, wherever the request wants to go.
package struct DropInModule: Sendable {
    package let account: ProxmoxAccount
    package var trust = HTTPRequest.Trust.system
    /// Where this module's credential may go, in place of what holds for all; nil for that.
    package var allowedTargets: AllowedTargets?
    /// Of targets that name none.
    package var port: UInt16 = 8006
    package var pathPrefix = ""
    /// Longest wait for one call; nil for as long as the scrape has.
    package var timeoutSeconds: Double?
    package var clientCertificate: ClientCertificate?
    package var proxy: String?

    package init(credential: ProxmoxCredential) { account = ProxmoxAccount(credential) }

    /// The API on a target.
    func endpoint(_ target: DropInTarget) throws(Failure) -> ProxmoxEndpoint {
        var endpoint = try ProxmoxEndpoint(address: target.authority(port: port), trust: trust, pathPrefix: pathPrefix)
        endpoint.clientCertificate = clientCertificate
        endpoint.proxy = proxy
        return endpoint
    }
}
