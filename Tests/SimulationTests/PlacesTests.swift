import Testing
import Web

@testable import Simulation

/// The places that are asked on timers, through the service.
@Suite struct PlacesTests {
    @Test(arguments: [
        "/access/permissions", "/cluster/ha/status/current", "/cluster/ha/resources", "/cluster/ha/rules", "/cluster/backup",
        "/cluster/backup/backup-daily", "/cluster/mapping/pci", "/pools", "/pools/prod", "/storage", "/nodes/pve1/version",
        "/nodes/pve1/time",
        "/nodes/pve2/storage", "/nodes/pve1/certificates/info", "/nodes/pve1/services", "/nodes/pve1/apt/versions",
        "/nodes/pve1/disks/list",
        "/nodes/pve1/disks/zfs", "/nodes/pve1/disks/zfs/tank", "/nodes/pve1/hardware/pci",
    ])
    func `what there is`(path: String) async throws {
        let api = try SimulatedAPI()
        _ = try await api.data(path)
        let unknown = await api.get(path, [("bogus", "1")])
        #expect(try unknown.status == 400 && (Tree(bytes(unknown))["errors"]?.keys == ["bogus"]))
        let counted = try Tree(api.service.statistics.json())["by_path"]
        #expect(counted?.keys.count == 1 && counted?["other"] == nil)
    }

    @Test(arguments: [
        ("/cluster/ha/groups", 500, "cluster-ha-groups"), ("/cluster/ceph/status", 500, "cluster-ceph-status"),
        ("/nodes/pve1/apt/update", 403, "nodes-pve1-apt-update"), ("/nodes/pve1/rrddata", 400, "nodes-pve1-rrddata-notimeframe"),
    ])
    func `what there is not, as recorded`(path: String, status: Int, recording: String) async throws {
        let response = await (try SimulatedAPI()).get(path)
        #expect(response.status == status)
        #expect(try Tree(bytes(response)) == Tree(Recorded.bytes(recording)))
    }

    @Test func `a wrong time frame, as recorded`() async throws {
        let response = await (try SimulatedAPI()).get("/nodes/pve1/rrddata", [("timeframe", "bogus")])
        #expect(try response.status == 400 && (Tree(bytes(response)) == Tree(Recorded.bytes("err-bad-param-timeframe"))))
    }

    @Test(arguments: [
        ("/nodes/pve1/disks/smart", "healthonly", "1", 400), ("/nodes/pve1/disks/smart", "disk", "sda", 400),
        ("/nodes/pve1/disks/smart", "disk", "/dev/../x", 400), ("/nodes/pve1/disks/smart", "disk", "/dev/sdz", 500),
        ("/nodes/pve1/disks/smart", "disk", "/dev/sda", 200), ("/nodes/pve1/disks/list", "skipsmart", "maybe", 400),
        ("/nodes/pve1/disks/list", "type", "hdd", 200), ("/nodes/pve1/storage", "enabled", "2", 400),
        ("/nodes/pve1/storage", "enabled", "1", 200),
        ("/nodes/pve1/rrddata", "timeframe", "week", 200), ("/nodes/pve1/hardware/pci", "verbose", "x", 400),
        ("/nodes/pve1/tasks/UPID:x/log", "limit", "50", 400), ("/nodes/pve1/tasks/UPID:x/log", "start", "x", 400),
        ("/cluster/backup/nosuch", "x", "1", 400), ("/pools", "poolid", "nosuch", 500), ("/pools", "poolid", "dev", 200),
        ("/pools", "type", "other", 400), ("/access/permissions", "path", "/vms", 200), ("/cluster/mapping/pci", "check-node", "pve1", 200),
    ])
    func `parameters are checked`(path: String, name: String, value: String, status: Int) async throws {
        let response = await (try SimulatedAPI()).get(path, [(name, value)])
        #expect(response.status == status, "\(text(response))")
    }

    @Test(arguments: [
        "/cluster/ha/status", "/cluster/backup/a/b", "/nodes/pve1/disks", "/nodes/pve1/disks/zfs/a/b", "/nodes/pve1/tasks/x", "/pools/a/b",
        "/nodes/pve1/qemu/100/agent", "/nodes/pve1/qemu/100/agent/exec", "/nodes/pve1/qemu/100/interfaces",
        "/nodes/pve1/lxc/100/agent/info",
        "/access", "/storage/nas", "/nodes/pve1/certificates",
    ])
    func `what nobody has heard of`(path: String) async throws {
        let response = await (try SimulatedAPI()).get(path)
        #expect(response.status == 501 && text(response) == #"{"data":null,"message":"Method 'GET \#(path)' not implemented"}"#)
    }

    @Test func `guests`() async throws {
        let api = try SimulatedAPI(guests: 200)
        for guest in api.inventory.guests {
            let path = "/nodes/\(api.inventory.nodes[guest.node].name)/\(guest.kind.rawValue)/\(guest.vmid)"
            #expect(await api.get(path + "/snapshot").status == 200)
            let chain = try await api.data(path + "/snapshot").elements
            if let name = chain.first?["name"]?.string, chain.count > 1 {
                #expect(await api.get(path + "/config", [("snapshot", name)]).status == 200)
            }
            guard guest.kind == .qemu else {
                #expect(await api.get(path + "/interfaces").status == 200)
                continue
            }
            let isReachable = api.service.source.current().hasAnsweringAgent(guest)
            for command in GuestPlace.AgentCommand.allCases {
                #expect(await api.get("\(path)/agent/\(command.rawValue)").status == (isReachable ? 200 : 500))
            }
        }
        #expect(text(await api.get("/nodes/pve1/qemu/999/snapshot")).contains("Configuration file"))
    }

    @Test func `tasks have a log and a status`() async throws {
        let api = try SimulatedAPI()
        let upid = try #require(try await api.data("/nodes/pve1/tasks").elements.first?["upid"]?.string)
        let log = await api.get("/nodes/pve1/tasks/\(upid)/log", [("start", "0"), ("limit", "2")])
        #expect(try Tree(bytes(log)).keys == ["data", "total"] && (try rows(bytes(log)).count == 2))
        #expect(try await api.data("/nodes/pve1/tasks/\(upid)/status")["status"] == .string("stopped"))
        let other = await api.get("/nodes/pve2/tasks/\(upid)/status")
        #expect(try other.status == 400 && (Tree(bytes(other))["errors"]?["upid"] == .string("no such task")))
    }

    @Test func `Ceph, where it is installed`() async throws {
        let status = try await SimulatedAPI(hasCeph: true).data("/cluster/ceph/status")
        #expect(status["health"]?["status"] == .string("HEALTH_WARN") && status["health"]?["checks"]?.keys == ["OSD_DOWN"])
        #expect(status["osdmap"]?["num_osds"]?.integer == 8 && status["osdmap"]?["num_up_osds"]?.integer == 7)
        let pages = status["pgmap"]?["pgs_by_state"]?.elements.compactMap { $0["count"]?.integer }
        #expect(pages?.reduce(0, +) == status["pgmap"]?["num_pgs"]?.integer && status["quorum_names"]?.elements.count == 4)
    }

    @Test func `release 8_4`() async throws {
        let api = try SimulatedAPI(guests: 200, release: .v84)
        let version = try await api.data("/version")
        #expect(version["release"] == .string("8.4") && version["version"] == .string("8.4.1"))
        let resources = try await api.data("/cluster/resources").elements
        #expect(!resources.contains { $0["memhost"] != nil || $0["type"] == .string("network") })
        let zones = try await api.data("/cluster/resources", [("type", "sdn")]).elements
        #expect(zones.count == 4 && zones.first?["id"] == .string("sdn/pve1/localnetwork") && zones.first?["type"] == .string("sdn"))
        for path in ["qemu", "lxc"] {
            let guests = try await api.data("/nodes/pve1/\(path)").elements
            #expect(!guests.contains { guest in guest.keys.contains { $0.hasPrefix("pressure") || $0 == "memhost" } })
        }
        #expect(try await api.data("/nodes/pve1/status")["pveversion"]?.string?.hasPrefix("pve-manager/8.4.1/") == true)
        let row = try await api.data("/nodes/pve1/rrddata", [("timeframe", "hour"), ("cf", "AVERAGE")]).elements.last
        #expect(
            row?.keys.contains("cpu") == true && row?.keys.contains("pressureiosome") == false && row?.keys.contains("arcsize") == false)
        #expect(await api.get("/cluster/ha/groups").status == 200)
        #expect(await api.get("/cluster/ha/rules").status == 501)
        #expect(try await api.data("/access/permissions")["/"]?.keys.contains("VM.GuestAgent.Audit") == false)
        let guest = try #require(api.inventory.guests.first { $0.kind == .qemu && $0.node == 0 })
        let agent = await api.get("/nodes/pve1/qemu/\(guest.vmid)/agent/get-fsinfo")
        #expect(agent.status == 403)
        #expect(text(agent) == #"{"data":null,"message":"Permission check failed (/vms/\#(guest.vmid), VM.Monitor)\n"}"#)
        let services = try await api.data("/cluster/ha/status/current").elements.filter { $0["type"] == .string("service") }
        #expect(services.contains { $0["group"] != nil } && !services.contains { $0["failback"] != nil })
    }
}
