import Metrics
import ProviderRPC
import RPC
import Testing

@testable import ProviderHosting
@testable import ProviderTasks

@Suite struct OperationSumsTests {
    private static func tally(_ kind: String, _ variant: String, _ outcome: OperationOutcome, _ bucket: Int, count: Int = 1)
        -> OperationTally
    {
        var tally = OperationTally(kind: kind, variant: variant, outcome: outcome)
        tally.counts[bucket] = count
        tally.totalSeconds = Double(count) * 3
        return tally
    }

    @Test func `Variants are summed up, clones by whether they were linked`() {
        let sums = OperationSums([
            Self.tally("Clone", "linked", .success, 0, count: 2), Self.tally("Clone", "full", .success, 5),
            Self.tally("Clone", "full", .error, 15),
            Self.tally("Power", "on", .success, 1), Self.tally("Power", "off", .success, 1),
        ])
        #expect(sums.byKind["Clone"] == [.success: 3, .error: 1])
        #expect(sums.clones == [true: [.success: 2], false: [.success: 1, .error: 1]])
        #expect(sums.count(.power, .success) == 2)
        #expect(sums.count(.power, .failure) == 0)
        let durations = sums.durations["Clone"]
        #expect(durations?.counts == [2, 0, 0, 0, 0, 1] + [Int](repeating: 0, count: 9) + [1])
        #expect(durations?.bounds == OperationTally.bounds)
        #expect(durations?.sum == 12)
    }

    @Test func `What never was is counted from 0 on`() {
        let sums = OperationSums([])
        #expect(sums.byKind["Create"] == [:])
        #expect(sums.durations["Create"]?.count == 0)
        #expect(sums.durations.count == 9)
    }
}

@Suite struct ErrorReasonTests {
    @Test func `Each code that is an error has a reason`() {
        for code in RPCCode.allCases { #expect((ErrorReason(code) == nil) == [.ok, .cancelled].contains(code)) }
    }
}
