import CollectorConformance
import Testing

@Suite struct DiskSourceTests {
    private static let list = "/nodes/pve1/disks/list"

    private static func smart(_ device: String) -> String { "/nodes/pve1/disks/smart?disk=/dev/\(device)" }

    private static func row(_ device: String, _ type: String, more: String = "") -> String {
        #"{"devpath":"/dev/\#(device)","type":"\#(type)","model":"M-\#(device)","serial":"S-\#(device)"\#(more)}"#
    }

    private static func attributes(hours: Int) -> String {
        #"{"type":"ata","attributes":[{"id":"  9","name":"Power_On_Hours","raw":"\#(hours)"}]}"#
    }

    private static func lines(_ trial: Trial) -> [String] {
        trial.slowLines.map {
            var line = $0
            for device in ["sda", "sdb", "sdc", "nvme0n1", "vda"] {
                line = line.replacing(#"device="\#(device)",model="M-\#(device)",serial="S-\#(device)""#, with: device)
            }
            return line
        }
    }

    @Test func `every field is in its family`() async throws {
        let table = [
            Self.list: Lab.rows([
                Self.row("sda", "ssd", more: #","health":"PASSED","wearout":75,"size":101"#),
                Self.row("nvme0n1", "nvme", more: #","health":"FAILED!""#),
                Self.row("vda", "unknown", more: #","health":"UNKNOWN","wearout":"N/A","size":102"#),
            ]),
            Self.smart("sda"): #"""
            {"type":"ata","attributes":[{"id":"194","name":"Temperature_Celsius","raw":"33 (Min/Max 20/45)"},
            {"id":"  9","name":"Power_On_Hours","raw":"13441h+12m"},{"id":241,"name":"Total_LBAs_Written","raw":"2"}]}
            """#,
            Self.smart("nvme0n1"): #"""
            {"type":"text","text":"Temperature: 38 Celsius\nAvailable Spare: 99%\nPercentage Used: 3%\nData Units Written: 1,000 [512 MB]\nPower On Hours: 1,234\n"}
            """#,
        ]
        try await FakeProxmox.serve(Lab.alone(table)) { fake in
            try await SlowScrapes.run("disks", fake) { slow in
                let trial = try await slow.scrape(until: "pve_disk_capacity_bytes")
                #expect(trial.problems == [])
                #expect(
                    Self.lines(trial) == [
                        #"pve_disk_health_status{N,nvme0n1,type="nvme"} 0"#, #"pve_disk_health_status{N,sda,type="ssd"} 1"#,
                        #"pve_disk_wearout_left_ratio{N,sda,type="ssd"} 0.75"#, #"pve_disk_capacity_bytes{N,sda,type="ssd"} 101"#,
                        #"pve_disk_capacity_bytes{N,vda,type="unknown"} 102"#, #"pve_disk_temperature_celsius{N,nvme0n1,type="nvme"} 38"#,
                        #"pve_disk_temperature_celsius{N,sda,type="ssd"} 33"#, #"pve_disk_power_on_hours{N,nvme0n1,type="nvme"} 1234"#,
                        #"pve_disk_power_on_hours{N,sda,type="ssd"} 13441"#,
                        #"pve_disk_data_written_bytes{N,nvme0n1,type="nvme"} 512000000"#,
                        #"pve_disk_data_written_bytes{N,sda,type="ssd"} 1024"#,
                        #"pve_disk_available_spare_percent{N,nvme0n1,type="nvme"} 99"#,
                        #"pve_disk_percentage_used{N,nvme0n1,type="nvme"} 3"#,
                    ])
                #expect(!fake.takeCalls().contains(Self.smart("vda")))
            }
        }
    }

    @Test(arguments: ["refused", "malformed"])
    func `a disk that fails loses its own values only`(way: String) async throws {
        let rows = [Self.row("sda", "hdd", more: #","size":101"#), Self.row("sdb", "hdd", more: #","size":102"#), Self.row("sdc", "usb")]
        try await FakeProxmox.serve(Lab.alone([Self.list: Lab.rows(rows)])) { fake in
            fake[Self.smart("sda")] = .data(Self.attributes(hours: 1))
            fake[Self.smart("sdb")] = way == "refused" ? .refusal(500, "smartctl failed") : .data("[]")
            fake[Self.smart("sdc")] = .data(Self.attributes(hours: 3))
            try await SlowScrapes.run("disks", fake) { slow in
                let trial = try await slow.scrape(until: "pve_disk_capacity_bytes")
                #expect(trial.exposition.family("pve_disk_power_on_hours").map { $0.label("device") } == ["sda", "sdc"])
                #expect(trial.exposition.family("pve_disk_capacity_bytes").map(\.value) == [101, 102])
            }
        }
    }

    @Test func `whoever may see the list only is not refused for each disk`() async throws {
        let rows = ["sda", "sdb", "sdc"].map { Self.row($0, "hdd", more: #","size":5"#) }
        try await FakeProxmox.serve(Lab.alone([Self.list: Lab.rows(rows)])) { fake in
            for device in ["sda", "sdb", "sdc"] { fake[Self.smart(device)] = .refusal(403, "Permission check failed (/, Sys.Audit)") }
            try await SlowScrapes.run("disks", fake) { slow in
                let trial = try await slow.scrape(until: "pve_disk_capacity_bytes")
                #expect(trial.exposition.family("pve_disk_capacity_bytes").count == 3)
                #expect(fake.takeCalls().filter { $0.contains("/smart") } == [Self.smart("sda")])
            }
        }
    }

    @Test func `a node that goes away in the middle takes nothing of what was known along`() async throws {
        try await FakeProxmox.serve(Lab.alone([Self.list: Lab.rows([Self.row("sda", "hdd"), Self.row("sdb", "hdd")])])) { fake in
            fake[Self.smart("sda")] = .refusal(595, "no route")
            fake[Self.smart("sdb")] = .data(Self.attributes(hours: 2))
            try await SlowScrapes.run("disks", fake) { slow in
                let trial = try await slow.scrape { !$0.problems.isEmpty }
                #expect(trial.reasons == ["lab/pve1/disks: unreachable"] && trial.slowLines == [])
                #expect(!fake.takeCalls().contains(Self.smart("sdb")))
            }
        }
    }

    @Test(arguments: [
        "[]", #"[{"devpath":"/dev/sda"},{"devpath":"/dev/sdb","type":"unknown","health":null,"wearout":"","size":null},{},null]"#,
    ])
    func `nothing is written of what is not said`(rows: String) async throws {
        try await FakeProxmox.serve(Lab.alone([Self.list: rows])) { fake in
            try await SlowScrapes.run("disks", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && trial.slowLines == [])
            }
        }
    }

    @Test func `hostile disks`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let rows = #"""
            [{"devpath":"/dev/sda&disk=/dev/x","type":"hdd","health":[],"wearout":1e300,"size":-1},
            {"devpath":"\#(long)","type":"hdd","model":"\#(long)","serial":"\#(long)","size":1},{"devpath":5,"type":"ssd","size":2},
            {"devpath":"/dev/../../x\"} 1\n","type":"hdd","model":[],"serial":{},"health":-7,"size":"3"},{"devpath":"/dev/sda&disk=/dev/x","size":9}]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.list: rows])) { fake in
            fake[Self.smart("sda&disk=/dev/x")] = .data(
                #"{"text":"\#(long)","attributes":[{"id":9,"raw":"99999999999999999999999999999999999"}]}"#)
            try await SlowScrapes.run("disks", fake) { slow in
                let trial = try await slow.scrape(until: "pve_disk_capacity_bytes")
                #expect(trial.problems == [] && trial.exposition.family("pve_disk_capacity_bytes").map(\.value).sorted() == [-1, 1, 2, 3])
                #expect(
                    trial.exposition.family("pve_disk_health_status").map(\.value) == [0]
                        && !trial.families.contains("pve_disk_power_on_hours"))
                let calls = fake.takeCalls().filter { $0.contains("/smart") }
                #expect(calls == [Self.smart("../../x\"} 1\n"), Self.smart("sda&disk=/dev/x")])
            }
        }
    }

    @Test func `no more than a hundred and twenty-eight disks are asked`() async throws {
        let rows = (1000..<1200).map { Self.row("sd\($0)", "hdd", more: #","size":5"#) }
        try await FakeProxmox.serve(Lab.alone([Self.list: Lab.rows(rows)])) { fake in
            try await SlowScrapes.run("disks", fake) { slow in
                let trial = try await slow.scrape(until: "pve_disk_capacity_bytes")
                #expect(trial.exposition.family("pve_disk_capacity_bytes").count == 200)
                #expect(fake.takeCalls().count { $0.contains("/smart") } == 128)
            }
        }
    }
}
