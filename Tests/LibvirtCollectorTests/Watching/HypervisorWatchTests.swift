import CollectorConformance
import Exporting
import LibvirtAPI
import Metrics
import Primitives
import Testing
import Web

@testable import LibvirtCollector

/// Rounds against a hypervisor of which some calls hang, on real threads.
@Suite struct HypervisorWatchTests {
    @Test func `a round tells everything, over few connections that are kept`() async {
        let stand = Stand(Stand.twenty())
        for _ in 0..<3 { #expect(await stand.watch.round()) }
        #expect(stand.told == 20 && stand.view.isUp == true && stand.view.problems.isEmpty && stand.suspects.isEmpty)
        let (calls, opened) = (stand.hypervisor.get(\.calls), stand.view.connectionsOpened)
        #expect(calls[ShardReading.call] == 12 && calls["virDomainGetXMLDesc"] == 20 && calls["virConnectListAllDomains"] == 3)
        #expect((1...6).contains(opened) && stand.hypervisor.get(\.open) == opened)
    }

    @Test(arguments: [true, false], [0, 7, 19])
    func `the one that hangs is named, and no other, and the others are told`(_ tellsControls: Bool, _ culprit: Int) async {
        let uuid = Estate.uuid(culprit)
        let stand = Stand(
            Stand.twenty { state in
                state.tellsControls = tellsControls
                state.hanging = ["\(ShardReading.call) \(uuid)"]
            })
        #expect(await stand.watch.round())
        #expect(stand.suspects == [uuid] && stand.told == 19)
        // One thread is lost, and that is all, however many rounds.
        for _ in 0..<3 { _ = await stand.watch.round() }
        #expect(stand.view.threads == .init(hanging: 1, limit: 9, total: 1))
        #expect(stand.suspects == [uuid] && stand.told == 19 && stand.view.isUp == true)
        // What needs no QEMU is known of it all the same.
        let record = stand.view.domains.first { $0.basics.uuid == uuid }
        #expect(record?.basics.state?.name == "running" && record?.definition != nil && record?.suspect?.call == ShardReading.call)
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.suspects.isEmpty && stand.told == 20 && stand.view.threads.hanging == 0 })
        #expect(stand.view.threads.total == 1)
    }

    @Test(arguments: ["virDomainGetJobStats", "virDomainGetBlockJobInfo", "virDomainGetDiskErrors"])
    func `a call about one domain names it, and what was told before it stays`(_ call: String) async {
        let uuid = Estate.uuid(3)
        let stand = Stand(Stand.twenty { $0.hanging = ["\(call) \(uuid)"] })
        #expect(await stand.watch.round())
        #expect(stand.suspects == [uuid] && stand.told == 20)
        #expect(stand.view.domains.first { $0.suspect != nil }?.suspect?.call == call)
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.suspects.isEmpty && stand.view.threads.hanging == 0 })
    }

    @Test func `when all hang threads are bounded, it is said, and what needs no QEMU is told`() async {
        let stand = Stand(Stand.twenty { state in state.hanging = Set(state.domains.map { "\(ShardReading.call) \($0.uuid)" }) })
        for _ in 0..<4 { #expect(await stand.watch.round()) }
        let threads = stand.view.threads
        #expect(threads.hanging == 9 && threads.limit == 9 && stand.told == 0)
        #expect(stand.view.problems.contains { $0.message.contains("were not asked, as 9 threads hang") })
        #expect(stand.view.domains.count == 20 && stand.view.domains.allSatisfy { $0.definition != nil })
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.told == 20 && stand.suspects.isEmpty && stand.view.threads.hanging == 0 })
        // Connections of threads that were given up are closed when they return.
        #expect(await stand.rounds { stand.hypervisor.get(\.open) <= 7 })
    }

    @Test func `a domain that owes an answer to somebody else is suspect, and costs no thread`() async {
        let stand = Stand(Stand.twenty())
        stand.hypervisor.set { state in
            state.domains[4].id = 1
            state.held = [Estate.uuid(4)]
        }
        #expect(await stand.watch.round())
        #expect(stand.suspects == [Estate.uuid(4)] && stand.told == 19 && stand.view.threads.total == 0)
        #expect(stand.view.domains.first { $0.suspect != nil }?.suspect?.sinceUnixSeconds == 1_699_999_000.0)
        stand.hypervisor.set { $0.held = [] }
        #expect(await stand.rounds { stand.suspects.isEmpty && stand.told == 20 })
    }

    @Test func `pools that hang hold up nobody, and are asked again when the call is back`() async {
        let stand = Stand(Stand.twenty { $0.hanging = ["virConnectListAllStoragePools"] })
        for _ in 0..<3 { #expect(await stand.watch.round()) }
        #expect(stand.told == 20 && stand.view.threads == .init(hanging: 1, limit: 9, total: 1))
        #expect(stand.view.problems.contains { $0.message.contains("pools and networks") })
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.view.problems.isEmpty && stand.view.threads.hanging == 0 })
    }

    @Test func `a daemon that does not answer is down, and takes two threads`() async {
        let stand = Stand(Stand.twenty())
        #expect(await stand.watch.round())
        stand.hypervisor.set { $0.hanging = ["virConnectListAllDomains"] }
        for _ in 0..<4 { #expect(await !stand.watch.round()) }
        #expect(stand.view.isUp == false && stand.view.threads.hanging == 2 && stand.view.problems.count == 1)
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.view.isUp == true && stand.view.threads.hanging == 0 && stand.view.problems.isEmpty })
    }

    @Test func `a domain that hangs even where none should is named, and listed without being asked`() async {
        let uuid = Estate.uuid(5)
        let stand = Stand(Stand.twenty { $0.hanging = ["virDomainGetInfo \(uuid)"] })
        #expect(await !stand.watch.round())
        #expect(await stand.watch.round())
        #expect(stand.suspects == [uuid] && stand.told == 19 && stand.view.threads.hanging == 1)
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.suspects.isEmpty && stand.told == 20 && stand.view.threads.hanging == 0 })
    }

    @Test func `a daemon that goes is down, its connections are dropped, and new ones opened when it is back`() async {
        let stand = Stand(Stand.twenty())
        #expect(await stand.watch.round())
        let before = stand.view.connectionsOpened
        stand.hypervisor.set {
            $0.errors = ["virConnectListAllDomains": SourceError(.lost, "the socket is closed"), "open": SourceError(.lost, "refused")]
        }
        for _ in 0..<3 { #expect(await !stand.watch.round()) }
        #expect(stand.view.isUp == false && stand.view.problems.map(\.message) == ["refused"])
        stand.hypervisor.set { $0.errors = [:] }
        #expect(await stand.watch.round())
        #expect(stand.view.isUp == true && stand.view.problems.isEmpty && stand.view.connectionsOpened > before)
    }

    @Test func `a daemon that was restarted between two rounds costs none`() async {
        let stand = Stand(Stand.twenty())
        #expect(await stand.watch.round())
        stand.hypervisor.set { $0.restarts = 1 }
        #expect(await stand.watch.round())
        #expect(stand.view.isUp == true && stand.view.problems.isEmpty && stand.told == 20)
    }

    @Test func `a domain that goes between list and call is no trouble`() async {
        let stand = Stand(
            Stand.twenty { state in
                state.statistics[Estate.uuid(2)] = nil
                state.definitions[Estate.uuid(2)] = nil
                state.errors = ["virDomainGetJobStats \(Estate.uuid(3))": SourceError(.gone, "no such domain")]
            })
        #expect(await stand.watch.round())
        #expect(stand.view.problems.isEmpty && stand.suspects.isEmpty && stand.told == 19)
    }

    @Test func `what does not work on this hypervisor is absent and no trouble`() async {
        let calls = [
            "virConnectListAllStoragePools", "virConnectListAllNetworks", "virDomainGetJobStats", "virDomainGetBlockJobInfo",
            "virDomainGetDiskErrors", "virDomainListAllSnapshots",
        ]
        let stand = Stand(
            Stand.twenty { state in for call in calls { state.errors[call] = SourceError(.unsupported, "not by this driver") } })
        #expect(await stand.watch.round())
        #expect(stand.view.problems.isEmpty && stand.told == 20 && stand.view.pools.isEmpty)
        #expect(stand.view.domains.allSatisfy { $0.snapshots == nil && $0.details == DomainDetails() })
    }

    @Test func `a scrape waits for nobody`() async throws {
        let hypervisor = Stand.twenty { state in state.hanging = ["virConnectListAllDomains"] }
        let collector = LibvirtCollector(LibvirtSettings()) { _ in hypervisor }
        let sink = SampleSink()
        let http = try HTTPClient()
        defer { http.close() }
        let start = ContinuousClock.now
        let running = Task { await collector.run(CollectionContext(deadline: .after(seconds: 60), http: http, logger: .silent)) }
        await collector.collect(into: sink, CollectionContext(deadline: .after(seconds: 1), http: http, logger: .silent))
        #expect((ContinuousClock.now - start).seconds < 0.5 && sink.contents.committed.count == 1)
        running.cancel()
        await running.value
        hypervisor.set { $0.hanging = [] }
    }

    @Test func `a reload goes on with what is known, and with the threads that hang`() async {
        let hypervisor = Stand.twenty { $0.hanging = ["\(ShardReading.call) \(Estate.uuid(1))"] }
        var settings = LibvirtSettings()
        settings.timeoutSeconds = 60
        let first = LibvirtCollector(settings) { _ in hypervisor }
        Stand.hurry(hypervisor, first.books[0].desk)
        _ = await HypervisorWatch(book: first.books[0], settings: settings, clock: .system, logger: .silent).round()
        let second = LibvirtCollector(settings) { _ in hypervisor }
        second.follow(first)
        #expect(second.books[0] === first.books[0])
        _ = await HypervisorWatch(book: second.books[0], settings: settings, clock: .system, logger: .silent).round()
        let view = second.books[0].view(now: .now, maximumAgeSeconds: 100)
        #expect(view.threads.total == 1 && view.domains.count { $0.suspect != nil } == 1)
        hypervisor.set { $0.hanging = [] }
    }

    // MARK: what takes long

    @Test(arguments: ["virConnectListAllStoragePools", "virDomainGetXMLDesc", "virDomainGetJobStats"])
    func `what takes long holds up itself only`(_ call: String) async {
        let name = call == "virConnectListAllStoragePools" ? call : "\(call) \(Estate.uuid(3))"
        let hypervisor = Stand.twenty { state in (state.hanging, state.atJob) = ([name], [Estate.uuid(3)]) }
        let stand = Stand(hypervisor) { $0.intervalSeconds = 0.01 }
        // Nobody is impatient.
        stand.hypervisor.set { $0.hangs = { _, _ in } }
        let running = Task { await stand.watch.run() }
        #expect(await Stand.wait { stand.hypervisor.get { $0.calls["virConnectListAllDomains"] ?? 0 } >= 5 })
        if call != "virDomainGetJobStats" {
            #expect(await Stand.wait { stand.hypervisor.get { $0.calls[ShardReading.call] ?? 0 } >= 20 } && stand.told >= 19)
        }
        #expect(stand.view.isUp == true && stand.view.isListed && stand.view.threads.total == 0)
        // Nothing is begun twice.
        if call == "virConnectListAllStoragePools" { #expect(stand.hypervisor.get { $0.calls[call] } == 1) }
        running.cancel()
        await running.value
        #expect(stand.view.threads == .init(hanging: 0, limit: 9, total: 0) && stand.suspects.isEmpty && stand.view.problems.isEmpty)
        stand.hypervisor.set { $0.hanging = [] }
    }

    @Test func `whoever is cancelled has not hung, until its time has passed`() async {
        let stand = Stand(Stand.twenty { $0.hanging = ["\(ShardReading.call) \(Estate.uuid(1))"] })
        let (hypervisor, desk) = (stand.hypervisor, stand.book.desk)
        hypervisor.set { $0.hangs = { _, _ in } }
        let running = Task { await stand.watch.round() }
        #expect(await Stand.wait { stand.told == 15 && desk.awaited == 1 })
        running.cancel()
        _ = await running.value
        #expect(desk.counts().threads == .init(hanging: 0, limit: 9, total: 0) && stand.suspects.isEmpty)
        #expect(desk.counts(now: .now.advanced(by: .seconds(61))).threads == .init(hanging: 1, limit: 9, total: 1))
        hypervisor.set { $0.hanging = [] }
        #expect(await Stand.wait { desk.counts().threads.hanging == 0 })
    }

    @Test func `a thread that was left and comes back in time keeps its connection`() async {
        let stand = Stand(Stand.twenty { $0.hanging = ["virConnectListAllStoragePools"] })
        stand.hypervisor.set { $0.hangs = { _, _ in } }
        let running = Task { await stand.watch.round() }
        #expect(await Stand.wait { stand.told == 20 })
        running.cancel()
        _ = await running.value
        let opened = stand.view.connectionsOpened
        stand.hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { !stand.view.pools.isEmpty || stand.view.problems.isEmpty })
        #expect(stand.view.threads.total == 0 && stand.view.connectionsOpened <= opened + 1)
    }

    // MARK: what cannot be read

    @Test func `a definition that could not be read is read again, and no other`() async {
        let call = "virDomainGetXMLDesc"
        let stand = Stand(Stand.twenty { $0.errors = ["\(call) \(Estate.uuid(3))": SourceError(.failed, "not now")] }) {
            $0.intervalSeconds = 0
        }
        #expect(await stand.watch.round())
        #expect(stand.view.problems.map(\.message) == ["1 definitions or lists of snapshots could not be read"])
        stand.hypervisor.set { $0.errors = [:] }
        #expect(await stand.watch.round())
        #expect(stand.view.problems.isEmpty && stand.view.domains.allSatisfy { $0.definition != nil })
        #expect(stand.hypervisor.get { $0.calls[call] } == 21)
        #expect(await stand.watch.round())
        #expect(stand.hypervisor.get { $0.calls[call] } == 21)
    }

    /// LXC, Xen and bhyve have no statistics of many domains, and no monitors.
    @Test func `a driver that tells each state by itself is up, and tells it`() async {
        let stand = Stand(
            Stand.twenty { state in
                for call in ["virConnectGetAllDomainStats", ShardReading.call, MonitorReading.call] {
                    state.errors[call] = SourceError(.unsupported, "not by this driver")
                }
                state.errors["virDomainGetState \(Estate.uuid(2))"] = SourceError(.gone, "no such domain")
            })
        for _ in 0..<2 { #expect(await stand.watch.round()) }
        #expect(stand.view.isUp == true && stand.view.problems.isEmpty && stand.told == 0 && stand.suspects.isEmpty)
        #expect(stand.view.domains.count { $0.basics.state?.name == "running" } == 19)
        #expect(stand.view.domains.allSatisfy { $0.basics.cpuSeconds == 2.5 && $0.definition != nil })
        // Who has no monitors is not asked for each.
        #expect(stand.hypervisor.get { $0.calls[MonitorReading.call] } == 2 && stand.hypervisor.get { $0.calls["virDomainGetState"] } == 40)
    }

    // MARK: what is said

    @Test func `what a person is told to do goes to the same socket, and names no user`() async {
        let stand = Stand(Stand.twenty { $0.hanging = ["virConnectListAllDomains"] }) {
            $0.uris = [HypervisorURI(verbatim: "qemu+ssh://root:secret@kvm2/system?keyfile=/k&socket=/run/b")]
        }
        #expect(await !stand.watch.round())
        let message = stand.view.problems.map(\.message).joined()
        #expect(message.hasSuffix("virsh -r -c 'qemu+ssh://kvm2/system?socket=/run/b' list"))
        #expect(!message.contains("root") && !message.contains("secret") && !message.contains("keyfile"))
        stand.hypervisor.set { $0.hanging = [] }
    }

    @Test func `a daemon that takes no connection is no domain's trouble`() async {
        let stand = Stand(Stand.twenty())
        let (hypervisor, desk) = (stand.hypervisor, stand.book.desk)
        #expect(await stand.watch.round())
        hypervisor.set { state in
            state.restarts = 1
            state.hangs = { call, _ in desk.expire { $0.call == (call == "open" ? "virConnectOpenReadOnly" : call) } }
        }
        _ = await stand.watch.round()
        hypervisor.set { $0.hanging = ["open"] }
        hypervisor.set { $0.restarts = 2 }
        for _ in 0..<3 { _ = await stand.watch.round() }
        #expect(stand.suspects.isEmpty)
        hypervisor.set { $0.hanging = [] }
        #expect(await stand.rounds { stand.view.isUp == true && stand.view.problems.isEmpty && stand.view.threads.hanging == 0 })
    }
}
