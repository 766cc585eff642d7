import Primitives
import Testing

@testable import GPUCollector

@Suite struct ReaderLineTests {
    private static func read(_ text: String) -> ReaderLine? {
        do throws(Failure) { return try ReaderLine.read(Array(text.utf8)) } catch { return nil }
    }

    private static func fails(_ text: String) -> Bool {
        do throws(Failure) {
            _ = try ReaderLine.read(Array(text.utf8))
            return false
        } catch { return true }
    }

    @Test func `what is written is read`() throws {
        let bench = Bench.vgpu()
        var hello = ReaderLine.Hello(code: 0)
        (hello.driverVersion, hello.nvmlVersion, hello.cudaVersion, hello.cards, hello.count) = ("575", "12", "12.8", ["GPU-1"], 2)
        hello.missing = [ReaderLine.MissingCard(index: 1, uuid: "GPU-2", busID: "b", name: "n", condition: .lost)]
        var mig = try #require(Bench.mig().reader.read())
        mig.migs[0].activity = ["sm": 0.5]
        mig.processes?[0].instances = [1: 5, 2: nil]
        let lines: [ReaderLine] = [
            .hello(hello), .hello(ReaderLine.Hello(code: 12, reason: "no \"library\"\n here")), .card(try #require(bench.reader.read())),
            .card(mig), .card(CardSample(identity: CardIdentity(uuid: "GPU-2", index: 7), condition: .lost)),
            .event(ReaderLine.XIDEvent(uuid: "GPU-1", xid: 79, unixSeconds: 1_700_000_000.25)),
            .calls([ReaderLine.CallCount(call: "nvmlDeviceGetName", code: 3, count: 17)]),
            .stuck(ReaderLine.StuckCall(uuid: "GPU-1", call: "nvmlDeviceGetPowerUsage", seconds: 12.5)),
            .stuck(ReaderLine.StuckCall(uuid: nil, call: "nvmlInitWithFlags", seconds: 3)), .end(code: 18, call: "nvmlDeviceGetName"),
        ]
        for line in lines {
            let bytes = line.bytes
            #expect(bytes.last == UInt8(ascii: "\n") && bytes.dropLast().allSatisfy { $0 != UInt8(ascii: "\n") })
            var expected = line
            if case .hello(var hello) = line {
                hello.reason = plainLine(hello.reason, limit: 400)
                expected = .hello(hello)
            }
            #expect(try ReaderLine.read(Array(bytes.dropLast())) == expected)
        }
    }

    @Test(arguments: [
        "", "{", "[]", "7", "null", #"{"type":"card"}"#, #"{"type":"card","uuid":"","index":0}"#, #"{"type":"card","uuid":"a"}"#,
        #"{"type":"card","uuid":"a","index":-1}"#, #"{"type":"event","uuid":"a","xid":1}"#,
        #"{"type":"event","uuid":"a","xid":-9223372036854775808,"time":1}"#, #"{"type":"event","uuid":"a","xid":1,"time":-1e308}"#,
        #"{"type":"stuck"}"#,
        #"{"type":"card","uuid":{"a":1},"index":0}"#,
    ]) func `what is no line of ours is refused`(_ text: String) {
        #expect(Self.fails(text))
    }

    @Test(arguments: [
        #"{"type":"card","uuid":"a","index":0,"facts":[1],"processes":{},"migs":7,"vgpus":"x","condition":"strange"}"#,
        #"{"type":"card","uuid":"a","index":0,"facts":{"power":"x","energy":null,"fan":[]},"processes":[[],[1],[0,1,2,3],[1,1,null,null,9],"x"]}"#,
        #"{"type":"card","uuid":"a","index":0,"migs":[{},{"uuid":"m"},7],"vgpus":[{},7,{"uuid":"v","sm":"high"}],"new":{"a":[1]}}"#,
    ]) func `what is strange in a line is left out`(_ text: String) throws {
        guard case .card(let sample) = try #require(Self.read(text)) else { return #expect(Bool(false)) }
        #expect(sample.condition == .ok && sample.facts.isEmpty && sample.migs.isEmpty)
        #expect((sample.processes ?? []).allSatisfy { $0.pid == 1 && $0.memoryBytes == nil })
        #expect((sample.vgpus ?? []).allSatisfy { $0.uuid == "v" && $0.smUtilization == nil })
    }

    @Test func `numbers that no card has are left out, as their sums would be none`() throws {
        let text =
            #"{"type":"card","uuid":"a","index":0,"facts":{"memory_used":1.7e308,"power":-1e300,"fan":0.5},"processes":[[1,1,1e308,1],[2,1,1e308,2e308]],"#
            + #""migs":[{"uuid":"m","gi":1,"ci":0,"used":1e200}],"vgpus":[{"uuid":"v","used":1e25,"sm":0.5}]}"#
        guard case .card(let sample) = try #require(Self.read(text)) else { return #expect(Bool(false)) }
        #expect(sample.facts == [.fan: 0.5])
        #expect(sample.processes?.map(\.memoryBytes) == [nil, nil] && sample.processes?.map(\.utilization) == [1, nil])
        #expect(sample.migs.first?.memoryUsed == nil)
        #expect(sample.vgpus?.first?.framebufferUsed == nil && sample.vgpus?.first?.smUtilization == 0.5)
        #expect(Self.fails(#"{"type":"event","uuid":"a","xid":79,"time":1e300}"#))
    }

    @Test func `who is told of twice counts once`() throws {
        let text =
            #"{"type":"card","uuid":"a","index":0,"processes":[[7,1,10,null],[7,2,20,null],[8,1,30,null]],"#
            + #""migs":[{"uuid":"m","gi":1,"ci":0},{"uuid":"m","gi":1,"ci":0},{"uuid":"n","gi":1,"ci":1}]}"#
        guard case .card(let sample) = try #require(Self.read(text)) else { return #expect(Bool(false)) }
        #expect(sample.processes?.map(\.memoryBytes) == [10, 30])
        #expect(sample.migs.map(\.uuid) == ["m", "n"])
        // What is of no card has that name in a scrape.
        #expect(Self.fails(#"{"type":"card","uuid":"nvml","index":0}"#))
    }

    @Test func `lines of a newer helper are skipped, members too`() {
        #expect(Self.read(#"{"type":"weather","uuid":"a"}"#) == nil)
        #expect(!Self.fails(#"{"type":"weather","uuid":"a"}"#))
        #expect(Self.read(#"{"type":"end","code":99999999999,"call":"x","more":1}"#) == .end(code: 999, call: "x"))
    }

    @Test func `everything of a line is bounded`() throws {
        let facts = (0..<5000).map { #""f\#($0)":1"# }.joined(separator: ",")
        let processes = (1...20_000).map { "[\($0),1,1,1]" }.joined(separator: ",")
        let text =
            #"{"type":"card","uuid":"\#(String(repeating: "ä", count: 200))","index":0,"name":"a\u0007b","facts":{\#(facts)},"processes":[\#(processes)]}"#
        guard case .card(let sample) = try #require(Self.read(text)) else { return #expect(Bool(false)) }
        #expect(sample.identity.uuid.utf8.count == 128)
        #expect(sample.identity.name == "a b")
        #expect(sample.facts.count == ReaderLine.factLimit)
        #expect(sample.processes?.count == ReaderLine.processLimit)
        #expect(Self.fails(#"{"type":"calls","counts":["# + String(repeating: " ", count: ReaderLine.limitBytes) + "]}"))
    }

    @Test func `a card with as many processes as are told fits in a line`() {
        var sample = CardSample(identity: CardIdentity(uuid: "GPU-1", index: 0))
        sample.processes = (0..<ReaderLine.processLimit).map {
            ProcessSample(pid: 4_000_000 + $0, isCompute: true, memoryBytes: 150_754_820_096, utilization: 0.123)
        }
        #expect(ReaderLine.card(sample).bytes.count < ReaderLine.limitBytes / 2)
    }
}
