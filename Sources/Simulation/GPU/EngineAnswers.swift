import JSON
import Primitives
import Web

/// The container engine of the machine with the cards, as Docker speaks over its socket: what containers are called and how they are.
struct EngineAnswers: Sendable {
    let cards: GPUWorld

    private static let version = "27.5.1"
    private static let apiVersion = "1.47"
    /// Nothing happens to containers here; who listens for it waits.
    private static let silenceSeconds = 3_600.0

    /// Paths come with or without the version of the API in front.
    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        guard request.method == "GET" || request.method == "HEAD" else {
            return HTTPServerResponse(status: 405, text: "Nothing is changed here.\n")
        }
        var parts = request.path.split(separator: "/")
        if let first = parts.first, first.first == "v", first.dropFirst().allSatisfy({ $0.isNumber || $0 == "." }) { parts.removeFirst() }
        switch parts.map(String.init) {
        case ["_ping"]: return HTTPServerResponse(text: "OK")
        case ["version"]: return HTTPServerResponse(json: Self.about())
        case ["containers", "json"]: return HTTPServerResponse(json: list())
        case ["events"]:
            try? await Task.sleep(for: .seconds(Self.silenceSeconds))
            return HTTPServerResponse(text: "")
        case let words where words.count == 3 && words[0] == "containers" && words[2] == "json":
            if let number = cards.plan.tenants.firstIndex(where: { $0.kind == .container && $0.id.hasPrefix(words[1]) }) {
                return HTTPServerResponse(json: inspection(of: number))
            }
        default: break
        }
        var json = JSONWriter()
        json.object { $0.member("message", "page not found") }
        return HTTPServerResponse(status: 404, json: json.bytes)
    }

    private static func about() -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("Version", version)
            json.member("ApiVersion", apiVersion)
            json.key("Components")
            json.array { json in
                json.object { json in
                    json.member("Name", "Engine")
                    json.member("Version", version)
                }
            }
        }
        return json.bytes
    }

    private func list() -> [UInt8] {
        var json = JSONWriter(reservingBytes: 4096)
        json.array { json in
            for (number, tenant) in cards.plan.tenants.enumerated() where tenant.kind == .container {
                json.object { json in
                    json.member("Id", tenant.id)
                    json.key("Names")
                    json.array { $0.string("/" + tenant.name) }
                    json.member("Image", tenant.image)
                    json.member("State", "running")
                    json.member("Status", "Up 3 hours")
                    json.member("Created", Int(startedAt(number)))
                    json.key("Labels")
                    json.object { $0.member("com.docker.compose.project", "llm") }
                }
            }
        }
        return json.bytes
    }

    private func startedAt(_ number: Int) -> Double { cards.world.timeline.epoch + cards.start(ofTenant: number) }

    private func inspection(of number: Int) -> [UInt8] {
        let tenant = cards.plan.tenants[number]
        let own = cards.plan.cards.filter { $0.processes.contains { $0.tenant == number } }
        let pids = own.flatMap(\.processes).filter { $0.tenant == number }.map(\.pid)
        var json = JSONWriter(reservingBytes: 2048)
        json.object { json in
            json.member("Id", tenant.id)
            json.member("Name", "/" + tenant.name)
            json.member("Created", timestampText(startedAt(number)))
            json.member("RestartCount", 0)
            json.key("State")
            json.object { json in
                json.member("Status", "running")
                json.member("Running", true)
                json.member("OOMKilled", false)
                json.member("ExitCode", 0)
                json.member("Pid", pids.min() ?? 0)
                json.member("StartedAt", timestampText(startedAt(number)))
                json.member("FinishedAt", "0001-01-01T00:00:00Z")
                json.key("Health")
                json.object { json in
                    json.member("Status", "healthy")
                    json.member("FailingStreak", 0)
                }
            }
            json.key("Config")
            json.object { json in
                json.member("Image", tenant.image)
                json.key("Env")
                json.array { $0.string("NVIDIA_VISIBLE_DEVICES=" + own.map { String($0.index) }.joined(separator: ",")) }
                json.key("Labels")
                json.object { $0.member("com.docker.compose.project", "llm") }
            }
            json.key("HostConfig")
            json.object { json in
                json.member("Memory", TenantFiles.containerLimitBytes)
                json.member("NanoCpus", 0)
                json.member("NetworkMode", "bridge")
                json.member("Runtime", "nvidia")
                json.key("DeviceRequests")
                json.array { json in
                    json.object { json in
                        json.member("Driver", "nvidia")
                        json.member("Count", 0)
                        json.key("DeviceIDs")
                        json.array { json in
                            for card in own { json.string(String(card.index)) }
                        }
                        json.key("Capabilities")
                        json.array { $0.array { $0.string("gpu") } }
                    }
                }
            }
        }
        return json.bytes
    }
}
