package import Exporting
package import Primitives
package import ProxmoxAPI

/// Asks each cluster for its version, before anything listens.
///
/// A cluster that cannot be reached now may come later and is only logged. Credentials that are refused will not mend themselves: when no
/// cluster takes them, that is a `configuration` failure that says which token and what to look at.
package struct CredentialCheck: Sendable {
    private let clients: [ProxmoxClient]

    package init(clients: [ProxmoxClient]) { self.clients = clients }

    /// - Parameter isStart: then a password that is refused is only logged. Whoever starts a program that failed would start this one again,
    ///   each time with one more wrong login, until the realm locks the user out; while it runs, it tries once a minute.
    package func run(_ context: CollectionContext, isStart: Bool) async throws(Failure) {
        let answers = await withTaskGroup(of: (Int, ProxmoxError?).self) { group in
            for (index, client) in clients.enumerated() {
                group.addTask { (index, await client.versionError(http: context.http, by: context.deadline)) }
            }
            return await group.reduce(into: [Int: ProxmoxError?]()) { $0[$1.0] = $1.1 }
        }
        var refused: [(endpoint: String, what: String)] = []
        var hasPassword = false
        for (index, client) in clients.enumerated() {
            guard case .some(.some(let error)) = answers[index] else { continue }
            if error.kind == .unauthorized {
                if case .password = client.session.credential { hasPassword = true }
                refused.append((client.endpoint.authority, Self.refusal(of: client.session.credential, error)))
            } else {
                let what =
                    switch error.kind {
                    case .tls: "TLS with the cluster failed"
                    case .unreachable, .timeout, .nodeUnreachable: "cluster not reachable yet"
                    default: "cluster does not answer as it should yet"
                    }
                context.logger.warn(what, ["endpoint": client.endpoint.authority, "detail": error.description])
            }
        }
        guard let first = refused.first else { return }
        guard refused.count < clients.count || isStart && hasPassword else {
            throw Failure(.configuration, "Proxmox at \(first.endpoint) refuses \(first.what)")
        }
        for refusal in refused { context.logger.error("credential refused", ["endpoint": refusal.endpoint, "detail": refusal.what]) }
    }

    private static func refusal(of credential: ProxmoxCredential, _ error: ProxmoxError) -> String {
        switch credential {
        case .token:
            "the API token \(credential.identity) (401); check its secret, that it exists and has not expired "
                + "(pveum user token list \(credential.identity.prefix { $0 != "!" }))"
        case .password: "the login: \(error)"
        }
    }
}
