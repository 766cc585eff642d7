import Glibc
import Primitives
import RawPeers
import Testing
@testable import Web

@Suite("gzip")
struct GzipTests {
    /// `Accept-Encoding` headers, and whether they allow gzip.
    static let headers: [(String?, Bool)] = [
        (nil, false), ("", false), (" ", false), ("gzip", true), ("GZip", true), ("x-gzip", true), ("gzip, deflate, br", true),
        ("deflate, gzip;q=1.0, *;q=0.5", true),
        ("deflate", false), ("identity", false), ("gzip;q=0", false), ("gzip;q=0.0", false), ("gzip;q=0.000", false),
        ("gzip;q=0.001", true), ("gzip ; q=0.5", true),
        ("gzip; Q=0", false), ("*", true), ("*;q=0", false), ("*;q=0, gzip", true), ("gzip;q=0, *", false), ("*, gzip;q=0", false),
        ("identity;q=1, *;q=0", false),
        ("br;q=1, *;q=0.1", true), ("gzip;q=", false), ("gzip;q=x", false), ("gzip;q=-1", false), ("gzip;q=nan", false),
        ("gzip;level=9", true), ("gzip;level=9;q=0", false),
        ("gzipped", false), ("notgzip", false), (",,gzip,,", true), (",", false), (";q=1", false), ("gzip;", true), ("\tgzip\t", true),
    ]

    @Test("Who accepts it", arguments: headers)
    func acceptance(_ header: String?, _ expected: Bool) { #expect(ContentCoding.acceptsGzip(header) == expected) }

    /// The stream's bytes, written in pieces of `pieceSize`.
    private static func compressed(_ bytes: [UInt8], pieceSize: Int) throws -> [UInt8] {
        let stream = try GzipStream()
        var rest = bytes[...]
        while !rest.isEmpty {
            stream.write(Array(rest.prefix(pieceSize)))
            rest = rest.dropFirst(pieceSize)
        }
        stream.finish()
        let (memory, size) = stream.output.release()
        defer { free(memory) }
        return Array(UnsafeRawBufferPointer(start: memory, count: size))
    }

    /// SplitMix64.
    private static func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 9
        return (0..<count).map { _ in
            state &+= 0x9E37_79B9_7F4A_7C15
            let mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            return UInt8(truncatingIfNeeded: mixed >> 32)
        }
    }

    struct Input: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let pieceSize: Int

        init(_ name: String, _ bytes: [UInt8], pieces pieceSize: Int) {
            testDescription = name
            self.bytes = bytes
            self.pieceSize = pieceSize
        }
    }

    static let inputs = [
        Input("nothing", [], pieces: 1), Input("one byte", [0x61], pieces: 1), Input("noise", noise(200_000), pieces: 100_000),
        Input("noise in small pieces", noise(50_000), pieces: 7), Input("just a room", noise(32 << 10), pieces: 32 << 10),
        Input("a pattern", [UInt8](repeating: 0x61, count: 2_000_000), pieces: 65_536),
        Input("text", Array(repeatElement("pve_vm_memory_used_bytes{vmid=\"100\"} 1\n", count: 3_000).joined().utf8), pieces: 1_000),
    ]

    @Test(
        "gunzip gets back what was written",
        .enabled(if: ProcessEnvironment.findProgram("gzip") != nil, "gzip is not on PATH"), arguments: inputs)
    func roundTrip(_ input: Input) async throws {
        let gzip = try #require(ProcessEnvironment.findProgram("gzip"))
        let packed = try Self.compressed(input.bytes, pieceSize: input.pieceSize)
        #expect(packed.starts(with: [0x1F, 0x8B, 0x08]))
        let path = "/tmp/martlet-gzip-\(UInt64.random(in: 0 ... .max))"
        defer {
            Files.remove(path + ".gz")
            Files.remove(path)
        }
        try Files.write(packed, to: path + ".gz")
        let end = try await onThread { () -> ChildProcess.End? in
            guard let output = try? ChildProcess.openOutput(path, appending: false) else { return nil }
            defer { close(output) }
            let request = ChildProcess.Request(program: gzip, arguments: ["-dc", path + ".gz"])
            return (try? ChildProcess(starting: request, output: output))?.waitForEnd(until: .after(seconds: 30))
        }
        #expect(end == .exited(status: 0))
        let unpacked = try Files.read(path)
        // Not compared in the macro, which would print both.
        let isSame = unpacked == input.bytes
        #expect(isSame)
    }

    @Test("A pattern becomes small")
    func ratio() throws {
        #expect(try Self.compressed([UInt8](repeating: 0x61, count: 1_000_000), pieceSize: 10_000).count < 10_000)
    }
}
