import CollectorConformance
import Primitives
import Testing

@testable import GPUCollector

/// Lines with bytes that were changed, cut out or put in: nothing of a helper may end the exporter.
@Suite struct MutatedLineTests {
    /// The same numbers each time (SplitMix64).
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    @Test func `no line ends the exporter`() async throws {
        let estate = try Estate()
        try estate.fill()
        let lines = [
            ReaderLine.card(try #require(Bench.mig().reader.read())), .card(try #require(Bench.vgpu().reader.read())),
            ScriptedHelper.hello(["GPU-1"]), .stuck(ReaderLine.StuckCall(uuid: "GPU-1", call: "x", seconds: 5)),
            .calls([ReaderLine.CallCount(call: "x", code: 1, count: 2)]),
            .event(ReaderLine.XIDEvent(uuid: "GPU-1", xid: 79, unixSeconds: 1)), .end(code: 18, call: "x"),
        ].map(\.bytes)
        let strange: [[UInt8]] = [
            "9223372036854775807", "-9223372036854775808", "1e308", "-1", "null", "\"\\ud800\"", "[]", "{}", "18446744073709551615", "0.5",
        ].map { Array($0.utf8) }
        var generator = Generator(state: 9)
        var taken = 0
        for turn in 0..<6000 {
            var line = lines[turn % lines.count].dropLast().map { $0 }
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                let place = Int.random(in: 0..<max(1, line.count), using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0 where !line.isEmpty: line[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: line.removeSubrange(place..<min(place + 3, line.count))
                case 2: line.insert(contentsOf: strange[Int.random(in: 0..<strange.count, using: &generator)], at: min(place, line.count))
                default:
                    // A value in the place of another.
                    guard let colon = line[place...].firstIndex(of: UInt8(ascii: ":")) else { continue }
                    let end = line[(colon + 1)...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") } ?? line.endIndex
                    line.replaceSubrange((colon + 1)..<end, with: strange[Int.random(in: 0..<strange.count, using: &generator)])
                }
            }
            if let read = try? ReaderLine.read(line) {
                taken += 1
                estate.book.take(read, from: turn % 3)
            }
            guard turn % 300 == 0 else { continue }
            estate.resolve()
            let trial = try await estate.scrape()
            #expect(trial.exposition.faults.isEmpty && trial.exposition.duplicates.isEmpty && trial.duplicateCount == 0)
        }
        #expect(taken > 1000)
    }
}
