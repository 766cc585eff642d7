import JSON
import Primitives
import Testing
import Web

@testable import Simulation

/// Guests that somebody changes, and what the API says of them.
@Suite struct GuestChangeTests {
    private let api: SimulatedAPI

    init() throws { api = try SimulatedAPI() }

    private func ask(_ method: String, _ vmid: String, _ body: String = "") async -> HTTPServerResponse {
        await api.service.answer(
            HTTPServerRequest(method: method, path: "/api/v1/guests/\(vmid)", body: Array(body.utf8)))
    }

    private func put(_ guest: Guest, _ body: String) async throws -> Tree {
        let response = await ask("PUT", "\(guest.vmid)", body)
        #expect(response.status == 200, "\(text(response))")
        return try Tree(bytes(response))
    }

    private func listed() async throws -> [Tree] {
        let response = await api.service.answer(HTTPServerRequest(method: "GET", path: "/api/v1/guests"))
        return try #require(try Tree(bytes(response))["guests"]).elements
    }

    private func row(_ guest: Guest) async throws -> Tree? {
        try await api.data("/cluster/resources", [("type", "vm")]).elements.first { $0["vmid"]?.integer == guest.vmid }
    }

    private func status(_ guest: Guest, node: String) async -> HTTPServerResponse {
        await api.get("/nodes/\(node)/\(guest.kind.rawValue)/\(guest.vmid)/status/current")
    }

    private func first(_ kind: Guest.Kind, _ role: Guest.Role = .running, isAnswering: Bool = false) throws -> Guest {
        let world = api.service.source.current()
        return try #require(
            world.inventory.guests.first { $0.kind == kind && $0.role == role && (!isAnswering || world.hasAnsweringAgent($0)) })
    }

    @Test(arguments: [Guest.Kind.qemu, .lxc])
    func `a guest is stopped and started`(kind: Guest.Kind) async throws {
        let guest = try first(kind)
        let node = Inventory.nodeName(guest.node)
        #expect(try await put(guest, #"{"status":"stopped"}"#)["status"] == .string("stopped"))
        let stopped = try #require(try await row(guest))
        #expect(stopped["status"] == .string("stopped") && stopped["uptime"]?.integer == 0 && stopped["netin"]?.integer == 0)
        #expect(stopped["cpu"]?.number == 0 && stopped["mem"]?.integer == 0)
        api.clock.now += 600
        #expect(try await put(guest, #"{"status":"running"}"#)["status"] == .string("running"))
        api.clock.now += 35
        let current = try #require(try Tree(bytes(await status(guest, node: node)))["data"])
        #expect(current["status"] == .string("running") && current["uptime"]?.integer == 35)
        let received = try #require(current["netin"]?.number)
        #expect(received > 0 && received <= guest.network.peak * 35)
        // What is so already is no change.
        let history = api.service.source.scenarios.current().timeline.guestChanges.count
        _ = try await put(guest, #"{"status":"running"}"#)
        #expect(history == 2 && api.service.source.scenarios.current().timeline.guestChanges.count == history)
    }

    @Test func `a guest moves, and its counters begin anew while its system goes on`() async throws {
        let guest = try first(.qemu, isAnswering: true)
        let (from, to) = (Inventory.nodeName(guest.node), Inventory.nodeName((guest.node + 1) % 4))
        let before = try #require(try Tree(bytes(await status(guest, node: from)))["data"])
        _ = try await put(guest, #"{"node":"\#(to)"}"#)
        api.clock.now += 20
        #expect(await status(guest, node: from).status == 500)
        let after = try #require(try Tree(bytes(await status(guest, node: to)))["data"])
        let uptime = try #require(before["uptime"]?.integer)
        #expect(after["uptime"]?.integer == uptime + 20 && after["pid"] != before["pid"])
        #expect((after["netin"]?.number ?? .infinity) <= guest.network.peak * 20)
        #expect(try await row(guest)?["node"] == .string(to))
        let agent = await api.get("/nodes/\(to)/qemu/\(guest.vmid)/agent/get-osinfo")
        #expect(agent.status == 200, "\(text(agent))")
        for (node, count) in [(from, 0), (to, 1)] {
            let listed = try await api.data("/nodes/\(node)/qemu").elements.count { $0["vmid"]?.integer == guest.vmid }
            #expect(listed == count)
        }
    }

    @Test func `a node's counters do not shrink when guests leave it`() async throws {
        func scrape() throws -> [String: Double] {
            let world = api.service.source.current()
            let moment = world.moment(of: api.clock.now)
            let text = HostExposition(world: world, view: world.view(of: 0, at: moment), moment: moment).text()
            var samples: [String: Double] = [:]
            for line in String(decoding: text, as: UTF8.self).split(separator: "\n") where line.contains("_total") && !line.hasPrefix("#") {
                let parts = line.split(separator: " ")
                // A guest's card goes with the guest.
                guard parts.count == 2, !line.contains("tap"), !line.contains("veth") else { continue }
                samples[String(parts[0])] = Double(String(parts[1]))
            }
            return samples
        }
        var last = try scrape()
        let own = api.inventory.nodes[0]
        for (number, index) in (own.qemu + own.lxc).enumerated() where api.inventory.guests[index].role == .running {
            let vmid = "\(api.inventory.guests[index].vmid)"
            api.clock.now += 7
            switch number % 4 {
            case 0: #expect(await ask("PUT", vmid, #"{"node":"pve2"}"#).status == 200)
            case 1: #expect(await ask("DELETE", vmid).status == 200)
            case 2: #expect(await ask("PUT", vmid, #"{"status":"stopped"}"#).status == 200)
            default: #expect(await ask("PUT", vmid, #"{"name":"other"}"#).status == 200)
            }
            let now = try scrape()
            #expect(Set(now.keys) == Set(last.keys))
            for (series, value) in now { #expect(value >= last[series] ?? 0, "\(series)") }
            last = now
        }
    }

    @Test func `names, tags, agents and exporters`() async throws {
        let guest = try first(.qemu, isAnswering: true)
        let node = Inventory.nodeName(guest.node)
        let changed = try await put(guest, #"{"name":"new-name","tags":"a;b","agent":false,"exporter":false}"#)
        #expect(changed["name"] == .string("new-name") && changed["tags"] == .string("a;b") && changed["agent"] == .bool(false))
        let configuration = try await api.data("/nodes/\(node)/qemu/\(guest.vmid)/config")
        #expect(configuration["name"] == .string("new-name") && configuration["tags"] == .string("a;b") && configuration["agent"] != nil)
        let row = try #require(try await row(guest))
        #expect(row["name"] == .string("new-name") && row["tags"] == .string("a;b"))
        #expect(await api.get("/nodes/\(node)/qemu/\(guest.vmid)/agent/get-osinfo").status == 500)
        _ = try await put(guest, #"{"tags":"","agent":true}"#)
        #expect(try await api.data("/nodes/\(node)/qemu/\(guest.vmid)/config")["tags"] == nil)
        #expect(await api.get("/nodes/\(node)/qemu/\(guest.vmid)/agent/get-osinfo").status == 200)
        #expect(api.service.source.current().inventory.guest(vmid: guest.vmid)?.hasExporter == false)
    }

    @Test func `an agent that there never was can be had`() async throws {
        let guest = try #require(api.inventory.guests.first { $0.kind == .qemu && $0.role == .running && !$0.hasAgent })
        let path = "/nodes/\(Inventory.nodeName(guest.node))/qemu/\(guest.vmid)"
        #expect(try await api.data(path + "/config")["agent"] == nil)
        #expect(try await put(guest, #"{"agent":true}"#)["agent"] == .bool(true))
        #expect(try await api.data(path + "/config")["agent"] != nil)
        #expect(await api.get(path + "/agent/get-osinfo").status == 200)
    }

    @Test func `a guest that has just started tells nothing yet`() async throws {
        let guest = try first(.qemu, isAnswering: true)
        let path = "/nodes/\(Inventory.nodeName(guest.node))/qemu/\(guest.vmid)/agent/network-get-interfaces"
        _ = try await put(guest, #"{"status":"stopped"}"#)
        #expect(text(await api.get(path)).contains("VM \(guest.vmid) is not running"))
        _ = try await put(guest, #"{"status":"running"}"#)
        #expect(text(await api.get(path)).contains("QEMU guest agent is not running"))
        api.clock.now += World.settlingSeconds
        #expect(await api.get(path).status == 200)
    }

    @Test func `what is deleted is nowhere any more`() async throws {
        let world = api.service.source.current()
        let replicated = Set(world.inventory.replication.flatMap { $0.map(\.guest) })
        let guest = try #require(world.inventory.guests.first { $0.pool != nil && $0.role == .running && replicated.contains($0.index) })
        let node = Inventory.nodeName(guest.node)
        let response = await ask("DELETE", "\(guest.vmid)")
        #expect(response.status == 200 && text(response) == #"{"vmid":\#(guest.vmid),"deleted":true}"#)
        #expect(try await row(guest) == nil)
        #expect(await status(guest, node: node).status == 500)
        let vmids = try await listed().map { $0["vmid"]?.integer }
        #expect(vmids.count == 59 && !vmids.contains(guest.vmid))
        let members = try await api.data("/pools/\(guest.pool ?? "")")["members"]?.elements ?? []
        #expect(!members.isEmpty && !members.contains { $0["vmid"]?.integer == guest.vmid })
        let jobs = try await api.data("/nodes/\(node)/replication").elements
        #expect(!jobs.contains { $0["guest"]?.integer == guest.vmid })
        for job in try await api.data("/cluster/backup").elements {
            #expect(job["vmid"]?.string?.split(separator: ",").contains("\(guest.vmid)") != true)
        }
        for method in ["GET", "PUT", "DELETE"] { #expect(await ask(method, "\(guest.vmid)", "{}").status == 404) }
    }

    @Test func `what was backed up stays so when guests move`() async throws {
        func history() async throws -> [String] {
            var upids: [String] = []
            for node in 1...4 {
                let tasks = try await api.data("/nodes/pve\(node)/tasks", [("limit", "1000"), ("typefilter", "vzdump")])
                upids += tasks.elements.compactMap {
                    "\($0["upid"]?.string ?? "") \($0["endtime"]?.integer ?? 0) \($0["status"]?.string ?? "")"
                }
            }
            return upids
        }
        let before = try await history()
        for guest in api.inventory.guests.prefix(30) {
            #expect(await ask("PUT", "\(guest.vmid)", #"{"node":"pve\#((guest.node + 1) % 4 + 1)"}"#).status == 200)
        }
        let after = try await history()
        #expect(after == before && before.count > 100)
    }

    @Test(arguments: [
        ("", 400, "not JSON"), ("{", 400, "not JSON"), ("7", 400, "object"), ("[]", 400, "object"),
        (#"{"status":"on"}"#, 400, "status: "), (#"{"status":true}"#, 400, "status: "), (#"{"status":null}"#, 400, "status: "),
        (#"{"node":"pve5"}"#, 400, "node: unknown node \"pve5\"; there are 4"), (#"{"node":2}"#, 400, "node: "),
        (#"{"name":""}"#, 400, "name: "), (#"{"name":"-a"}"#, 400, "name: "), (#"{"name":"a b"}"#, 400, "name: "),
        (#"{"name":1}"#, 400, "name: "),
        (#"{"tags":"a;;b"}"#, 400, "tags: "), (#"{"tags":"a b"}"#, 400, "tags: "), (#"{"tags":["a"]}"#, 400, "tags: "),
        (#"{"tags":null}"#, 400, "tags: "),
        (#"{"exporter":1}"#, 400, "exporter: "), (#"{"exporter":"true"}"#, 400, "exporter: "), (#"{"agent":0}"#, 400, "agent: "),
        (#"{"state":"running"}"#, 400, "\"state\" is unknown"), (#"{"deleted":true}"#, 400, "\"deleted\" is unknown"),
        (#"{"tags":"a","tags":"b"}"#, 400, "\"tags\" stands there twice"),
    ])
    func `what makes no sense is refused whole`(body: String, status: Int, reason: String) async throws {
        let guest = try first(.qemu)
        // Something that could be done stands beside it.
        let whole = body.hasPrefix("{\"") && !body.contains("name") ? #"{"name":"renamed","# + body.dropFirst() : body
        let response = await ask("PUT", "\(guest.vmid)", whole)
        let error = try #require(try Tree(bytes(response))["error"]?.string)
        #expect(response.status == status && error.contains(reason) && !error.contains("\n"), "\(error)")
        #expect(api.service.source.scenarios.current().timeline.guestChanges.isEmpty)
    }

    @Test func `what a kind of guest cannot do is refused`() async throws {
        let template = try first(.qemu, .template)
        let container = try first(.lxc)
        #expect(
            text(await ask("PUT", "\(template.vmid)", #"{"status":"running"}"#)).contains("status: guest \(template.vmid) is a template"))
        #expect(text(await ask("PUT", "\(container.vmid)", #"{"agent":true}"#)).contains("agent: guest \(container.vmid) is a container"))
        for vmid in ["99", "160", "x", "0100", "-100", "100/x", "", " 100", "+100"] {
            #expect(await ask("PUT", vmid, "{}").status == 404, "\(vmid)")
        }
        #expect(await ask("POST", "100").status == 405)
        #expect(await api.service.answer(HTTPServerRequest(method: "PUT", path: "/api/v1/guests")).status == 405)
        #expect(api.service.source.scenarios.current().timeline.guestChanges.isEmpty)
    }

    @Test func `two processes of one directory tell one story`() async throws {
        let folder = try TemporaryFolder()
        let clock = TestClock(epoch)
        func source() throws -> WorldSource {
            try WorldSource(seed: 7, nodes: 4, guests: 60, cluster: "lab", directory: folder.path, clock: clock.wall, logger: .silent)
        }
        let (one, two) = (try source(), try source())
        let guest = try #require(one.inventory.guests.first { $0.role == .running && $0.kind == .qemu })
        func ask(_ source: WorldSource, _ method: String, _ body: String) async -> Int {
            await GuestEndpoint(source: source).answer(
                HTTPServerRequest(method: method, path: "/api/v1/guests/\(guest.vmid)", body: Array(body.utf8))
            ).status
        }
        clock.now += 100
        #expect(await ask(one, "PUT", #"{"status":"stopped"}"#) == 200)
        clock.now += 100
        #expect(await ask(two, "PUT", #"{"status":"running","node":"pve3"}"#) == 200)
        clock.now += 50
        let answers = [one, two].map { ProxmoxAnswers(world: $0.current(), unixSeconds: clock.now) }
        #expect(answers[0].clusterResources(type: .vm) == answers[1].clusterResources(type: .vm))
        #expect(
            answers[0].world.node(ofGuest: guest.index, at: 50) == guest.node && answers[0].world.node(ofGuest: guest.index, at: 200) == 2)
        #expect(await ask(one, "DELETE", "") == 200)
        #expect(await ask(two, "DELETE", "") == 404)
        // A third that comes later reads the same.
        #expect(try source().current().inventory.guest(vmid: guest.vmid) == nil)
    }

    @Test func `a file of the first version is a world in which no guest changed`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/scenario.json"
        try Files.write(Array(#"{"version":1,"epoch":1790000000,"changes":[{"at":1790000010,"scenario":"node-down"}]}"#.utf8), to: path)
        let clock = TestClock(epoch + 100)
        let store = try ScenarioStore(directory: folder.path, clock: clock.wall, logger: .silent)
        #expect(store.current().timeline.guestChanges.isEmpty && store.current().timeline.changes.count == 1)
        var order = GuestOrder()
        order.tags = "a"
        _ = try await store.change { timeline, now throws(Failure) in try timeline.add(order, of: 100, at: now) }
        let read = try Timeline(parsing: Files.read(path), path: path)
        #expect(read.changes.count == 1 && read.guestChanges == [GuestChange(at: epoch + 100, vmid: 100, order: order)])
        #expect(try Tree(Files.read(path))["version"]?.integer == 2)
    }

    @Test func `a history has an end`() throws {
        var timeline = Timeline(epoch: epoch)
        var order = GuestOrder()
        for number in 0..<Timeline.changeLimit {
            order.isRunning = number % 2 == 0
            try timeline.add(order, of: 100, at: epoch)
        }
        var code: Failure.Code?
        do throws(Failure) { try timeline.add(order, of: 100, at: epoch) } catch { code = error.code }
        #expect(code == .limit && timeline.guestChanges.count == Timeline.changeLimit)
        #expect(try Timeline(parsing: timeline.json(), path: "x") == timeline)
    }

    @Test func `a guest whose node starts anew starts with it, where it has been moved`() throws {
        var timeline = try timeline([Step(after: 1000, scenario: .nodeDown, node: "pve2"), Step(after: 1500, scenario: .normal)])
        let dealt = Inventory(seed: 7, nodeCount: 4, guestCount: 60, cluster: "lab")
        let guest = try #require(dealt.guests.first { $0.role == .running && $0.node == 0 })
        var order = GuestOrder()
        order.node = "pve2"
        try timeline.add(order, of: guest.vmid, at: epoch + 500)
        let world = World(inventory: dealt, timeline: timeline)
        let moved = world.inventory.guests[guest.index]
        #expect(moved.node == 1 && world.inventory.nodes[1].qemu.count + world.inventory.nodes[1].lxc.count == 16)
        guard case .up(let first) = world.presence(of: 1, at: 900), case .up(let second) = world.presence(of: 1, at: 1600) else {
            Issue.record("the node is off")
            return
        }
        #expect(world.starts(of: moved, nodeBootedAt: first) == (guest.firstBoot, 500))
        #expect(world.starts(of: moved, nodeBootedAt: second) == (1500, 1500))
    }
}
