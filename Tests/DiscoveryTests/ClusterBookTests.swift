@testable import Discovery
@testable import ProxmoxAPI
import Testing

@Suite struct ClusterBookTests {
    @Test func `everybody is asked once, and the book is whole`() throws {
        var book = try book([Row(vmid: 100), Row(vmid: 101, node: "pve2"), Row(vmid: 102, status: "stopped")])
        #expect(!book.isWhole)
        let jobs = book.takeDue(now: 0)
        #expect(jobs.mapValues { $0.map(\.vmid) } == ["pve1": [100], "pve2": [101]])
        #expect(book.takeDue(now: 0).isEmpty)
        for job in jobs.values.flatMap({ $0 }) { book.finish(job, .good(job), now: 1, spread: 1) }
        #expect(book.isWhole)
        #expect(book.takeDue(now: 2).isEmpty)
        #expect(book.entry(100)?.target?.host == "192.0.2.100")
        #expect(book.entry(102)?.isActive == false)
    }

    @Test func `addresses are asked for again in time, and configurations more rarely`() throws {
        var book = try book([Row()])
        book.answer(at: 0)
        #expect(book.takeDue(now: 599).isEmpty)
        let job = try #require(book.takeDue(now: 600)["pve1"]?.first)
        #expect(job.wantsAddresses && !job.wantsConfiguration)
        book.finish(job, .good(job), now: 600, spread: 1)
        #expect(try #require(book.takeDue(now: 3600)["pve1"]?.first).wantsConfiguration)
    }

    @Test func `a silent agent is asked ever more rarely, and what it told before stays`() throws {
        var book = try book([Row()])
        book.answer(at: 0)
        var (now, pauses): (Double, [Double]) = (600, [])
        for _ in 0..<8 {
            let job = try #require(book.takeDue(now: now)["pve1"]?.first)
            var reading = ClusterBook.Reading.good(job)
            reading.addresses = .silent(.agentSilent)
            book.finish(job, reading, now: now, spread: 1)
            let start = now
            while book.takeDue(now: now).isEmpty { now += 10 }
            // The question above was taken, so it is given back.
            if let taken = book.guests[100].map({
                ClusterBook.Job(vmid: 100, kind: $0.row.kind, node: "pve1", wantsConfiguration: false, wantsAddresses: true)
            }) {
                book.putBack(taken)
            }
            pauses.append(now - start)
        }
        #expect(pauses.prefix(5) == [60, 120, 240, 480, 960])
        #expect(pauses.max() == 3600)
        #expect(book.entry(100)?.target?.host == "192.0.2.100")
    }

    @Test func `a guest that stops loses its addresses and is asked at once when it starts`() throws {
        var book = try book([Row()])
        book.answer(at: 0)
        book.take(try resources([Row(status: "stopped", uptime: 0)]), try status(), filter: .none, now: 60)
        #expect(book.entry(100)?.isActive == false)
        #expect(book.entry(100)?.target == nil)
        #expect(book.takeDue(now: 60).isEmpty)
        book.take(try resources([Row(uptime: 5)]), try status(), filter: .none, now: 120)
        let job = try #require(book.takeDue(now: 120)["pve1"]?.first)
        #expect(job.wantsConfiguration && job.wantsAddresses)
    }

    @Test func `a guest that is paused is no target and has its address when it goes on`() throws {
        var book = try book([Row()])
        book.answer(at: 0)
        book.take(try resources([Row(status: "paused")]), try status(), filter: .none, now: 60)
        #expect(book.entry(100)?.isActive == false)
        #expect(book.isWhole)
        book.take(try resources([Row()]), try status(), filter: .none, now: 120)
        #expect(book.entry(100)?.isActive == true)
        #expect(book.entry(100)?.target?.host == "192.0.2.100")
    }

    @Test func `a restart between two looks shows in the uptime`() throws {
        var book = try book([Row(uptime: 1000)])
        book.answer(at: 0)
        book.take(try resources([Row(uptime: 1060)]), try status(), filter: .none, now: 60)
        #expect(book.takeDue(now: 60).isEmpty)
        book.take(try resources([Row(uptime: 7)]), try status(), filter: .none, now: 120)
        #expect(book.takeDue(now: 120).count == 1)
        #expect(book.entry(100)?.target?.host == "192.0.2.100")
    }

    @Test func `a migrated guest keeps its address and is asked on its new node`() throws {
        var book = try book([Row()])
        book.answer(at: 0)
        book.take(try resources([Row(node: "pve2", uptime: 1060)]), try status(), filter: .none, now: 60)
        #expect(book.entry(100)?.node == "pve2")
        #expect(book.entry(100)?.target?.host == "192.0.2.100")
        let job = try #require(book.takeDue(now: 60)["pve2"]?.first)
        // It moves back while it is asked: what comes of that is not of where it is.
        book.take(try resources([Row(node: "pve1", uptime: 1120)]), try status(), filter: .none, now: 61)
        var reading = ClusterBook.Reading()
        reading.addresses = .told([])
        book.finish(job, reading, now: 62, spread: 1)
        #expect(book.entry(100)?.target?.host == "192.0.2.100")
    }

    @Test func `names and tags change with the next look, without a question`() throws {
        var book = try book([Row()])
        book.answer(at: 0)
        let generation = book.generation
        book.take(try resources([Row(name: "shop", tags: "prod;owner.main")]), try status(), filter: .none, now: 60)
        #expect(book.generation > generation)
        let labels = String(decoding: try #require(book.entry(100)).labels, as: UTF8.self)
        #expect(labels.contains("\"__meta_proxmox_name\":\"shop\""))
        #expect(labels.contains("\"__meta_proxmox_tags\":\",prod,owner.main,\""))
        #expect(labels.contains("\"__meta_proxmox_tag_owner\":\"main\""))
        #expect(labels.contains("\"__meta_proxmox_tag_prod\":\"true\""))
        #expect(book.takeDue(now: 60).isEmpty)
    }

    @Test func `a guest that the cluster has forgotten keeps what was known of it`() throws {
        var book = try book([Row(tags: "prod"), Row(vmid: 101, name: "off", status: "stopped")])
        book.answer(at: 0)
        let forgotten = [Row(name: nil, status: "unknown", uptime: 0), Row(vmid: 101, name: nil, status: "unknown", uptime: 0)]
        book.take(try resources(forgotten), try status(online: ["pve2"], offline: ["pve1"]), filter: .none, now: 400)
        let entry = try #require(book.entry(100))
        #expect(entry.isActive)
        #expect(entry.status == "unknown")
        #expect(entry.tags == ["prod"])
        #expect(entry.target?.host == "192.0.2.100")
        #expect(String(decoding: entry.labels, as: UTF8.self).contains("\"__meta_proxmox_name\":\"web\""))
        // One that was stopped does not become a target because its node is silent.
        #expect(book.entry(101)?.isActive == false)
        // Nobody is asked on a node that is off, and nobody waits for it.
        #expect(book.takeDue(now: 4000).isEmpty)
        #expect(book.isWhole)
    }

    @Test func `who is not listed is gone`() throws {
        var book = try book([Row(), Row(vmid: 101)])
        book.answer(at: 0)
        book.take(try resources([Row()]), try status(), filter: .none, now: 60)
        #expect(book.entry(101) == nil)
        #expect(book.guests.count == 1)
    }

    @Test func `a number that another kind of guest has now is another guest`() throws {
        var book = try book([Row()])
        book.answer(at: 0)
        book.take(try resources([Row(type: "lxc", name: "new")]), try status(), filter: .none, now: 60)
        #expect(book.entry(100)?.target == nil)
        #expect(book.entry(100)?.kind == .lxc)
    }

    @Test func `templates are never targets and filters leave out whom they name`() throws {
        var book = try book([Row(vmid: 100, isTemplate: true), Row(vmid: 101, tags: "lab"), Row(vmid: 102, tags: "prod")])
        #expect(book.entry(100) == nil)
        let filter = GuestFilter(nodes: .init(wanted: ["pve1"]), tags: .init(wanted: ["prod"]))
        book.take(try resources([Row(vmid: 101, tags: "lab"), Row(vmid: 102, tags: "prod")]), try status(), filter: filter, now: 60)
        #expect(book.guests.keys.sorted() == [102])
        #expect(book.nodes.map(\.name) == ["pve1"])
    }

    @Test func `without the cluster's status nodes stay where they were`() throws {
        var book = try book([Row()])
        book.take(try resources([Row()]), nil, filter: .none, now: 60)
        #expect(book.nodes.map(\.address) == ["192.0.2.1", "192.0.2.2"])
        #expect(book.nodes.filter(\.isOnline).count == 2)
    }

    @Test func `a configuration that cannot be read is asked for again soon`() throws {
        var book = try book([Row()])
        let job = try #require(book.takeDue(now: 0)["pve1"]?.first)
        book.finish(job, ClusterBook.Reading(failed: true, addresses: .silent(.forbidden)), now: 1, spread: 1)
        #expect(book.isWhole)
        #expect(book.entry(100)?.silence == .forbidden)
        #expect(book.takeDue(now: 60).isEmpty)
        let again = try #require(book.takeDue(now: 61)["pve1"]?.first)
        #expect(again.wantsConfiguration)
    }

    @Test func `a reload while somebody is asked`() throws {
        var book = try book([Row()])
        book.answer(at: 1000)
        _ = book.takeDue(now: 1600)
        book.adopt(pace: .init(cacheSeconds: 60, addressSeconds: 300, configurationSeconds: 3600))
        // What was being asked is asked again.
        #expect(book.takeDue(now: 1600).count == 1)
    }

    @Test func `a node that does not answer says nothing of its guests`() throws {
        var book = try book([Row(), Row(vmid: 101)])
        for job in book.takeDue(now: 0).values.flatMap({ $0 }) {
            book.finish(job, ClusterBook.Reading(failed: true, addresses: .silent(.unread), isNodeSilent: true), now: 1, spread: 1)
        }
        #expect(!book.isWhole)
        #expect(book.unread == 2)
        #expect(book.entry(100)?.silence == .unreachable)
        // It is asked again at the next look, however often it was silent, and what was known of them stays.
        #expect(book.takeDue(now: 61)["pve1"]?.count == 2)
    }

    @Test func `silence of a node is no reason to ask more rarely`() throws {
        var book = try book([Row()])
        book.answer(at: 0)
        for round in 1...5 {
            let job = try #require(book.takeDue(now: 600 + Double(round) * 60)["pve1"]?.first)
            book.finish(
                job, ClusterBook.Reading(addresses: .silent(.agentSilent), isNodeSilent: true), now: 600 + Double(round) * 60, spread: 1)
        }
        #expect(book.entry(100)?.target?.host == "192.0.2.100")
    }

    @Test func `a cluster is not whole while a node that is off was never described`() throws {
        var book = ClusterBook(pace: .init(cacheSeconds: 60, addressSeconds: 600, configurationSeconds: 3600))
        let shown = try status(online: ["pve1"], offline: ["pve2"], hidden: ["pve2"])
        book.take(try resources([Row(), Row(vmid: 101, node: "pve2", name: nil, status: "unknown")]), shown, filter: .none, now: 0)
        book.answer(at: 0)
        #expect(!book.isWhole)
        #expect(book.unread == 1)
    }

    @Test func `other cards are another machine`() throws {
        var book = try book([Row()])
        book.answer(at: 0)
        book.take(try resources([Row(name: "other", uptime: 1)]), try status(), filter: .none, now: 60)
        let job = try #require(book.takeDue(now: 60)["pve1"]?.first)
        var reading = ClusterBook.Reading.good(job)
        reading.details = GuestRecord.Details(
            cards: [NetworkCard("net0", "virtio=BC:24:11:FF:FF:FF")].compactMap { $0 }, systemType: "l26", bootStorage: nil, hasAgent: true)
        reading.addresses = .silent(.agentSilent)
        book.finish(job, reading, now: 60, spread: 1)
        #expect(book.entry(100)?.target == nil)
    }

    @Test func `a live migration begins the uptime anew`() throws {
        var book = try book([Row(uptime: 5000)])
        book.answer(at: 0)
        book.take(try resources([Row(node: "pve2", uptime: 3)]), try status(), filter: .none, now: 60)
        #expect(book.entry(100)?.target?.host == "192.0.2.100")
        let job = try #require(book.takeDue(now: 60)["pve2"]?.first)
        #expect(job.wantsConfiguration && job.wantsAddresses)
    }

    @Test func `kinds of storages outlive the right to see them`() throws {
        var book = try book([Row()])
        book.answer(at: 0)
        book.take(try resources([Row()], storages: false), try status(), filter: .none, now: 60)
        let labels = String(decoding: try #require(book.entry(100)).labels, as: UTF8.self)
        #expect(labels.contains("\"__meta_proxmox_disk_type\":\"zfspool\""))
    }

    @Test func `a name stands in when nobody told an address for some time`() throws {
        var settings = DiscoverySettings(clusters: [])
        settings.domain = "example.org"
        var book = try book([Row()])
        #expect(book.entry(100, settings)?.target == nil)
        var now = 0.0
        for _ in 0..<3 {
            let job = try #require(book.takeDue(now: now)["pve1"]?.first)
            #expect(book.entry(100, settings)?.target == nil)
            var reading = ClusterBook.Reading.good(job)
            reading.addresses = .silent(.agentSilent)
            book.finish(job, reading, now: now, spread: 1)
            now += 1000
        }
        #expect(book.entry(100, settings)?.target?.host == "web.example.org")
    }

    @Test func `an address of a node is no guest's`() throws {
        var book = try book([Row()])
        let job = try #require(book.takeDue(now: 0)["pve1"]?.first)
        var reading = ClusterBook.Reading.good(job)
        reading.addresses = .told([
            GuestAddress(interface: "ens18", hardwareAddress: "bc:24:11:00:00:00", family: "ipv4", address: "192.0.2.1")
        ])
        book.finish(job, reading, now: 0, spread: 1)
        #expect(book.entry(100)?.target == nil)
        #expect(book.entry(100)?.silence == .noMatch)
    }
}
