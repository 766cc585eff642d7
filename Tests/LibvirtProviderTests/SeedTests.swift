import Glibc
import Primitives
import RPC
import TestSupport
import Testing

@testable import LibvirtProvider

/// What cloud-init finds: the file system, read by a program that we did not write, and the files in it.
struct SeedTests {
    private static let program = "/usr/bin/isoinfo"

    private func isoinfo(_ image: [UInt8], _ arguments: [String]) throws -> [UInt8] {
        let folder = ScratchFolder()
        let path = folder.path + "/seed.iso"
        try Files.write(image, to: path)
        var result: Result<ChildProcess.Outcome, Failure>?
        ChildProcess.run(
            ChildProcess.Request(program: Self.program, arguments: ["-i", path] + arguments), by: .after(seconds: 30), outputBytes: 1 << 20,
            isUnwanted: { false }, onResult: { result = $0 })
        return try #require(result).get().output
    }

    @Test(.enabled(if: access("/usr/bin/isoinfo", X_OK) == 0, "isoinfo is not installed"))
    func `isoinfo reads label, names and bytes`() throws {
        let long = [UInt8](repeating: 7, count: 5000)
        let image = ISO9660Image(
            label: "cidata",
            files: [
                .init(name: "meta-data", bytes: Array("a: b\n".utf8)), .init(name: "user-data", bytes: long),
                .init(name: "empty", bytes: []),
            ]
        ).bytes
        let about = String(decoding: try isoinfo(image, ["-d"]), as: UTF8.self)
        #expect(about.contains("Volume id: cidata"))
        #expect(about.contains("Rock Ridge signatures version 1 found"))
        let listed = String(decoding: try isoinfo(image, ["-R", "-f"]), as: UTF8.self)
        #expect(listed.split(separator: "\n").map(String.init) == ["/meta-data", "/user-data", "/empty"])
        #expect(try isoinfo(image, ["-R", "-x", "/meta-data"]) == Array("a: b\n".utf8))
        #expect(try isoinfo(image, ["-R", "-x", "/user-data"]) == long)
    }

    @Test func `what was written is read back, and what is not there is not`() {
        let image = NoCloudSeed(userData: Array("#cloud-config\n".utf8), metaData: [], instanceID: "i-1", hostName: "web1").image
        #expect(image.count % 2048 == 0)
        #expect(ISO9660Image.read("user-data", of: image) == Array("#cloud-config\n".utf8))
        #expect(ISO9660Image.read("network-config", of: image) == nil)
        #expect(ISO9660Image.read("user", of: image) == nil)
    }

    @Test func `no bytes of an image make the reader fall`() {
        var generator = SeededGenerator(seed: 11)
        let image = NoCloudSeed(userData: [1, 2, 3], metaData: [], instanceID: "i", hostName: "h").image
        for round in 0..<2000 {
            var broken = round % 2 == 0 ? image : Array(image.prefix(Int.random(in: 0...image.count, using: &generator)))
            for _ in 0..<8 where broken.count > 20 * 2048 {
                broken[Int.random(in: (20 * 2048)..<broken.count, using: &generator)] = UInt8.random(in: .min ... .max, using: &generator)
            }
            _ = ISO9660Image.read("user-data", of: broken)
        }
    }

    private func metaData(_ text: String) -> String {
        let image = NoCloudSeed(userData: [], metaData: Array(text.utf8), instanceID: "i-1", hostName: "we\"b").image
        return String(decoding: ISO9660Image.read("meta-data", of: image) ?? [], as: UTF8.self)
    }

    @Test(arguments: [
        ("", "instance-id: \"i-1\"\nlocal-hostname: \"we\\\"b\"\n"),
        ("instance-id: x\nlocal-hostname: y\n", "instance-id: x\nlocal-hostname: y\n"),
        ("instance-id: x\n", "local-hostname: \"we\\\"b\"\ninstance-id: x\n"),
        ("---\na: b\n", "---\ninstance-id: \"i-1\"\nlocal-hostname: \"we\\\"b\"\na: b\n"),
        ("{\"a\": 1}", "{\"instance-id\": \"i-1\", \"local-hostname\": \"we\\\"b\", \"a\": 1}"),
        ("{}", "{\"instance-id\": \"i-1\", \"local-hostname\": \"we\\\"b\"}"),
    ])
    func `meta data gets what it lacks`(given: String, expected: String) { #expect(metaData(given) == expected) }

    @Test func `fixed addresses become a network configuration, and others need none`() {
        var seed = NoCloudSeed(userData: [], metaData: [], instanceID: "i", hostName: "h")
        seed.cards = [.init(mac: "52:54:00:00:00:01")]
        #expect(ISO9660Image.read("network-config", of: seed.image) == nil)
        seed.cards.append(.init(mac: "52:54:00:00:00:02", address: "10.0.0.5/24", gateway: "10.0.0.1", nameServers: ["10.0.0.1"]))
        let text = String(decoding: ISO9660Image.read("network-config", of: seed.image) ?? [], as: UTF8.self)
        #expect(
            text == """
                version: 2
                ethernets:
                  card0:
                    match:
                      macaddress: "52:54:00:00:00:01"
                    dhcp4: true
                  card1:
                    match:
                      macaddress: "52:54:00:00:00:02"
                    addresses:
                      - "10.0.0.5/24"
                    gateway4: "10.0.0.1"
                    nameservers:
                      addresses: ["10.0.0.1"]

                """)
    }

    @Test func `what would be of no use is refused`() {
        func code(_ userData: [UInt8]) -> RPCCode? {
            do throws(RPCError) {
                try NoCloudSeed(userData: userData, metaData: [], instanceID: "", hostName: "").check()
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(Array("#cloud-config".utf8)) == nil)
        #expect(code(Array("{ \"ignition\": {}}".utf8)) == .unimplemented)
        #expect(code([UInt8](repeating: 1, count: NoCloudSeed.limitBytes + 1)) == .invalidArgument)
    }
}
