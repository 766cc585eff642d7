import JSON
import Primitives
import Web

/// POST /access/ticket
extension ProxmoxService {
    /// A ticket, the question for a second factor, or a refusal that does not say why.
    func login(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let wanted: LoginRequest
        do { wanted = try LoginRequest(request) } catch { return ProxmoxResponse.badParameters(error.errors) }
        let time = serverClock.unixSeconds
        guard let grant = passwordLogin.grant(wanted, at: time) else {
            await pause(delays.refusalSeconds)
            return ProxmoxResponse.failure(401, "authentication failure\n")
        }
        let tickets = passwordLogin.tickets
        var json = JSONWriter(reservingBytes: 768)
        json.object { json in
            json.key("data")
            json.object { json in
                json.member("username", wanted.user)
                json.member("CSRFPreventionToken", tickets.preventionToken(for: wanted.user, at: time))
                // A node that stands alone has no cluster to name.
                if source.inventory.nodes.count > 1 { json.member("clustername", source.inventory.cluster) }
                switch grant {
                case .ticket:
                    json.member("ticket", tickets.ticket(for: wanted.user, at: time))
                    json.key("cap")
                    json.object { writeCapabilities(of: .user(wanted.user), into: &$0) }
                case .challenge:
                    json.member("ticket", tickets.challenge(for: wanted.user, at: time))
                    json.member("NeedTFA", 1)
                }
            }
        }
        return ProxmoxResponse.success(json.bytes)
    }

    /// What somebody may, as the web interface wants it: by area, what is held anywhere in it.
    private func writeCapabilities(of user: AccessIdentity, into json: inout JSONWriter) {
        let world = source.current()
        let rights = rights(of: user, world, world.moment(of: source.clock.unixSeconds))
        let usual = ["/", "/nodes", "/access/groups", "/vms", "/storage", "/sdn", "/mapping"]
        var held: [Substring: Privileges] = [:]
        for path in usual + directory.now.entries.keys {
            let grant = rights.grant(at: path, pool: source.inventory.pool(at: path))
            let area = path.split(separator: "/").first ?? "dc"
            for area in area == "pool" ? ["vms", "storage"] : [area] { held[area, default: []].formUnion(grant.held) }
        }
        for (area, prefixes) in Self.areas {
            json.key(text: area)
            json.object { json in
                for privilege in (held[area[...]] ?? []).members where prefixes.contains(where: privilege.rawValue.hasPrefix) {
                    json.key(text: privilege.rawValue)
                    json.integer(1)
                }
            }
        }
    }

    /// Which rights belong to an area of the web interface.
    private static let areas: KeyValuePairs<String, [String]> = [
        "access": ["User.", "Group.", "Permissions.Modify"], "dc": ["Sys.Audit", "Sys.Modify", "SDN."],
        "mapping": ["Mapping.", "Permissions.Modify"], "nodes": ["Sys.", "Permissions.Modify"], "sdn": ["SDN.", "Permissions.Modify"],
        "storage": ["Datastore.", "Permissions.Modify"], "vms": ["VM.", "Permissions.Modify"],
    ]
}
