import Metrics
import Primitives
import Testing

@Suite("The text format")
struct TextFormatTests {
    /// Families of many sizes: none, one, and some that fill several chunks.
    private func exposition() throws -> Exposition {
        let schema = LabelSchema("part", "index")
        var catalogue = Catalogue()
        let sizes = [0, 1, 5_000, 3, 9_000, 2, 0]
        let metrics = sizes.indices.map { catalogue.gauge("family_\($0)", "Help.", labels: schema, source: "s") }
        let buffers = ["a", "b"].map { part in
            var buffer = SampleBuffer(part: part)
            for (metric, size) in zip(metrics, sizes) {
                for index in 0..<size { buffer.add(metric, buffer.labels(schema, part, "\(index) \\ \"\n"), Double(index) / 7) }
            }
            return buffer
        }
        return Exposition(try FamilyTable([catalogue]), [buffers])
    }

    @Test("Chunks put together are the output in one piece, and no chunk is much larger than 128 KiB")
    func chunks() throws {
        let exposition = try exposition()
        var whole: [UInt8] = []
        TextFormat.write(exposition, through: &whole) { _ in }

        var pieces: [[UInt8]] = []
        var buffer: [UInt8] = []
        TextFormat.write(exposition, through: &buffer) { chunk in
            pieces.append(chunk)
            chunk.removeAll(keepingCapacity: true)
        }
        #expect(pieces.count > 5)
        #expect(pieces.allSatisfy { $0.count <= 1 << 17 + 1024 })
        #expect(Array(pieces.joined()) == whole)
        #expect(buffer.isEmpty)
        #expect(samples(String(decoding: whole, as: UTF8.self)).count == exposition.sampleCount)
    }

    @Test("It appends to what the buffer holds, and flushes at the end even when there is nothing")
    func appending() throws {
        var buffer = Array("before\n".utf8)
        var flushes = 0
        TextFormat.write(Exposition(try FamilyTable([]), []), through: &buffer) { chunk in
            flushes += 1
            #expect(chunk == Array("before\n".utf8))
        }
        #expect(flushes == 1)
    }

    @Test("The content type is that of 0.0.4")
    func contentType() { #expect(TextFormat.contentType == "text/plain; version=0.0.4; charset=utf-8") }

    // MARK: the golden file

    private static let goldenPath = GoldenExposition.folder + "exposition.txt"

    /// Renew the file with `RECORD=1 swift test --filter MetricsTests` and read its diff.
    @Test("One of everything, byte for byte as the golden file has it")
    func goldenFile() throws {
        let text = text(try GoldenExposition.plain())
        if ProcessEnvironment.all["RECORD"] == "1" { try Files.write(Array(text.utf8), to: Self.goldenPath) }
        #expect(text == String(decoding: try Files.read(Self.goldenPath), as: UTF8.self))
    }

    @Test(
        "promtool has nothing to say of the golden file",
        .enabled(if: ProcessEnvironment.findProgram("promtool") != nil, "promtool is not on PATH"))
    func promtool() async throws {
        let promtool = try #require(ProcessEnvironment.findProgram("promtool"))
        let output = "/tmp/martlet-promtool-\(UInt64.random(in: 0 ... .max)).txt"
        defer { Files.remove(output) }
        // A child ends with the thread that started it, so that thread waits for it.
        let end: ChildProcess.End? = try await withCheckedThrowingContinuation { continuation in
            do {
                try Thread.start("promtool") {
                    continuation.resume(
                        with: Result {
                            let descriptor = try ChildProcess.openOutput(output, appending: false)
                            let check = ChildProcess.Request(
                                program: "/bin/sh", arguments: ["-c", "exec \"$0\" check metrics < \"$1\"", promtool, Self.goldenPath])
                            return try ChildProcess(starting: check, output: descriptor).waitForEnd(until: .after(seconds: 30))
                        })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        #expect(String(decoding: try Files.read(output), as: UTF8.self).isEmpty)
        #expect(end == .exited(status: 0))
    }
}
