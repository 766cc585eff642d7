import Testing

@testable import Simulation

/// Pools, disks, certificates and clocks of nodes.
@Suite struct UpkeepTests {
    private func data(_ bytes: [UInt8]?) throws -> Tree {
        let bytes = try #require(bytes)
        return try #require(try Tree(bytes)["data"])
    }

    private func tank(_ node: Int, after seconds: Double) throws -> Tree {
        let answers = answers(try world(), after: seconds)
        return try data(answers.storagePool("tank", answers.world.view(of: node, at: answers.moment)))
    }

    @Test(arguments: [0.0, 3_600, 86_400, 500_000, 3_000_000]) func `pools are well, degraded, scrubbed and resilvered`(seconds: Double)
        throws
    {
        #expect(try (0..<4).map { try tank($0, after: seconds)["state"]?.string } == ["ONLINE", "DEGRADED", "ONLINE", "DEGRADED"])
        let scans = try (0..<4).map { try #require(try tank($0, after: seconds)["scan"]?.string) }
        #expect(scans[0].contains("with 0 errors on Sun ") || scans[0].hasPrefix("scrub in progress since Sun "))
        #expect(scans[2].hasPrefix("scrub in progress since ") && scans[2].contains("0B repaired, ") && scans[2].contains("% done, "))
        #expect(scans[3].hasPrefix("resilver in progress since ") && scans[3].contains(" resilvered, "))
        #expect(scans.allSatisfy { !$0.contains("\n") && !$0.contains("-") })
        #expect(try tank(1, after: seconds)["errors"] == .string("2 data errors, use '-v' for a list"))
        #expect(try tank(0, after: seconds)["errors"] == .string("No known data errors"))
    }

    @Test(arguments: [
        (0, "0B"), (512, "512B"), (12_288, "12.0K"), (1_234_567_890_123, "1.12T"), (7_988_639_170_560, "7.26T"), (160 << 30, "160G"),
    ])
    func `sizes as ZFS writes them`(bytes: Int, text: String) { #expect(World.sizeText(bytes) == text) }

    @Test func `a lost disk says so itself`() throws {
        let answers = answers(try world(), after: 60)
        for node in 0..<4 {
            let view = answers.world.view(of: node, at: answers.moment)
            for disk in try rows(answers.disks(view, isHealthAsked: true, type: nil)) {
                let path = try #require(disk["devpath"]?.string)
                #expect(disk["health"] == .string(path == "/dev/sdd" ? "UNKNOWN" : node == 1 && path == "/dev/sdb" ? "FAILED!" : "PASSED"))
                #expect((disk["wearout"]?.integer != nil) == ["ssd", "nvme"].contains(disk["type"]?.string))
                let smart = try data(answers.smart(path, view, isHealthOnly: false))
                #expect(smart["health"] == disk["health"])
                #expect(try data(answers.smart(path, view, isHealthOnly: true)).keys == ["health"])
                switch smart["type"]?.string {
                case "text":
                    let text = try #require(smart["text"]?.string)
                    #expect(text.contains("\nData Units Written:                 ") && text.contains("\nPower On Hours:  "))
                    #expect(smart["wearout"] == disk["wearout"] && text.contains("\nPercentage Used:"))
                case "ata":
                    let attributes = try #require(smart["attributes"]).elements
                    #expect(
                        attributes.allSatisfy {
                            $0["id"]?.string?.utf8.count == 3 && $0["raw"]?.string != nil && $0["value"]?.integer != nil
                        })
                    #expect(attributes.contains { $0["id"] == .string("  9") && $0["name"] == .string("Power_On_Hours") })
                default: #expect(disk["type"] == .string("usb"))
                }
            }
            #expect(answers.smart("/dev/sdz", view, isHealthOnly: false) == nil)
        }
    }

    @Test(arguments: [0.0, 1e7, 5e7, 2e8]) func `certificates are renewed in time, and the served one is the one that nodes are known by`(
        seconds: Double
    ) throws {
        let answers = answers(try world(), after: seconds)
        for view in answers.world.views(at: answers.moment) {
            let certificates = answers.world.certificates(of: view.node, at: answers.moment)
            #expect(
                certificates.map(\.fileName) == ["pve-root-ca.pem", "pve-ssl.pem"] + (view.node.index % 2 == 1 ? ["pveproxy-ssl.pem"] : []))
            #expect(certificates.last?.fingerprint == view.node.fingerprint)
            for certificate in certificates {
                #expect(certificate.notBefore <= answers.unixSeconds && answers.unixSeconds < certificate.notAfter)
            }
        }
        let ends = answers.inventory.nodes.compactMap { answers.world.certificates(of: $0, at: answers.moment).last?.notAfter }
        #expect(Set(ends).count == ends.count)
    }

    @Test func `clocks are an hour ahead`() throws {
        let time = try data(answers(try world(), after: 12).time())
        #expect(
            time["time"]?.integer == Int(epoch) + 12 && time["localtime"]?.integer == Int(epoch) + 3612 && time["timezone"]?.string != nil)
        #expect(LocalTime(unixSeconds: 1_794_705_841).longText == "Sun Nov 15 02:24:01 2026")
        #expect(
            LocalTime(unixSeconds: 1_795_141_801).text == "2026-11-20 03:30:01"
                && LocalTime(unixSeconds: 0).longText == "Thu Jan  1 01:00:00 1970")
        #expect(LocalTime(unixSeconds: 1_795_141_801).fileText == "2026_11_20-03_30_01" && LocalTime(unixSeconds: -90_000).day == -1)
    }

    @Test func `statistics have holes where a node was off or silent`() throws {
        for scenario in [Scenario.nodeDown, .statisticsDead] {
            let world = try world([Step(after: 1000, scenario: scenario, node: "pve2"), Step(after: 1900, scenario: .normal)])
            let answers = answers(world, after: 3000)
            let rows = try rows(answers.statistics(world.view(of: 1, at: answers.moment), .hour))
            for row in rows {
                let end = try #require(row["time"]?.integer) - Int(epoch)
                #expect((row.keys.count == 1) == (end > 1000 && end - 60 < 1900), "\(end)")
            }
        }
    }
}
