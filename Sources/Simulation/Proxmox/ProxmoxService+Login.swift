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
                    json.object { Self.writeCapabilities(source.inventory.release.auditorPrivileges, into: &$0) }
                case .challenge:
                    json.member("ticket", tickets.challenge(for: wanted.user, at: time))
                    json.member("NeedTFA", 1)
                }
            }
        }
        return ProxmoxResponse.success(json.bytes)
    }

    /// The rights of an auditor, as the web interface wants them.
    private static func writeCapabilities(_ privileges: [String], into json: inout JSONWriter) {
        for (area, rights) in [
            ("access", []), ("dc", ["Sys.Audit", "SDN.Audit"]), ("mapping", ["Mapping.Audit"]), ("nodes", ["Sys.Audit"]),
            ("sdn", ["SDN.Audit"]), ("storage", ["Datastore.Audit"]), ("vms", ["VM.Audit", "VM.GuestAgent.Audit"]),
        ] {
            json.key(text: area)
            json.object { json in
                for right in rights where privileges.contains(right) {
                    json.key(text: right)
                    json.integer(1)
                }
            }
        }
    }
}
