import CollectorConformance
import Metrics
import Testing

/// The guest agent, and the addresses of containers.
@Suite struct AgentSourceTests {
    private static let agent = "/nodes/pve1/qemu/100/agent/"
    private static let fileSystems = agent + "get-fsinfo"
    private static let addresses = agent + "network-get-interfaces"
    private static let system = agent + "get-osinfo"
    private static let container = "/nodes/pve1/lxc/200/interfaces"

    private static let whole = [
        fileSystems: #"""
        {"result":[{"mountpoint":"/home","type":"xfs","name":"sda2","total-bytes":20,"used-bytes":"7","disk":[{"dev":"/dev/sda2"}]},
        {"mountpoint":"/","type":"ext4","name":"sda1","total-bytes":10,"used-bytes":5,"disk":[{"dev":"/dev/sda1"}]}]}
        """#,
        addresses: #"""
        {"result":[{"name":"eth0","hardware-address":"aa:01","ip-addresses":[{"ip-address":"fe80::1"},{"ip-address":"10.0.0.1"}]}]}
        """#,
        system:
            #"{"result":{"id":"debian","pretty-name":"Debian 13","version-id":"13","kernel-release":"6.12"}}"#,
    ]

    private static func lines(_ trial: Trial) -> [String] {
        trial.lines("pve_guest_agent_up", "pve_guest_filesystem", "pve_guest_os", "pve_guest_address")
    }

    private static let wholeLines = [
        #"pve_guest_address_info{G,interface="eth0",mac="aa:01",family="ipv4",address="10.0.0.1"} 1"#,
        #"pve_guest_address_info{G,interface="eth0",mac="aa:01",family="ipv6",address="fe80::1"} 1"#,
        "pve_guest_agent_up{G} 1",
        #"pve_guest_filesystem_size_bytes{G,mountpoint="/",fstype="ext4",device="/dev/sda1"} 10"#,
        #"pve_guest_filesystem_size_bytes{G,mountpoint="/home",fstype="xfs",device="/dev/sda2"} 20"#,
        #"pve_guest_filesystem_used_bytes{G,mountpoint="/",fstype="ext4",device="/dev/sda1"} 5"#,
        #"pve_guest_filesystem_used_bytes{G,mountpoint="/home",fstype="xfs",device="/dev/sda2"} 7"#,
        #"pve_guest_os_info{G,os="debian",os_name="Debian 13",os_version="13",kernel="6.12"} 1"#,
    ]

    @Test func `every field is in its family`() async throws {
        try await FakeProxmox.serve(Lab.guests(Self.whole)) { fake in
            try await SlowScrapes.run("agent", fake) { slow in
                let trial = try await slow.scrape(until: "pve_guest_agent_up")
                #expect(trial.problems == [] && Self.lines(trial) == Self.wholeLines)
                // At the level of guests there are no file systems and no addresses.
                let coarse = try await scrape(slow.collector, detail: .guest)
                #expect(
                    Self.lines(coarse).map { $0.prefix { $0 != "{" } } == [
                        "pve_guest_agent_up", "pve_guest_os_info",
                    ])
            }
        }
    }

    @Test func `an agent that can do nothing is there`() async throws {
        let error = "Agent error: The command has not been found"
        try await FakeProxmox.serve(Lab.guests()) { fake in
            for path in [Self.fileSystems, Self.addresses, Self.system] {
                fake[path] = .refusal(500, error)
            }
            try await SlowScrapes.run("agent", fake) { slow in
                let trial = try await slow.scrape(until: "pve_guest_agent_up")
                #expect(trial.problems == [] && Self.lines(trial) == ["pve_guest_agent_up{G} 1"])
            }
        }
    }

    @Test func `hostile answers`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let answers = [
            Self.fileSystems: #"""
            {"result":[{"mountpoint":"x\"} 1\n","type":[],"total-bytes":1e300,"used-bytes":-1,"disk":[{"dev":"\#(long)"}]},null,5,[],
            {"mountpoint":"x\"} 1\n","type":5,"total-bytes":[],"disk":[{"dev":"\#(long)"}]}]}
            """#,
            Self.addresses:
                #"{"result":[{"name":"\#(long)","hardware-address":[],"ip-addresses":[{"ip-address":"x\"} 1\n"},5]},7]}"#,
            Self.system:
                #"{"result":{"id":[],"pretty-name":"\#(long)","version-id":5,"kernel-release":"\\"}}"#,
        ]
        try await FakeProxmox.serve(Lab.guests(answers)) { fake in
            try await SlowScrapes.run("agent", fake) { slow in
                let trial = try await slow.scrape(until: "pve_guest_agent_up")
                #expect(
                    trial.problems == []
                        && trial.exposition.family("pve_guest_filesystem_size_bytes").map(\.value) == [1e300])
                let system = try #require(trial.exposition.family("pve_guest_os_info").first)
                #expect(
                    system.label("os_name")?.utf8.count == 256 && system.label("kernel") == "\\"
                        && system.label("os_version") == "5")
                #expect(
                    trial.exposition.family("pve_guest_address_info").map { $0.label("address") } == [
                        "x\"} 1\n"
                    ])
            }
        }
    }

    @Test
    func `one without an agent is no problem and has no lines, and is asked again after an hour`()
        async throws
    {
        let hand = HandClock()
        try await FakeProxmox.serve(Lab.guests(Self.whole)) { fake in
            fake[Self.fileSystems] = .refusal(500, "No QEMU guest agent configured")
            try await SlowScrapes.run(["agent"], fake, clock: hand.clock) { slow in
                let trial = try await slow.scrape(after: ["/nodes/*/qemu/*/agent/get-fsinfo"])
                #expect(trial.problems == [] && Self.lines(trial) == [])
                #expect(try await slow.failures() == 0)
                fake[Self.fileSystems] = .data(Self.whole[Self.fileSystems] ?? "")
                try await slow.advance(hand, 3200)
                #expect(Self.lines(try await slow.scrape()) == [])
                try await slow.rest()
                #expect(Self.lines(try await slow.scrape()) == [])
                try await slow.advance(hand, 800)
                #expect(Self.lines(try await slow.scrape(until: "pve_guest_agent_up")) == Self.wholeLines)
            }
        }
    }

    @Test func `a dead agent is asked ever more rarely, is never out of sight, and comes back`()
        async throws
    {
        let hand = HandClock()
        try await FakeProxmox.serve(Lab.guests(Self.whole)) { fake in
            fake[Self.fileSystems] = .refusal(500, "QEMU guest agent is not running")
            func asked() -> Int { fake.takeCalls().count { $0 == Self.fileSystems } }
            try await SlowScrapes.run(["agent"], fake, clock: hand.clock) { slow in
                let trial = try await slow.scrape(until: "pve_guest_agent_up")
                #expect(
                    trial.problems == [] && Self.lines(trial) == ["pve_guest_agent_up{G} 0"] && asked() == 1)
                for delay in [600.0, 1200, 2400, 3600, 3600] {
                    // Just before the soonest, and at the latest.
                    try await slow.advance(hand, delay * 0.89)
                    _ = try await slow.scrape()
                    try await slow.rest()
                    #expect(asked() == 0, "\(delay)")
                    try await slow.advance(hand, delay * 0.22)
                    // Until the answer is there, what was known last is shown.
                    #expect(Self.lines(try await slow.scrape()) == ["pve_guest_agent_up{G} 0"], "\(delay)")
                    try await slow.rest()
                    #expect(asked() == 1, "\(delay)")
                }
                fake[Self.fileSystems] = .data(Self.whole[Self.fileSystems] ?? "")
                try await slow.advance(hand, 4000)
                let again = try await slow.scrape {
                    $0.exposition.family("pve_guest_agent_up").map(\.value) == [1]
                }
                #expect(Self.lines(again) == Self.wholeLines)
            }
        }
    }

    @Test func `with a longer period a dead agent is not asked more often than a live one`()
        async throws
    {
        let hand = HandClock()
        try await FakeProxmox.serve(Lab.guests(Self.whole)) { fake in
            fake[Self.fileSystems] = .refusal(
                500, "VM 100 qga command 'guest-get-fsinfo' failed - got timeout")
            try await SlowScrapes.run(["agent"], fake, periods: ["agent": 86_400], clock: hand.clock) {
                slow in
                _ = try await slow.scrape(until: "pve_guest_agent_up")
                _ = fake.takeCalls()
                try await slow.advance(hand, 77_000)
                #expect(Self.lines(try await slow.scrape()) == ["pve_guest_agent_up{G} 0"])
                try await slow.rest()
                #expect(!fake.takeCalls().contains(Self.fileSystems))
            }
        }
    }

    @Test func `what does not change is asked for every half hour`() async throws {
        let hand = HandClock()
        try await FakeProxmox.serve(Lab.guests(Self.whole)) { fake in
            try await SlowScrapes.run(["agent"], fake, clock: hand.clock) { slow in
                _ = try await slow.scrape(until: "pve_guest_agent_up")
                _ = fake.takeCalls()
                try await slow.advance(hand, 340)
                _ = try await slow.scrape()
                try await slow.rest()
                let calls = fake.takeCalls()
                #expect(
                    calls.contains(Self.fileSystems) && !calls.contains(Self.system)
                        && !calls.contains(Self.addresses))
                try await slow.advance(hand, 1500)
                _ = try await slow.scrape()
                try await slow.rest()
                #expect(
                    Set(fake.takeCalls()).isSuperset(of: [Self.fileSystems, Self.system, Self.addresses]))
            }
        }
    }

    @Test func `whoever has no right to ask is told by the missing right, and asks again in an hour`() async throws {
        try await FakeProxmox.serve(Lab.guests()) { fake in
            fake[Self.fileSystems] = .refusal(
                403, "Permission check failed (/vms/100, VM.GuestAgent.Audit)")
            try await SlowScrapes.run("agent", fake) { slow in
                let trial = try await slow.scrape(after: ["/nodes/*/qemu/*/agent/get-fsinfo"])
                #expect(trial.problems == [] && Self.lines(trial) == [])
                #expect(try await slow.failures() == 0)
            }
        }
    }

    @Test func `stopped machines are not asked`() async throws {
        try await FakeProxmox.serve(Lab.guests(status: "stopped", Self.whole)) { fake in
            try await SlowScrapes.run(["agent", "addresses"], fake) { slow in
                for _ in 0..<3 {
                    #expect(Self.lines(try await slow.scrape()) == [])
                    try await slow.rest()
                }
                #expect(!fake.takeCalls().contains { $0.contains("agent") || $0.contains("interfaces") })
            }
        }
    }

    // MARK: containers

    @Test func `addresses of a container`() async throws {
        let answer =
            #"[{"name":"lo","inet":"127.0.0.1/8"},{"name":"eth0","hwaddr":"aa:02","inet":"10.0.0.2/24","inet6":"fe80::2/64"}]"#
        try await FakeProxmox.serve(Lab.guests([Self.container: answer])) { fake in
            try await SlowScrapes.run("addresses", fake) { slow in
                let trial = try await slow.scrape(until: "pve_guest_address_info")
                #expect(trial.problems == [])
                #expect(
                    Self.lines(trial) == [
                        #"pve_guest_address_info{L,interface="eth0",mac="aa:02",family="ipv4",address="10.0.0.2"} 1"#,
                        #"pve_guest_address_info{L,interface="eth0",mac="aa:02",family="ipv6",address="fe80::2"} 1"#,
                    ])
            }
        }
    }

    @Test(arguments: [
        "[]", "null",
        #"[{"name":"eth0"},{},null,5,{"name":[],"inet":"1.1.1.1/8"},{"name":"eth1","inet":[]}]"#,
    ])
    func `a container without addresses`(answer: String) async throws {
        try await FakeProxmox.serve(Lab.guests([Self.container: answer])) { fake in
            try await SlowScrapes.run("addresses", fake) { slow in
                let trial = try await slow.scrapeOfAnswer()
                #expect(trial.problems == [] && Self.lines(trial) == [])
            }
        }
    }

    @Test func `at the level of guests nobody asks for addresses`() async throws {
        try await FakeProxmox.serve(Lab.guests([Self.container: "[]"])) { fake in
            try await SlowScrapes.run("addresses", fake) { slow in
                for _ in 0..<3 {
                    _ = try await scrape(slow.collector, detail: .guest)
                    try await Task.sleep(for: .milliseconds(600))
                }
                #expect(!fake.takeCalls().contains(Self.container))
            }
        }
    }
}
