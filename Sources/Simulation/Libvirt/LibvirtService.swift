import JSON
import Web

/// Answers by HTTP for the simulated KVM host: scenarios, and what is true of its domains.
struct LibvirtService: Sendable {
    static let domainsPath = "/api/v1/domains"

    let source: KVMWorldSource
    let scenarios: ScenarioEndpoint

    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        switch request.path {
        case ScenarioEndpoint.path: return await scenarios.answer(request)
        case Self.domainsPath where request.method == "GET" || request.method == "HEAD": return domains
        case "/health", "/-/healthy", "/ready", "/-/ready": return HTTPServerResponse(text: "OK\n")
        case "/":
            return HTTPServerResponse(
                text: "A simulated KVM host, \(source.plan.host). Scenario: \(ScenarioEndpoint.path)  Domains: \(Self.domainsPath)\n")
        default: return HTTPServerResponse(status: 404, text: "Not found.\n")
        }
    }

    private var domains: HTTPServerResponse {
        let now = source.current()
        let (world, moment) = (now.world, now.moment)
        var json = JSONWriter()
        json.object { json in
            json.member("host", world.plan.host)
            json.member("unix_seconds", world.timeline.epoch + moment)
            json.member("memory_kib", Int(world.plan.memoryKiB))
            json.key("domains")
            json.array { json in
                for domain in world.plan.domains {
                    let life = world.life(of: domain, at: moment)
                    json.object { json in
                        json.member("name", domain.name)
                        json.member("uuid", domain.uuidText)
                        json.member("id", Int(world.number(of: domain, at: moment)))
                        json.member("state", Int(life.state.state))
                        json.member("reason", Int(life.state.reason))
                        json.member("hangs", world.hangs(domain, at: moment))
                        json.member("vcpus", domain.vcpus)
                        json.member("memory_kib", Int(domain.memoryKiB))
                        json.member("disks", domain.disks.count)
                        json.member("interfaces", domain.cards.count)
                        json.member("snapshots", world.snapshots(of: domain, at: moment).count)
                        json.member("cpu_nanoseconds", Int(clamping: world.cpu(of: domain, at: moment).total))
                    }
                }
            }
        }
        return HTTPServerResponse(json: json.bytes)
    }
}
