import Metrics
import Testing

@Suite("The bounds of buckets")
struct BucketBoundTests {
    /// Those of the specification first, then what Go's strconv makes of others.
    static let bounds: [(Double, String)] = [
        (0, "0.0"), (0.001, "0.001"), (0.002, "0.002"), (0.01, "0.01"), (0.1, "0.1"), (0.9, "0.9"), (0.95, "0.95"), (0.99, "0.99"),
        (0.999, "0.999"), (1, "1.0"), (1.7, "1.7"), (10, "10.0"),
        (1e-10, "1e-10"), (1e-9, "1e-09"), (1e-5, "1e-05"), (1e-4, "0.0001"), (1e5, "100000.0"), (1e6, "1e+06"), (1e10, "1e+10"),
        (1e23, "1e+23"), (1.1e23, "1.1e+23"), (1.1e-4, "0.00011"),
        (0.005, "0.005"), (2.5, "2.5"), (7.5, "7.5"), (999_999, "999999.0"), (999_999.5, "999999.5"), (1_234_567.5, "1.2345675e+06"),
        (2_500_000, "2.5e+06"), (123_456_789, "1.23456789e+08"), (1e15, "1e+15"), (1e16, "1e+16"), (1e21, "1e+21"),
        (0x1p60, "1.152921504606847e+18"), (9_007_199_254_740_992, "9.007199254740992e+15"), (0.000_099_5, "9.95e-05"),
        (1e100, "1e+100"), (1e-100, "1e-100"), (.leastNonzeroMagnitude, "5e-324"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
        (0.1 + 0.2, "0.30000000000000004"), (100_000.25, "100000.25"), (-0.5, "-0.5"), (-1, "-1.0"), (-2_000_000, "-2e+06"),
        (-0.000_01, "-1e-05"), (-0.0, "0.0"),
    ]

    @Test("Are canonical numbers, the same in both formats", arguments: bounds)
    func canonical(bound: Double, text expected: String) throws {
        var catalogue = Catalogue()
        let metric = catalogue.histogram("h", "Help.", labels: .none, source: "s")
        var buffer = SampleBuffer(part: "")
        buffer.add(metric, .empty, Distribution(bounds: [bound]))
        let exposition = Exposition(try FamilyTable([catalogue]), [[buffer]])
        for text in [text(exposition), openMetrics(exposition)] {
            #expect(samples(text).first == "h_bucket{le=\"\(expected)\"} 0")
            #expect(samples(text).dropFirst().first == "h_bucket{le=\"+Inf\"} 0")
            #expect(samples(text).count == (bound < 0 ? 2 : 4))
        }
    }
}
