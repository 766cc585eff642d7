import CollectorConformance
import Metrics
import Testing

@Suite struct ConfigurationSourceTests {
    private static let machine = "/nodes/pve1/qemu/100/config"
    private static let container = "/nodes/pve1/lxc/200/config"

    private static func answers(_ machine: String, _ container: String = "{}") -> [String: String] {
        [Self.machine: machine, Self.container: container]
    }

    private static func lines(_ trial: Trial) -> [String] {
        trial.lines(
            "pve_guest_config_info", "pve_guest_onboot", "pve_guest_agent_enabled", "pve_guest_disk",
            "pve_guest_pci")
    }

    private static func info(
        _ guest: String, _ system: String = "", _ cpus: String = "", _ memory: String = "0.5",
        _ tags: String = "", _ disk: String = ""
    ) -> String {
        #"pve_guest_config_info{\#(guest),ostype="\#(system)",vcpus="\#(cpus)",memory_gb="\#(memory)",tags="\#(tags)",disk_type="\#(disk)"} 1"#
    }

    @Test func `every field is in its family`() async throws {
        let machine = #"""
            {"ostype":"l26","sockets":2,"cores":"3","memory":"4096","tags":"a;b","onboot":1,"agent":"enabled=1,type=virtio",
            "boot":"order=scsi1;net0","scsi1":"zfs:vm-100-disk-1,size=2G","scsi0":"other:vm-100-disk-0,size=1G",
            "ide2":"local:iso/x.iso,media=cdrom,size=600M","efidisk0":"zfs:vm-100-disk-2,size=528K","sata0":"/dev/sdb",
            "hostpci0":"0000:01:00.0;0000:01:00.1","hostpci1":"mapping=gpu,mdev=nvidia-63"}
            """#
        let container = #"""
            {"ostype":"debian","cores":7,"memory":768,"onboot":0,"rootfs":"zfs:subvol-200-disk-0,size=8G","mp0":"/host,mp=/x,size=1T",
            "agent":1,"unused0":"zfs:subvol-200-disk-9"}
            """#
        try await FakeProxmox.serve(Lab.guests(Self.answers(machine, container))) { fake in
            try await SlowScrapes.run("config", fake) { slow in
                let trial = try await slow.scrape {
                    $0.exposition.family("pve_guest_config_info").count == 2
                }
                #expect(trial.problems == [])
                #expect(
                    Self.lines(trial) == [
                        Self.info("G", "l26", "6", "4", "a;b", "dir"),
                        Self.info("L", "debian", "7", "0.75", "", "dir"),
                        "pve_guest_onboot{G} 1", "pve_guest_onboot{L} 0", "pve_guest_agent_enabled{G} 1",
                        #"pve_guest_disk_size_bytes{G,device="efidisk0",storage="zfs",volume="vm-100-disk-2"} 540672"#,
                        #"pve_guest_disk_size_bytes{G,device="scsi0",storage="other",volume="vm-100-disk-0"} 1073741824"#,
                        #"pve_guest_disk_size_bytes{G,device="scsi1",storage="zfs",volume="vm-100-disk-1"} 2147483648"#,
                        #"pve_guest_disk_size_bytes{L,device="mp0",storage="",volume="/host"} 1099511627776"#,
                        #"pve_guest_disk_size_bytes{L,device="rootfs",storage="zfs",volume="subvol-200-disk-0"} 8589934592"#,
                        #"pve_guest_pci_passthrough_info{G,device="hostpci0",address="0000:01:00.0",mapping="",mdev=""} 1"#,
                        #"pve_guest_pci_passthrough_info{G,device="hostpci0",address="0000:01:00.1",mapping="",mdev=""} 1"#,
                        #"pve_guest_pci_passthrough_info{G,device="hostpci1",address="",mapping="gpu",mdev="nvidia-63"} 1"#,
                    ])
            }
        }
    }

    @Test func `a silent configuration is what Proxmox VE makes of it`() async throws {
        try await FakeProxmox.serve(Lab.guests(Self.answers("{}"))) { fake in
            try await SlowScrapes.run("config", fake) { slow in
                let trial = try await slow.scrape {
                    $0.exposition.family("pve_guest_config_info").count == 2
                }
                #expect(
                    Self.lines(trial) == [
                        Self.info("G", "", "1"), Self.info("L"), "pve_guest_onboot{G} 0",
                        "pve_guest_onboot{L} 0",
                        "pve_guest_agent_enabled{G} 0",
                    ])
            }
        }
    }

    @Test
    func `a storage that nobody knows has no type, and at the level of guests there are no disks`()
        async throws
    {
        let answers = Self.answers(
            #"{"scsi0":"gone:vm-100-disk-0,size=1G"}"#, #"{"rootfs":"/dev/sdb"}"#)
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run("config", fake) { slow in
                let trial = try await slow.scrape {
                    $0.exposition.family("pve_guest_config_info").count == 2
                }
                #expect(
                    trial.exposition.family("pve_guest_config_info").map { $0.label("disk_type") } == [
                        "", "",
                    ])
                #expect(trial.families.contains("pve_guest_disk_size_bytes"))
                let coarse = try await scrape(slow.collector, detail: .guest)
                #expect(
                    coarse.families.contains("pve_guest_config_info")
                        && !coarse.families.contains("pve_guest_disk_size_bytes"))
            }
        }
    }

    @Test func `labels do not flicker when resources fail`() async throws {
        let answers = Self.answers(#"{"scsi0":"zfs:vm-100-disk-0,size=1G"}"#)
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run("config", fake) { slow in
                let trial = try await slow.scrape { $0.exposition.family("pve_guest_config_info").count == 2 }
                for answer in [FakeProxmox.Answer.drop, .refusal(500, "no")] {
                    fake["/cluster/resources"] = answer
                    let blind = try await slow.scrape()
                    #expect(blind.exposition.lines("pve_guest_config_info") == trial.exposition.lines("pve_guest_config_info"))
                }
            }
        }
    }

    @Test func `templates are not asked about`() async throws {
        var table = Lab.guests(Self.answers("{}"))
        table["/cluster/resources"] = Lab.rows([
            Lab.node("pve1"), Lab.guest(100, on: "pve1", template: 1), Lab.guest(200, on: "pve1", "lxc"),
        ])
        table["/nodes/pve1/qemu?full=1"] = Lab.rows([Lab.listed(100, more: #","template":1"#)])
        try await FakeProxmox.serve(table) { fake in
            try await SlowScrapes.run("config", fake) { slow in
                _ = try await slow.scrape(until: "pve_guest_config_info")
                try await slow.rest()
                #expect(!fake.takeCalls().contains(Self.machine))
            }
        }
    }

    @Test func `hostile configurations`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let machine = #"""
            {"ostype":"\#(long)","cores":1e300,"memory":1e308,"tags":"x\"} 1\n","onboot":"maybe","agent":[],"scsi0":"a:b,size=99999999999999999999G",
            "scsi1":"x\"} 1\n:\\,size=5","scsi1":"again:again,size=6","hostpci0":"x\"};x\"}","boot":{}}
            """#
        try await FakeProxmox.serve(
            Lab.guests(Self.answers(machine, #"{"memory":-1e300,"cores":"x"}"#))
        ) { fake in
            try await SlowScrapes.run("config", fake) { slow in
                let trial = try await slow.scrape {
                    $0.exposition.family("pve_guest_config_info").count == 2
                }
                let info = try #require(trial.exposition.family("pve_guest_config_info").first)
                #expect(
                    trial.problems == [] && info.label("ostype")?.utf8.count == 8192
                        && info.label("memory_gb") == "")
                #expect(info.label("tags") == "x\"} 1\n" && info.label("vcpus") == "1")
                #expect(trial.exposition.family("pve_guest_disk_size_bytes").map(\.value) == [5])
                #expect(
                    trial.exposition.family("pve_guest_pci_passthrough_info").map { $0.label("address") } == [
                        "x\"}"
                    ])
            }
        }
    }

    @Test func `a guest that is gone by then is no problem`() async throws {
        try await FakeProxmox.serve(Lab.guests(Self.answers("{}"))) { fake in
            fake[Self.machine] = .refusal(
                500, "Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist")
            try await SlowScrapes.run("config", fake) { slow in
                _ = try await slow.scrape(until: "pve_guest_config_info")
                let trial = try await slow.scrape(after: ["/nodes/*/qemu/*/config"])
                #expect(
                    trial.problems == []
                        && trial.exposition.family("pve_guest_config_info").map { $0.label("vmid") } == ["200"])
                #expect(try await slow.failures() == 0)
            }
        }
    }
}
