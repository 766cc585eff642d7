import Primitives
import Web

/// What somebody may, and where that is changed.
extension ProxmoxService {
    /// What the one who asks may now. Root loses nothing, whatever happens.
    func rights(of asker: AccessIdentity, _ world: World, _ moment: Double) -> AccessRights {
        let areLost = asker != .root && world.trouble(.rightsLost, at: moment) != nil
        return areLost ? .none(of: world.inventory.release) : directory.rights(of: asker)
    }

    /// Looks at users, roles and rights, or changes them; for that the privileged daemon and a majority of the nodes are needed.
    func administration(
        _ place: AccessPlace, _ request: HTTPServerRequest, _ asker: AccessIdentity, _ rights: AccessRights, _ world: World,
        _ moment: Double
    ) -> HTTPServerResponse {
        if request.method != "GET" {
            if let asked = world.askedNode(at: moment), world.trouble(.daemonDead, node: asked, at: moment) != nil {
                return ProxmoxResponse.empty(595)
            }
            let answers = ProxmoxAnswers(world: world, unixSeconds: source.clock.unixSeconds)
            guard answers.isQuorate(world.views(at: moment)) else {
                return ProxmoxResponse.failure(500, "cluster not ready - no quorum?\n")
            }
        }
        return AccessAdministration(directory: directory, asker: asker, rights: rights, inventory: world.inventory).answer(place, request)
    }

    /// GET /access/permissions, of oneself, of a token of one's own, or of anybody to whom /access is open.
    func permissions(_ asker: AccessIdentity, _ answers: ProxmoxAnswers, _ request: HTTPServerRequest) -> HTTPServerResponse {
        var shown = answers
        if let name = request.parameter("userid") {
            guard let identity = AccessIdentity(name) else {
                return ProxmoxResponse.badParameters([("userid", "value does not match the regex pattern")])
            }
            if identity != asker {
                guard asker == .user(identity.user) || answers.rights.holds(any: .sysAudit, at: "/access") else {
                    return ProxmoxResponse.failure(403, "Permission check failed (/access, Sys.Audit)\n")
                }
                shown.rights = rights(of: identity, answers.world, answers.moment)
            }
        }
        let paths = directory.now.entries.keys.compactMap(AccessPath.init).flatMap(\.branch)
        return ProxmoxResponse.success(shown.permissions(path: request.parameter("path"), entries: paths))
    }
}
