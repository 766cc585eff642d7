import Testing

@testable import ProxmoxAPI

@Suite struct DiskTests {
    @Test func `every field of a row`() throws {
        let disk = try #require(
            try decoded(
                #"{"devpath":"/dev/nvme0n1","type":"nvme","model":"WDC","serial":"S1","size":"512110190592","health":"PASSED","wearout":97}"#,
                Disk.init))
        #expect(
            disk.device == "nvme0n1" && disk.type == "nvme" && disk.model == "WDC" && disk.serial == "S1"
                && disk.sizeBytes == 512_110_190_592)
        #expect(disk.isHealthy == true && disk.lifeLeft == 97 && disk.mayHaveSmart)
    }

    @Test(
        arguments: [
            ("\"PASSED\"", true), ("\"OK\"", true), ("\"FAILED!\"", false), ("\"FAILURE PREDICTION THRESHOLD EXCEEDED\"", false),
            ("\"UNKNOWN\"", nil),
            ("\"SMART Disabled\"", nil), ("\"\"", nil), ("null", nil), ("[]", nil),
        ] as [(String, Bool?)])
    func health(json: String, isHealthy: Bool?) throws {
        #expect(try decoded("{\"devpath\":\"/dev/sda\",\"health\":\(json)}", Disk.init)?.isHealthy == isHealthy)
    }

    @Test(
        arguments: [("100", 100), ("0", 0), ("\"99\"", 99), ("-55", -55), ("\"N/A\"", nil), ("\"\"", nil), ("null", nil)]
            as [(String, Double?)])
    func wearout(json: String, left: Double?) throws {
        #expect(try decoded("{\"devpath\":\"/dev/sda\",\"wearout\":\(json)}", Disk.init)?.lifeLeft == left)
    }

    @Test func `a row with nothing but its path`() throws {
        let disk = try #require(try decoded(#"{"devpath":"/dev/sda"}"#, Disk.init))
        #expect(
            disk.type == "" && disk.model == "" && disk.serial == "" && disk.sizeBytes == nil && disk.isHealthy == nil
                && disk.lifeLeft == nil)
        #expect(!disk.mayHaveSmart)
        for row in ["{}", "null", "5", #"{"devpath":""}"#, #"{"devpath":[]}"#] { #expect(try decoded(row, Disk.init) == nil) }
    }

    @Test(
        arguments: [
            ("/dev/sda", "hdd", true), ("/dev/sda", "ssd", true), ("/dev/nvme0n1", "nvme", true), ("/dev/sdb", "usb", true),
            ("/dev/vda", "unknown", false),
            ("/dev/sda", "", false), ("sda", "hdd", false), ("--help", "hdd", false),
            ("/dev/" + String(repeating: "a", count: 300), "hdd", false),
        ])
    func `disks of known kinds are asked about themselves`(path: String, type: String, isAsked: Bool) throws {
        #expect(try decoded("{\"devpath\":\"\(path)\",\"type\":\"\(type)\"}", Disk.init)?.mayHaveSmart == isAsked)
    }
}
