import Testing

@testable import Objects

struct TextFormatTests {
    private struct Case: CustomTestStringConvertible {
        let format: TextFormat
        let good: [String]
        let bad: [String]
        var testDescription: String { format.meaning }
    }

    private static let hex32 = "0123456789abcdef0123456789ABCDEF"

    private static let cases = [
        Case(
            format: .label, good: ["a", "web-1", "1a"], bad: ["", "-a", "a-", "A", "a.b", "a_b", "ä", String(repeating: "a", count: 64)]),
        Case(format: .subdomain, good: ["a", "web-1.example"], bad: ["", ".", "a.", ".a", "a..b", "A.b"]),
        Case(format: .hostname, good: ["a", "Web-1.Example"], bad: ["", "-a", "a.", "a b", "a_b"]),
        Case(format: .snapshotName, good: ["a", "Before_update-1"], bad: ["", "_a", "a-", "a b"]),
        Case(format: .key, good: ["tls.crt", ".a", "A_b-"], bad: ["", "a b", "a/b", "ü"]),
        Case(
            format: .duration, good: ["0", "30m", "1h30m", "1.5s", "100ms", "2µs"],
            bad: ["", "5", "m", "1d", "-1s", "1.s", ".5s", "1h 2m", "1e3s"]),
        Case(
            format: .cron, good: ["0 3 * * *", "*/5 0-6,12 1 jan-mar MON", "@daily", "@every 1h30m", "5/10 * * * 7", "0  3 * * ?"],
            bad: [
                "", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "@reboot", "@every 0s", "5-1 * * * *",
                "*/0 * * * *", " * * * * *", "1,,2 * * * *",
            ]),
        Case(
            format: .timestamp, good: ["2026-11-23T03:04:05Z", "2026-11-23T03:04:05.678901Z", "2026-11-23t03:04:05+01:30"],
            bad: [
                "", "2026-11-23", "2026-11-23 03:04:05Z", "2026-11-23T03:04:05", "2026-13-23T03:04:05Z", "2026-11-23T03:04:05.Z",
                "2026-11-23T03:04:05+1:30",
            ]),
        Case(
            format: .base64, good: ["", "YQ==", "YWI=", "YWJj", "YW\nJj\n"], bad: ["Y", "YQ", "YQ=", "YQ===", "====", "Y!==", "YQ==YQ=="]),
        Case(
            format: .checksum, good: [hex32, "md5:\(hex32)", "sha256:\(hex32)\(hex32)"],
            bad: ["", "abc", "sha256:\(hex32)", "crc:\(hex32)", "\(hex32.dropLast())g", "a:b:c"]),
        Case(format: .absolutePath, good: ["/", "/a b"], bad: ["", "a", "./a"]),
        Case(format: .word, good: ["a-B_1"], bad: ["", "a b", "a.b"]),
        Case(
            format: .containerImage, good: ["debian:12", "a.example:5000/b/c:1.2-x", "a@sha256:\(String(repeating: "a", count: 64))"],
            bad: ["", "debian", ":12", "a b:1", "-a:1", "a@sha256:12"]),
        Case(
            format: .ipAddress,
            good: ["192.0.2.7", "0.0.0.0", "::", "::1", "2001:db8::7", "1:2:3:4:5:6:7:8", "::ffff:192.0.2.7", "1:2:3:4:5:6:7::"],
            bad: [
                "", "192.0.2", "192.0.2.256", "192.0.2.07", "192.0.2.7.", "1:2:3:4:5:6:7", "1::2::3", ":::", "12345::", "1:2:3:4:5:6:7:8:9",
                "::g", "192.0.2.7/24", ":1", "1:",
            ]),
        Case(
            format: .ipPrefix, good: ["192.0.2.7/24", "::/0", "2001:db8::/128"],
            bad: ["", "192.0.2.7", "192.0.2.7/33", "::/129", "192.0.2.7/", "192.0.2.7/a", "/24"]),
        Case(
            format: .ipAddresses, good: ["192.0.2.1", "192.0.2.1,2001:db8::1", "192.0.2.1 , ::1"],
            bad: ["", ",", "192.0.2.1,", "192.0.2.1 ::1"]),
        Case(
            format: .macAddress, good: ["52:54:00:12:34:56", "52-54-00-AB-cd-56"],
            bad: ["", "52:54:00:12:34", "52:54:00:12:34:5g", "52:54-00:12:34:56", "525400123456", "\u{10}2:54:00:12:34:56"]),
        Case(format: .interfaceName, good: ["br0", "vmbr0.10"], bad: ["", "a b", "a/b", "abcdefghijklmnop"]),
        Case(format: .webAddress, good: ["https://a", "http://a/b?c"], bad: ["", "ftp://a", "https://", "https:///a", "https://a b"]),
        Case(format: .fileAddress, good: ["ftp://a/b", "https://a"], bad: ["", "file:///a", "https://"]),
        Case(
            format: .endpoint,
            good: [
                "grpc://127.0.0.1:9443", "grpcs://a:1", "tcp://a:1", "https://a", "unix:///run/a.sock", "qemu:///system",
                "qemu+ssh://root@host/system", "grpc://[2001:db8::7]:9443", "tcp://host_1.lab", "https://a:65535/api2",
            ],
            bad: [
                "", "a:1", "unix://a", "unix:///", "grpc://", "qemu+://a", "qemu:/system", "vnc://a", "unix:///a b", "unix:///a\0b",
                "qemu:///a\0b", "grpc://user@a:1", "grpc://a:99999", "grpc://a:0", "grpc://a:", "grpc://a:1:2", "grpc://[a]:1",
                "grpc://[::1", "grpc://:1", "https://a:1@b", "grpc://a\u{202E}:1",
            ]),
    ]

    @Test(arguments: cases)
    private func `formats take what is good and nothing else`(_ example: Case) {
        for text in example.good { #expect(example.format.accepts(text), "\(text)") }
        for text in example.bad {
            let isTooLong = example.format.atMost.map { text.unicodeScalars.count > $0 } ?? false
            #expect(!example.format.accepts(text) || isTooLong, "\(text)")
        }
    }

    /// Who knows the pattern alone must not refuse what we take.
    @Test(arguments: cases)
    private func `patterns take all that is good`(_ example: Case) throws {
        guard let pattern = example.format.pattern else { return }
        let expression = try Regex(pattern)
        for text in example.good { #expect(text.contains(expression), "\(text)") }
        #expect(!example.bad.allSatisfy { $0.contains(expression) })
    }

    @Test(arguments: [
        ("0", 0.0), ("30m", 1800), ("1h30m", 5400), ("1.5s", 1.5), ("250ms", 0.25), ("2h45m30s", 9930),
    ])
    func `durations are seconds`(_ text: String, _ seconds: Double) { #expect(DurationText.seconds(text) == seconds) }

    /// Whoever counts time in whole units would end with more.
    @Test(arguments: ["9223372036.1s", "2562048h", "99999999999999999999999999999999999999h"])
    func `what Go cannot say is no duration`(_ text: String) { #expect(DurationText.seconds(text) == nil) }

    @Test func `fields of a schedule are numbers`() {
        #expect(CronText.values(of: "*/15", 0) == [0, 15, 30, 45])
        #expect(CronText.values(of: "1-3,22", 1) == [1, 2, 3, 22])
        #expect(CronText.values(of: "jan,DEC", 3) == [1, 12])
        #expect(CronText.values(of: "sat-7", 4) == [6, 0])
        #expect(CronText.values(of: "28/2", 2) == [28, 30])
        #expect(CronText.values(of: "1", 5) == nil)
    }

    @Test func `times are seconds since 1970, and back`() {
        #expect(Timestamp.unixSeconds("2026-11-23T03:04:05Z") == 1_795_403_045)
        #expect(Timestamp.unixSeconds("2026-11-23T04:34:05+01:30") == 1_795_403_045)
        #expect(Timestamp.text(1_795_403_045.9) == "2026-11-23T03:04:05Z")
        #expect(Timestamp.preciseText(1_795_403_045.5) == "2026-11-23T03:04:05.500000Z")
        #expect(Timestamp.preciseText(0) == "1970-01-01T00:00:00.000000Z")
        #expect(Timestamp.unixSeconds("2026-11-23T03:04:05.25Z").map { ($0 - 1_795_403_045.25).magnitude < 1e-6 } == true)
    }
}

struct QuantityTests {
    @Test(arguments: [
        ("4Gi", Int64(4) << 30), ("512Mi", 512 << 20), ("1.5Gi", 1_610_612_736), ("1k", 1000), ("2M", 2_000_000), ("1Ki", 1024), ("0", 0),
        ("1e3", 1000), ("1E3", 1000), ("1E", 1_000_000_000_000_000_000), ("7Ei", Int64(7) << 60), ("100m", 1), ("1500m", 2), ("0.5", 1),
        ("9223372036854775807", Int64.max), ("0001Gi", 1 << 30), ("2.5e1", 25),
    ])
    func `sizes are whole bytes, rounded up`(_ text: String, _ bytes: Int64) throws {
        #expect(Quantity.bytes(.text(text)) == (text == "9223372036854775807" ? nil : bytes))
        #expect(text.contains(try Regex(Quantity.pattern)))
    }

    @Test(arguments: [
        "", "Gi", "4 Gi", "4gb", "-1", "+1", "1.", ".5", "8Ei", "1e19", "1e", "1ee3", "0x10", "1Kii", "10000000000000000000", "ten",
        "1.2.3",
    ])
    func `what is no size is none`(_ text: String) { #expect(Quantity.bytes(.text(text)) == nil) }

    @Test func `numbers are bytes, and MiB are rounded up`() {
        #expect(
            Quantity.bytes(4096) == 4096 && Quantity.bytes(-1) == nil && Quantity.bytes(.number(1.5)) == nil && Quantity.bytes(nil) == nil)
        #expect(
            Quantity.mebibytes("1") == 1 && Quantity.mebibytes("1Mi") == 1 && Quantity.mebibytes("1025Ki") == 2
                && Quantity.mebibytes("0") == 0)
        #expect(Quantity.mebibytes(.whole(.max)) == 1 << 43)
    }

    @Test(arguments: [
        (Int64(0), "0"), (1, "1"), (1024, "1Ki"), (1025, "1025"), (4 << 30, "4Gi"), (1536 << 20, "1536Mi"),
        (Int64.max, "9223372036854775807"),
    ])
    func `bytes are written in the largest unit that they are a whole number of`(_ bytes: Int64, _ text: String) {
        #expect(Quantity.text(ofBytes: bytes) == text)
    }
}

struct Base64Tests {
    @Test(arguments: 0...64)
    func `bytes come back`(_ count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
        #expect(Base64Text.bytes(of: Base64Text.text(bytes)) == bytes)
    }

    @Test func `texts are those of the RFC`() {
        #expect(["", "f", "fo", "foo", "foob"].map { Base64Text.text(Array($0.utf8)) } == ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="])
        #expect(Base64Text.text([0xFB, 0xFF]) == "+/8=")
    }
}
