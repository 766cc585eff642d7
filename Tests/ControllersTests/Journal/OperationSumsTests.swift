import Metrics
import Objects
import ProviderRPC
import Testing

@testable import Controllers

/// What an object says is anybody's word.
struct OperationSumsTests {
    private func status(_ totals: [ObjectValue]) -> Objects.Provider.Status { Objects.Provider.Status(["operationTotals": .list(totals)]) }

    private func total(_ count: Int64, linked: Bool? = nil, seconds: Double = 1) -> ObjectValue {
        var members: ObjectMembers = [
            "operation": "Clone", "outcome": "success", "count": .whole(count), "durationSecondsSum": .number(seconds),
            "durationBuckets": .list(Array(repeating: .whole(count), count: 19)),
        ]
        members["linked"] = linked.map { .flag($0) }
        return .members(members)
    }

    @Test(arguments: [.max, .min, -1, 1 << 53, (1 << 53) + 1] as [Int64])
    func `counts that cannot be end nothing`(count: Int64) {
        let all = [nil, true, false].map { total(count, linked: $0, seconds: .greatestFiniteMagnitude) }
        var sums = status(all).operationTotals
        let expected = count < 0 ? 0 : OperationSums.most
        #expect(sums.count(.clone, .success) == expected)
        #expect((0...OperationSums.most).contains(sums.durations(.clone).count) && sums.durations(.clone).sum.isFinite)
        var status = status([])
        status.operationTotals = sums
        #expect(status.operationTotals == sums)
        sums = status.operationTotals
        #expect(OperationSums.added(sums.count(.clone, .success), OperationSums.most) == OperationSums.most)
    }

    /// Whoever writes it is told so at once.
    @Test(arguments: [(1 << 53, true), ((1 << 53) + 1, false), (.max, false), (-1, false)] as [(Int64, Bool)])
    func `a schema takes what can be counted`(count: Int64, isTaken: Bool) throws {
        var problems: [FieldProblem] = []
        try #require(KindSchema.of(.provider)?.status).schema.validate(status([total(count)]).value, "status", &problems)
        #expect(problems.isEmpty == isTaken)
    }
}
