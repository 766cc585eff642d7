import Primitives
import Testing
import Web

@testable import Simulation

/// The exporters inside guests, read as Prometheus would.
@Suite struct GuestExpositionTests {
    private typealias Samples = [String: Double]

    private static let inventory = Inventory(
        seed: 7, nodeCount: 4, guestCount: 100, cluster: "lab", firstGuestAddress: IPv4Address(127, 16, 0, 1))

    private func world(_ steps: [Step] = [], _ orders: [(after: Double, vmid: Int, change: (inout GuestOrder) -> Void)] = []) throws
        -> World
    {
        var timeline = try timeline(steps)
        for order in orders {
            var wanted = GuestOrder()
            order.change(&wanted)
            try timeline.add(wanted, of: order.vmid, at: epoch + order.after)
        }
        return World(inventory: Self.inventory, timeline: timeline)
    }

    private func text(_ guest: Int, _ world: World, at moment: Double) throws -> String {
        let guest = world.inventory.guests[guest]
        guard case .up(let bootedAt) = world.presence(of: guest.node, at: moment) else { throw Failure(.unavailable, "the node is off") }
        let state = GuestState(guest, in: world, at: moment, nodeBootedAt: bootedAt)
        let bytes = world.isWindows(guest) ? WindowsExposition(state: state).text() : GuestExposition(state: state).text()
        return String(decoding: bytes, as: UTF8.self)
    }

    private func samples(_ text: String) throws -> (values: Samples, counters: Set<String>) {
        var (values, counters, family, isCounter): (Samples, Set<String>, String, Bool) = ([:], [], "", false)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") {
                family = String(words[2])
                isCounter = words[3] == "counter"
            } else if !line.hasPrefix("#") {
                let space = try #require(line.lastIndex(of: " "))
                let series = String(line[..<space])
                #expect(series == family || series.hasPrefix(family + "{"), "\(line)")
                let value = try #require(Double(String(line[line.index(after: space)...])))
                #expect(values.updateValue(value, forKey: series) == nil, "twice: \(series)")
                // A clock may be ahead of its source or behind.
                #expect(value >= 0 || family == "node_timex_offset_seconds", "\(line)")
                if isCounter { counters.insert(series) }
            }
        }
        return (values, counters)
    }

    /// One of each kind that runs: Windows, Linux, a container.
    private func guests(_ world: World) throws -> [Guest] {
        let running = world.dealt.guests.filter { $0.role == .running }
        return [
            try #require(running.first { world.isWindows($0) }),
            try #require(running.first { $0.kind == .qemu && !world.isWindows($0) && $0.index != world.bridgedGuest }),
            try #require(running.first { $0.kind == .lxc }),
        ]
    }

    @Test func `families begin once, each with help and type`() throws {
        let world = try world()
        for guest in try guests(world) {
            let text = try text(guest.index, world, at: 60)
            let lines = text.split(separator: "\n")
            let types = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
            let helps = lines.filter { $0.hasPrefix("# HELP ") }.map { $0.split(separator: " ")[2] }
            #expect(types == helps && Set(types).count == types.count && text.hasSuffix("\n") && types.count > 70)
        }
    }

    @Test func `no counter goes back while a guest is driven to its limit, stands beside others and moves`() throws {
        let plain = try world()
        for guest in try guests(plain) {
            let (one, two) = ((guest.node + 1) % 4, (guest.node + 2) % 4)
            let world = try world(
                [Step(after: 100, scenario: .cpuSaturation), Step(after: 160, scenario: .normal)],
                [
                    (50, guest.vmid, { $0.node = Inventory.nodeName(one) }), (120, guest.vmid, { $0.name = "renamed" }),
                    (130, guest.vmid, { $0.node = Inventory.nodeName(two) }),
                ])
            var last = try samples(text(guest.index, plain, at: 0)).values
            for moment in stride(from: 1.0, through: 300, by: 7.3) {
                let (values, counters) = try samples(text(guest.index, world, at: moment))
                #expect(counters.count > 30)
                for series in counters {
                    if let before = last[series] { #expect((values[series] ?? -1) >= before, "\(series) at \(moment)") }
                }
                last = values
            }
        }
    }

    @Test func `a start begins counters anew`() throws {
        for guest in try guests(try world()) {
            let world = try world([], [(100, guest.vmid, { $0.isRunning = false }), (200, guest.vmid, { $0.isRunning = true })])
            let (values, counters) = try samples(text(guest.index, world, at: 230))
            let boot = values["node_boot_time_seconds"] ?? values["windows_system_boot_time_timestamp"]
            #expect(boot == epoch + 200)
            let before = try samples(text(guest.index, try self.world(), at: 99)).values
            let idle = counters.filter { $0.contains(#"mode="idle""#) }
            #expect(
                idle.count == guest.cpus && idle.allSatisfy { (values[$0] ?? .infinity) <= 30.01 && (values[$0] ?? 0) < (before[$0] ?? 0) })
        }
    }

    @Test func `CPU time adds up and is what the hypervisor sees`() throws {
        let world = try world([Step(after: 100, scenario: .cpuSaturation)])
        for guest in try guests(world) {
            for moment in [30.0, 400] {
                let now = try samples(text(guest.index, world, at: moment)).values
                let later = try samples(text(guest.index, world, at: moment + 10)).values
                func rate(_ mode: String) -> Double {
                    let series = now.keys.filter {
                        $0.contains("cpu_") && $0.contains("mode=\"\(mode)\"") && !$0.contains("guest") && !$0.contains("process")
                    }
                    return series.reduce(0) { $0 + (later[$1] ?? 0) - (now[$1] ?? 0) } / 10 / Double(guest.cpus)
                }
                let isWindows = world.isWindows(guest)
                let idle = rate("idle") + (isWindows ? 0 : rate("iowait"))
                #expect(abs(1 - idle - world.cpu(of: guest, at: moment + 5)) < 0.02)
                let busy = isWindows ? rate("user") + rate("privileged") : rate("user") + rate("system") + rate("softirq")
                #expect(abs(idle + busy - 1) < 0.01)
            }
        }
    }

    @Test func `an exporter answers while its guest runs`() async throws {
        let clock = TestClock(epoch + 100)
        let source = try WorldSource(
            seed: 7, nodes: 4, guests: 60, cluster: "lab", firstGuestAddress: IPv4Address(127, 16, 0, 1), directory: nil, clock: clock.wall,
            logger: .silent)
        let service = HostService(
            source: source, scenarios: ScenarioEndpoint(store: source.scenarios, nodeCount: 4, clock: clock.wall),
            guests: GuestEndpoint(source: source))
        let guest = try #require(source.inventory.guests.first { $0.role == .running && $0.node == 3 })
        func answer(_ path: String = "/metrics", _ method: String = "GET") -> HTTPServerResponse {
            service.guestAnswer(HTTPServerRequest(method: method, path: path), guest: guest.index)
        }
        func put(_ body: String) async -> Int {
            await service.controlAnswer(
                HTTPServerRequest(method: "PUT", path: "/api/v1/guests/\(guest.vmid)", body: Array(body.utf8))
            ).status
        }
        #expect(
            answer().status == 200 && answer("/").status == 200 && answer("/x").status == 404 && answer("/metrics", "POST").status == 405)
        #expect(await put(#"{"exporter":false}"#) == 200)
        #expect(answer().isDropped)
        #expect(await put(#"{"exporter":true}"#) == 200)
        #expect(!answer().isDropped)
        #expect(await put(#"{"status":"stopped"}"#) == 200)
        #expect(answer().isDropped)
        #expect(await put(#"{"status":"running"}"#) == 200)
        #expect(answer().isDropped)
        clock.now += World.settlingSeconds
        #expect(!answer().isDropped)
        // A guest is off with its node.
        _ = try await source.scenarios.begin(.nodeDown, node: "pve4")
        #expect(answer().isDropped)
        _ = try await source.scenarios.begin(.normal, node: nil)
        clock.now += World.settlingSeconds
        #expect(!answer().isDropped)
        #expect(await put(#"{"node":"pve1"}"#) == 200)
        #expect(!answer().isDropped)
        let gone = await service.controlAnswer(HTTPServerRequest(method: "DELETE", path: "/api/v1/guests/\(guest.vmid)"))
        #expect(gone.status == 200 && answer().isDropped)
    }

    @Test func `too many guests for exporters are refused`() {
        var options = HostSimulator.Options()
        options.guests = 2001
        options.guestsFirstAddress = "127.16.0.1"
        options.guestsFirstAddressOrigin = "--guests"
        do throws(Failure) {
            _ = try HostSimulator.start(options, logger: .silent)
            Issue.record("it started")
        } catch {
            #expect(error.code == .usage && error.message.contains("--guests: exporters are simulated for up to 2000 guests"))
        }
    }
}
