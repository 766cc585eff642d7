import ProxmoxAPI
import Testing

@testable import ProxmoxCollector

@Suite struct SlowPatienceTests {
    private static let late = ProxmoxError.late("/nodes/pve1/disks/smart")
    private static let odd = ProxmoxError.malformed("/nodes/pve1/disks/smart", "odd")

    @Test func `three timeouts in a row are the node's`() throws {
        var patience = SlowPatience()
        #expect(try patience.goesOn(after: Self.late))
        #expect(try patience.goesOn(after: Self.late))
        #expect(try !patience.goesOn(after: Self.late))
    }

    @Test func `timeouts between answers are the disks' own`() throws {
        var patience = SlowPatience()
        for turn in 0..<100 {
            #expect(try patience.goesOn(after: Self.late))
            #expect(try patience.goesOn(after: Self.late))
            // An answer that cannot be used is one too.
            if turn % 2 == 0 { patience.succeeded() } else { #expect(try patience.goesOn(after: Self.odd)) }
        }
    }

    @Test func `whoever was told to stop stops`() async {
        await Task {
            var patience = SlowPatience()
            withUnsafeCurrentTask { $0?.cancel() }
            #expect(throws: ProxmoxError.self) { try patience.goesOn(after: Self.odd) }
        }.value
    }
}
